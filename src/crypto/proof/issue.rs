//! Signing a proof: the client's half.

use super::super::keypair::SigningKeyPair;
use super::super::{hex, random};
use super::claims::RawClaims;
use crate::clock::to_unix_millis;
use crate::model::Handle;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

/// `{"alg":"EdDSA","typ":"JWT"}` in base64url.
pub(super) const HEADER: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9";

/// How long our own proofs live, in seconds; the daemon allows twice as much.
const LIFETIME: i64 = 60;

/// The request a proof is for.
#[derive(Debug, Clone, Copy)]
pub struct ProofRequest<'a> {
    pub handle: &'a Handle,
    /// Upper case.
    pub method: &'a str,
    /// Scheme, host, port, path and query, exactly as the request will carry them.
    pub url: &'a str,
    /// The raw body; empty when there is none.
    pub body: &'a [u8],
    pub now: OffsetDateTime,
}

/// An id that is used once: 48 bits of time, so that the daemon's record of used ids grows at one
/// end instead of all over the disk, and 80 random bits.
fn one_time_id(now: OffsetDateTime) -> String {
    let random = hex::encode(random::bytes::<10>().as_slice());
    format!("{:012x}{random}", to_unix_millis(now))
}

/// Signs a proof for one request: the text after `Authorization: PoP `. Good for one use and a minute.
pub fn issue(key: &SigningKeyPair, request: &ProofRequest<'_>) -> Result<String, super::Error> {
    let issued_at = request.now.unix_timestamp();
    let did = key.did();
    let claims = RawClaims {
        iss: did.as_str().into(),
        sub: request.handle.as_str().into(),
        aud: super::AUDIENCE.into(),
        iat: issued_at,
        exp: issued_at + LIFETIME,
        nbf: None,
        jti: one_time_id(request.now).into(),
        htm: request.method.into(),
        htu: request.url.into(),
        body_sha256: hex::encode(&Sha256::digest(request.body)).into(),
    };
    let json = serde_json::to_vec(&claims).map_err(|_| super::Error::Claims)?;
    let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(json));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    Ok(format!("{signed}.{signature}"))
}
