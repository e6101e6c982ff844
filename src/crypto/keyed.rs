//! HMAC-SHA256 (RFC 2104): a secret that can be compared and not read.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The digest of `text` under `key`. Whoever has both can only try texts, so it says nothing of one
/// that nobody can guess.
pub fn keyed_digest(key: &[u8; 32], text: &str) -> [u8; 32] {
    const BLOCK: usize = 64;
    // A short key is filled up with zeros anyway.
    let mut block = [0; BLOCK];
    block[..key.len()].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hex;

    /// RFC 4231 section 4.2, whose key of 20 bytes is filled up the same way.
    #[test]
    fn the_published_vector_comes_out() {
        let mut key = [0; 32];
        key[..20].copy_from_slice(&[0x0b; 20]);
        assert_eq!(
            hex::encode(&keyed_digest(&key, "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }
}
