//! Passwords people sign in with, as Argon2id PHC strings (RFC 9106; OWASP's second choice of
//! parameters: 19 MiB, two passes, one lane).
//!
//! Every function here takes tens of milliseconds and as many mebibytes on purpose: call it on a
//! thread that may block, and bound how many run at once. The memory is the caller's, to be used
//! again: allocators give blocks of this size back late or never. A stored hash outside the accepted parameters
//! matches no password: it can neither be weaker than ours by much nor exhaust the machine.

use super::kdf;
use crate::secret::Password;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

/// Hashing failed; the password itself is never the reason.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not enough memory to hash the password; try again")]
    Hash,
}

/// What hashing one password at a time needs, kept from one to the next; holds nothing between.
#[derive(Debug, Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    /// Fills `out` with the hash of `password`.
    fn hash(
        &mut self,
        params: Params,
        password: &Password,
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<(), argon2::Error> {
        let count = params.block_count();
        if self.0.len() < count {
            self.0.resize(count, Block::default());
        }
        let argon2id = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let blocks = &mut self.0[..count];
        let password = password.reveal().as_bytes();
        let done = argon2id.hash_password_into_with_memory(password, salt, out, &mut *blocks);
        blocks.iter_mut().for_each(zeroize::Zeroize::zeroize);
        done
    }
}

/// A hash of nobody's password, with the parameters of [`hash`].
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The PHC string to store for a new password. Blocks for about 20 ms.
pub fn hash(memory: &mut Memory, password: &Password) -> Result<String, Error> {
    let salt = super::random::bytes::<16>();
    // The same cost as for a generated key: 19 MiB, two passes, one lane.
    let params: Params = kdf::Params::FOR_KEY.into();
    let described = ParamsString::try_from(&params).map_err(|_| Error::Hash)?;
    let mut out = [0; 32];
    memory
        .hash(params, password, salt.as_slice(), &mut out)
        .map_err(|_| Error::Hash)?;
    let phc = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: described,
        salt: Some(Salt::new(salt.as_slice()).map_err(|_| Error::Hash)?),
        hash: Some(Output::new(&out).map_err(|_| Error::Hash)?),
    };
    Ok(phc.to_string())
}

/// Whether `password` is the one `stored` was made from. Blocks for about 20 ms.
pub fn verify(memory: &mut Memory, password: &Password, stored: &str) -> bool {
    let Some(parsed) = PasswordHash::new(stored).ok().filter(is_acceptable) else {
        return false;
    };
    let (Ok(params), Some(salt), Some(expected)) =
        (Params::try_from(&parsed), &parsed.salt, &parsed.hash)
    else {
        return false;
    };
    let mut out = vec![0; expected.as_bytes().len()];
    let hashed = memory.hash(params, password, salt.as_ref(), &mut out);
    let fits = hashed.is_ok() && bool::from(out.ct_eq(expected.as_bytes()));
    out.zeroize();
    fits
}

/// Takes as long as [`verify`] and matches nothing: for an account that does not exist.
pub fn dummy_verify(memory: &mut Memory, password: &Password) {
    verify(memory, password, DUMMY);
}

/// Whether `stored` has other parameters than [`hash`] gives today, so that the next sign-in should replace it.
pub fn needs_rehash(stored: &str) -> bool {
    PasswordHash::new(stored)
        .ok()
        .and_then(|parsed| Params::try_from(&parsed).ok())
        .is_none_or(|found| {
            let ours = kdf::Params::FOR_KEY;
            (found.m_cost(), found.t_cost(), found.p_cost())
                != (ours.memory_kib(), ours.passes(), ours.lanes())
        })
}

/// Whether some password can fit `stored` at all.
pub fn is_usable(stored: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|parsed| {
        is_acceptable(&parsed) && parsed.salt.is_some() && parsed.hash.is_some()
    })
}

fn is_acceptable(parsed: &PasswordHash) -> bool {
    parsed.algorithm == ARGON2ID_IDENT
        && parsed.version == Some(u32::from(Version::V0x13))
        && Params::try_from(parsed).is_ok_and(|found| {
            found.m_cost() >= MINIMUM_MEMORY_KIB
                && kdf::Params::within_caps(found.m_cost(), found.t_cost(), found.p_cost())
        })
}

/// Low enough for every parameter set a 0.5 home can hold.
const MINIMUM_MEMORY_KIB: u32 = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_verifies() {
        let stored = hash(&mut Memory::default(), &Password::new("correct horse")).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(
            &mut Memory::default(),
            &Password::new("correct horse"),
            &stored
        ));
        assert!(!verify(
            &mut Memory::default(),
            &Password::new("correct horsf"),
            &stored
        ));
        assert!(!verify(&mut Memory::default(), &Password::new(""), &stored));
        assert!(!needs_rehash(&stored));
    }

    #[test]
    fn two_hashes_of_one_password_differ() {
        let password = Password::new("same");
        assert_ne!(
            hash(&mut Memory::default(), &password).unwrap(),
            hash(&mut Memory::default(), &password).unwrap()
        );
    }

    #[test]
    fn the_dummy_is_a_hash_that_costs_as_much_as_a_real_one() {
        let parsed = PasswordHash::new(DUMMY).unwrap();
        assert!(is_acceptable(&parsed));
        assert!(!needs_rehash(DUMMY));
        assert!(!verify(&mut Memory::default(), &Password::new(""), DUMMY));
    }

    #[test]
    fn a_hostile_hash_matches_nothing_and_costs_nothing() {
        for stored in [
            "",
            "plain",
            "$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=4294967295,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=16$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=1,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(
                !verify(&mut Memory::default(), &Password::new("x"), stored),
                "{stored}"
            );
        }
    }
}
