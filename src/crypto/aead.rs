//! AES-256-GCM (NIST SP 800-38D) with a 12-byte nonce and a 16-byte tag, and nothing else.
//!
//! The only place that calls the cipher. It does not choose nonces: see `envelope` and `keys`.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Key, Nonce, Tag};
use zeroize::Zeroizing;

/// Lengths in bytes.
pub const KEY: usize = 32;
pub const NONCE: usize = 12;
pub const TAG: usize = 16;

/// The ciphertext, the tag, the nonce, the key or the associated data is not the one of the sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("authentication failed")]
pub struct Failed;

/// Appends the ciphertext and the tag of `plaintext` to `out`.
pub fn seal(
    key: &[u8; KEY],
    nonce: &[u8; NONCE],
    associated: &[u8],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Failed> {
    let start = out.len();
    out.reserve_exact(plaintext.len() + TAG);
    out.extend_from_slice(plaintext);
    let tag = cipher(key)
        .encrypt_inout_detached(&Nonce::from(*nonce), associated, (&mut out[start..]).into())
        .map_err(|_| Failed)?;
    out.extend_from_slice(&tag);
    Ok(())
}

/// The plaintext of ciphertext and tag.
pub fn open(
    key: &[u8; KEY],
    nonce: &[u8; NONCE],
    associated: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG>().ok_or(Failed)?;
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    cipher(key)
        .decrypt_inout_detached(
            &Nonce::from(*nonce),
            associated,
            plaintext.as_mut_slice().into(),
            &Tag::from(*tag),
        )
        .map_err(|_| Failed)?;
    Ok(plaintext)
}

fn cipher(key: &[u8; KEY]) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_counts() {
        let (key, nonce) = ([1; KEY], [2; NONCE]);
        let mut sealed = Vec::new();
        seal(&key, &nonce, b"aad", b"text", &mut sealed).unwrap();
        assert_eq!(*open(&key, &nonce, b"aad", &sealed).unwrap(), b"text");
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&key, &nonce, b"aad", &changed).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(&key, &nonce, b"aad", &sealed[..length]).is_err());
        }
        assert!(open(&key, &nonce, b"aae", &sealed).is_err());
        assert!(open(&[3; KEY], &nonce, b"aad", &sealed).is_err());
        assert!(open(&key, &[3; NONCE], b"aad", &sealed).is_err());
    }
}
