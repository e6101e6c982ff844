//! Passwords people sign in with, as Argon2id PHC strings (RFC 9106; OWASP's second choice of
//! parameters: 19 MiB, two passes, one lane).
//!
//! Every function here takes tens of milliseconds and as many mebibytes on purpose: call it from
//! a blocking task, and bound how many run at once. A stored hash outside the accepted parameters
//! matches no password: it can neither be weaker than ours by much nor exhaust the machine.

use super::kdf;
use crate::secret::Password;
use argon2::password_hash::phc::PasswordHash;
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
};

/// Hashing failed; the password itself is never the reason.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not enough memory to hash the password; try again")]
    Hash,
}

/// A hash of nobody's password, with the parameters of [`hash`].
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The PHC string to store for a new password. Blocks for about 20 ms.
pub fn hash(password: &Password) -> Result<String, Error> {
    let salt = super::random::bytes::<16>();
    argon2id()
        .hash_password_with_salt(password.reveal().as_bytes(), salt.as_slice())
        .map(|hashed| hashed.to_string())
        .map_err(|_| Error::Hash)
}

/// Whether `password` is the one `stored` was made from. Blocks for about 20 ms.
pub fn verify(password: &Password, stored: &str) -> bool {
    let Some(parsed) = PasswordHash::new(stored).ok().filter(is_acceptable) else {
        return false;
    };
    argon2id()
        .verify_password(password.reveal().as_bytes(), &parsed)
        .is_ok()
}

/// Takes as long as [`verify`] and matches nothing: for an account that does not exist.
pub fn dummy_verify(password: &Password) {
    verify(password, DUMMY);
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

fn argon2id() -> Argon2<'static> {
    // The same cost as for a generated key: 19 MiB, two passes, one lane.
    Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        kdf::Params::FOR_KEY.into(),
    )
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
        let stored = hash(&Password::new("correct horse")).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(&Password::new("correct horse"), &stored));
        assert!(!verify(&Password::new("correct horsf"), &stored));
        assert!(!verify(&Password::new(""), &stored));
        assert!(!needs_rehash(&stored));
    }

    #[test]
    fn two_hashes_of_one_password_differ() {
        let password = Password::new("same");
        assert_ne!(hash(&password).unwrap(), hash(&password).unwrap());
    }

    #[test]
    fn the_dummy_is_a_hash_that_costs_as_much_as_a_real_one() {
        let parsed = PasswordHash::new(DUMMY).unwrap();
        assert!(is_acceptable(&parsed));
        assert!(!needs_rehash(DUMMY));
        assert!(!verify(&Password::new(""), DUMMY));
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
            assert!(!verify(&Password::new("x"), stored), "{stored}");
        }
    }
}
