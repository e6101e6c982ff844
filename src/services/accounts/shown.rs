//! How pages and forms name a row whose only key is the digest of a secret.

use crate::crypto::{hex, keyed};
use crate::model::ShownId;
use crate::services::Error;

/// Says nothing of the digest, and so nothing of the secret; the same row always has the same.
pub(super) fn id(hash: &[u8; 32]) -> Result<ShownId, Error> {
    let digest = keyed::keyed_digest(hash, "authsome shown id 1");
    hex::encode(&digest[..16]).parse().map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_apart_and_none_shows_its_digest() {
        let (one, two) = (id(&[1; 32]).unwrap(), id(&[2; 32]).unwrap());
        assert_ne!(one, two);
        assert_eq!(one, id(&[1; 32]).unwrap());
        assert!(!one.as_str().contains("0101"));
    }
}
