//! The header and claims of a proof, read strictly.

use super::super::hex;
use crate::model::{Did, Handle};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The longest token that is looked at, in bytes.
pub const LONGEST: usize = 12 * 1024;
const LONGEST_URL: usize = 8 * 1024;

/// Why a proof was refused: what the caller may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the proof is longer than {LONGEST} bytes")]
    TooLong,
    #[error("the proof is not three unpadded base64url parts")]
    NotCompact,
    #[error("the proof's header is not exactly alg EdDSA and typ JWT")]
    Header,
    #[error("the proof's claims are missing, doubled or of the wrong type")]
    Claims,
    #[error("the proof's `{0}` is malformed")]
    Claim(&'static str),
    #[error("the proof is for another audience")]
    Audience,
    #[error("the proof lives longer than 120 s, or ends before it begins")]
    Lifetime,
    /// Seconds.
    #[error(
        "the proof is not valid yet: the clock of the machine that signed it is {0} s ahead of the daemon's; set it right"
    )]
    NotYetValid(i64),
    /// Seconds.
    #[error(
        "the proof has expired: it is {0} s old by the daemon's clock; sign each request anew, or set the clock of the machine that signs, which is behind"
    )]
    Expired(i64),
    #[error("the proof was signed for another method")]
    Method,
    #[error("the proof was signed for another body")]
    Body,
    #[error("the proof was signed by another key")]
    Key,
    #[error("the proof's signature does not verify")]
    Signature,
}

/// What `htu` says the request's URL is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Htu {
    /// Scheme, host, port, path and query, as the client wrote them.
    Absolute(String),
    /// Path and query alone: a 0.5 client. Says nothing about which daemon it is meant for.
    PathOnly(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHeader<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    typ: Cow<'a, str>,
}

/// The claims as they stand in the token, in the order we write them.
#[derive(Deserialize, Serialize)]
pub(super) struct RawClaims<'a> {
    #[serde(borrow)]
    pub(super) iss: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) sub: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) aud: Cow<'a, str>,
    pub(super) iat: i64,
    pub(super) exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<i64>,
    #[serde(borrow)]
    pub(super) jti: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) htm: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) htu: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) body_sha256: Cow<'a, str>,
}

/// The claims once each has the shape it must have; their meaning is not checked yet.
#[derive(Debug, Clone)]
pub(super) struct ProofClaims {
    pub(super) did: Did,
    pub(super) handle: Handle,
    pub(super) audience_ok: bool,
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
    pub(super) not_before: Option<i64>,
    pub(super) jti: String,
    pub(super) method: String,
    pub(super) htu: Htu,
    pub(super) body_sha256: [u8; 32],
}

/// Checks the first part of the token.
pub(super) fn check_header(part: &str) -> Result<(), Error> {
    // What nearly every client writes; the comparison is the whole check.
    if part == super::issue::HEADER {
        return Ok(());
    }
    let json = decode(part)?;
    let header: RawHeader<'_> = object(&json).ok_or(Error::Header)?;
    if header.alg == "EdDSA" && header.typ == "JWT" {
        Ok(())
    } else {
        Err(Error::Header)
    }
}

/// Reads the second part of the token.
pub(super) fn read(part: &str) -> Result<ProofClaims, Error> {
    let json = decode(part)?;
    let raw: RawClaims<'_> = object(&json).ok_or(Error::Claims)?;
    Ok(ProofClaims {
        did: raw.iss.parse().map_err(|_| Error::Claim("iss"))?,
        handle: raw.sub.parse().map_err(|_| Error::Claim("sub"))?,
        audience_ok: raw.aud == super::AUDIENCE,
        issued_at: raw.iat,
        expires_at: raw.exp,
        not_before: raw.nbf,
        jti: jti(raw.jti)?,
        method: method(raw.htm)?,
        htu: htu(raw.htu)?,
        body_sha256: *hex::decode_lower::<32>(&raw.body_sha256)
            .ok_or(Error::Claim("body_sha256"))?,
    })
}

/// Unpadded base64url in its one canonical spelling.
pub(super) fn decode(part: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Error::NotCompact)
}

/// Reads a JSON object; an array, which serde would also take for a struct, is refused.
fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    let first = json.iter().find(|c| !c.is_ascii_whitespace())?;
    if *first != b'{' {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn jti(text: Cow<'_, str>) -> Result<String, Error> {
    if (8..=128).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_graphic()) {
        Ok(text.into_owned())
    } else {
        Err(Error::Claim("jti"))
    }
}

fn method(text: Cow<'_, str>) -> Result<String, Error> {
    if (1..=16).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_uppercase()) {
        Ok(text.into_owned())
    } else {
        Err(Error::Claim("htm"))
    }
}

fn htu(text: Cow<'_, str>) -> Result<Htu, Error> {
    let plain = text.len() <= LONGEST_URL && text.bytes().all(|c| c.is_ascii_graphic());
    if plain && text.starts_with('/') {
        Ok(Htu::PathOnly(text.into_owned()))
    } else if plain && (text.starts_with("https://") || text.starts_with("http://")) {
        Ok(Htu::Absolute(text.into_owned()))
    } else {
        Err(Error::Claim("htu"))
    }
}
