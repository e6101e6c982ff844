//! Random numbers of the operating system: tokens, ids, keys, salts.
//!
//! There is no other generator and no seed. Where the operating system cannot give random bytes
//! the calling task stops; it never goes on with predictable ones.

use super::hex;
use crate::secret::Token;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use getrandom::SysRng;
use getrandom::rand_core::{Rng, UnwrapErr};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// `N` random bytes, wiped when dropped.
pub fn bytes<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut out = Zeroizing::new([0; N]);
    rng().fill_bytes(out.as_mut_slice());
    out
}

/// The operating system's generator, for interfaces that ask for one.
pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// A new one-time or session token: 256 bits as 43 characters of unpadded base64url.
pub fn token() -> Token {
    Token::new(URL_SAFE_NO_PAD.encode(bytes::<32>().as_slice()))
}

/// A new id: `prefix`, an underscore and 128 bits as 32 hexadecimal digits.
pub fn id(prefix: &str) -> String {
    format!("{prefix}_{}", hex::encode(bytes::<16>().as_slice()))
}

/// What the store keeps of a [`token`]: its SHA-256. Only for tokens of full entropy, never passwords.
pub fn hash_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_256_bits_and_never_comes_twice() {
        let (one, two) = (token(), token());
        assert_eq!(one.reveal().len(), 43);
        assert_ne!(one.reveal(), two.reveal());
        assert_ne!(hash_token(one.reveal()), hash_token(two.reveal()));
    }

    #[test]
    fn an_id_has_its_prefix_and_128_bits() {
        let one = id("sess");
        assert_eq!(one.len(), "sess_".len() + 32);
        assert!(one.starts_with("sess_"));
        assert_ne!(one, id("sess"));
    }
}
