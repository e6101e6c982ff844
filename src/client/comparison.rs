//! What a secret that was found is sent as, when it is only to be compared.

use crate::crypto::{keyed, random};

/// The key of the digests of one request.
pub fn comparison_salt() -> [u8; 32] {
    *random::bytes::<32>()
}

/// The digest of a secret, without the white space around it, which is never part of a key.
pub fn comparison_digest(salt: &[u8; 32], secret: &str) -> [u8; 32] {
    keyed::keyed_digest(salt, secret.trim())
}
