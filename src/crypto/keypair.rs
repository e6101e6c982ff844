//! The key pair of an Identity, as its owner holds it.
//!
//! The file form is 64 hexadecimal digits and a newline (32 bytes, RFC 8032 section 5.1.5 private
//! key). The private half has no `Debug`, no `Clone`, and is wiped when dropped.

use super::{did, hex, random};
use crate::model::Did;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

/// Text that is not a private key. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error(
        "the private key is not 64 hexadecimal digits; restore the identity's .key file or create a new identity"
    )]
    NotHex,
}

/// An Ed25519 key pair; only the client has one.
pub struct SigningKeyPair(SigningKey);

impl SigningKeyPair {
    pub fn generate() -> Self {
        Self(SigningKey::generate(&mut random::rng()))
    }

    /// Reads the file form; white space around the digits is ignored.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        let raw = hex::decode::<32>(text.trim()).ok_or(Error::NotHex)?;
        Ok(Self(SigningKey::from_bytes(&raw)))
    }

    /// The file form without its newline. Goes to the 0600 key file and nowhere else.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_bytes()))
    }

    pub fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    pub fn did(&self) -> Did {
        did::encode(&self.verifying_key())
    }

    /// See [`did::fingerprint`].
    pub fn fingerprint(&self) -> String {
        did::fingerprint(&self.verifying_key())
    }

    /// The signature of `message` (RFC 8032 section 5.1.6). Requests are signed by
    /// [`issue`](super::proof::issue), which says what a signature is for.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// Whether `signature` is the one signature of `message` that `key` accepts: RFC 8032 section 5.1.7,
/// and beyond it no key and no `R` of small order, so that nobody can vary a valid signature.
pub fn verify(key: &VerifyingKey, message: &[u8], signature: &[u8; 64]) -> bool {
    key.verify_strict(message, &Signature::from_bytes(signature))
        .is_ok()
}

impl std::fmt::Debug for SigningKeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKeyPair({})", self.did())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file() {
        let key = SigningKeyPair::generate();
        let file = format!("{}\n", *key.to_hex());
        let read = SigningKeyPair::from_hex(&file).unwrap();
        assert_eq!(read.did(), key.did());
        assert_eq!(read.to_hex(), key.to_hex());
    }

    #[test]
    fn debug_shows_the_public_half_only() {
        let key = SigningKeyPair::generate();
        let shown = format!("{key:?}");
        assert!(shown.contains("did:key:z6Mk"));
        assert!(!shown.contains(key.to_hex().as_str()));
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let good = SigningKeyPair::generate().to_hex();
        let long = format!("{}00", *good);
        for text in ["", "legacy", &good[..62], long.as_str(), "zz"] {
            assert!(SigningKeyPair::from_hex(text).is_err());
        }
    }
}
