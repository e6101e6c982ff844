//! Reading and verifying a proof: the daemon's half.

use super::super::{did, keypair};
use super::claims::{self, Error, Htu, LONGEST, ProofClaims};
use super::{MAX_LIFETIME, SKEW};
use crate::model::{Did, Handle};
use ed25519_dalek::VerifyingKey;
use subtle::ConstantTimeEq;
use time::OffsetDateTime;

/// A proof whose shape is right and whose every word may still be a lie.
#[derive(Debug)]
pub struct UnverifiedProof<'a> {
    claims: ProofClaims,
    signed: &'a str,
    signature: [u8; 64],
}

/// What the request really is.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub method: &'a str,
    /// SHA-256 of the raw body; of nothing when there is none.
    pub body_sha256: &'a [u8; 32],
    pub now: OffsetDateTime,
}

/// A verified proof. Its `jti` is not spent yet and its `htu` not compared with the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub did: Did,
    pub handle: Handle,
    pub jti: String,
    /// From here on this proof is refused for its age alone, so its `jti` may be forgotten.
    pub forget_after: OffsetDateTime,
    pub htu: Htu,
}

/// Reads a token; nothing in it is trusted yet.
pub fn parse(token: &str) -> Result<UnverifiedProof<'_>, Error> {
    if token.len() > LONGEST {
        return Err(Error::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Error::NotCompact)?;
    let (header, payload) = signed.split_once('.').ok_or(Error::NotCompact)?;
    claims::check_header(header)?;
    let signature = claims::decode(signature)?;
    Ok(UnverifiedProof {
        claims: claims::read(payload)?,
        signed,
        signature: signature.try_into().map_err(|_| Error::Signature)?,
    })
}

impl UnverifiedProof<'_> {
    /// Who it claims to be from: good for looking up the key, nothing else.
    pub fn did(&self) -> &Did {
        &self.claims.did
    }

    pub fn handle(&self) -> &Handle {
        &self.claims.handle
    }

    /// Checks everything a proof says against the request, then the signature.
    pub fn verify(self, key: &VerifyingKey, expected: &Expected<'_>) -> Result<Proof, Error> {
        self.check_head(expected.method, expected.now)?;
        if !bool::from(self.claims.body_sha256.ct_eq(expected.body_sha256)) {
            return Err(Error::Body);
        }
        self.check_signature(key)?;
        Ok(self.into_proof())
    }

    /// Checks all but the body, which has not arrived yet.
    pub fn verify_before_body(
        &self,
        key: &VerifyingKey,
        method: &str,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        self.check_head(method, now)?;
        self.check_signature(key)
    }

    fn check_head(&self, method: &str, now: OffsetDateTime) -> Result<(), Error> {
        self.check_time(now.unix_timestamp())?;
        if !self.claims.audience_ok {
            return Err(Error::Audience);
        }
        if self.claims.method != method {
            return Err(Error::Method);
        }
        Ok(())
    }

    fn check_signature(&self, key: &VerifyingKey) -> Result<(), Error> {
        if did::key_bytes(&self.claims.did).ok() != Some(key.to_bytes()) {
            return Err(Error::Key);
        }
        if !keypair::verify(key, self.signed.as_bytes(), &self.signature) {
            return Err(Error::Signature);
        }
        Ok(())
    }

    fn check_time(&self, now: i64) -> Result<(), Error> {
        let (from, until) = (self.claims.issued_at, self.claims.expires_at);
        let lifetime = until.checked_sub(from).ok_or(Error::Lifetime)?;
        if !(1..=MAX_LIFETIME).contains(&lifetime) {
            return Err(Error::Lifetime);
        }
        let begins = self.claims.not_before.map_or(from, |at| at.max(from));
        if begins.saturating_sub(SKEW) > now {
            return Err(Error::NotYetValid(begins.saturating_sub(now)));
        }
        if until.saturating_add(SKEW) <= now {
            return Err(Error::Expired(now.saturating_sub(from)));
        }
        Ok(())
    }

    fn into_proof(self) -> Proof {
        let claims = self.claims;
        // In range: `expires_at` lies within minutes of the clock's own time.
        let last = claims.expires_at.saturating_add(SKEW);
        Proof {
            did: claims.did,
            handle: claims.handle,
            jti: claims.jti,
            forget_after: OffsetDateTime::from_unix_timestamp(last)
                .unwrap_or(time::PrimitiveDateTime::MAX.assume_utc()),
            htu: claims.htu,
        }
    }
}
