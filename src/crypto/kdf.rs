//! From the master key's text to the key-encryption key: Argon2id (RFC 9106), 32 bytes out.
//!
//! The parameters are stored beside what they protect, so they are input like any other: below
//! the floors they would make guessing cheap, above the caps they would exhaust the machine. Both
//! are refused before any work is done.

use super::keys::KeyEncryptionKey;
use crate::secret::MasterKey;
use argon2::{Algorithm, Argon2, Version};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// How long a salt is, in bytes.
pub const SALT: usize = 32;

/// Parameters that were refused, or a machine that could not follow them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error(
        "the stored key derivation (memory {memory_kib} KiB, passes {passes}, lanes {lanes}) is outside the accepted bounds; the key metadata was changed: restore it from a backup"
    )]
    OutOfBounds {
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    },
    #[error("not enough memory to derive the key ({memory_kib} KiB needed)")]
    Memory { memory_kib: u32 },
    #[error("key derivation failed")]
    Expansion,
}

/// Argon2id parameters within floors and caps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Params {
    /// For a text that already holds 256 random bits; also the floor for every other (OWASP).
    pub const FOR_KEY: Self = Self {
        memory_kib: 19_456,
        passes: 2,
        lanes: 1,
    };
    /// For a text a person chose (RFC 9106 section 4, second recommended option).
    pub const FOR_PASSPHRASE: Self = Self {
        memory_kib: 65_536,
        passes: 3,
        lanes: 4,
    };
    const CAP: Self = Self {
        memory_kib: 262_144,
        passes: 16,
        lanes: 16,
    };

    /// Accepts stored parameters: memory in KiB, passes over it, lanes.
    pub fn checked(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, Error> {
        let floor = Self::FOR_KEY;
        let enough =
            memory_kib >= floor.memory_kib && passes >= floor.passes && lanes >= floor.lanes;
        if enough && Self::within_caps(memory_kib, passes, lanes) {
            Ok(Self {
                memory_kib,
                passes,
                lanes,
            })
        } else {
            Err(Error::OutOfBounds {
                memory_kib,
                passes,
                lanes,
            })
        }
    }

    /// What a new master key gets: little work where the text is random enough by itself.
    pub fn for_text(master: &MasterKey) -> Self {
        if looks_generated(master.reveal()) {
            Self::FOR_KEY
        } else {
            Self::FOR_PASSPHRASE
        }
    }

    /// Whether following these parameters cannot exhaust the machine.
    pub(crate) const fn within_caps(memory_kib: u32, passes: u32, lanes: u32) -> bool {
        memory_kib <= Self::CAP.memory_kib && passes <= Self::CAP.passes && lanes <= Self::CAP.lanes
    }

    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    pub const fn passes(self) -> u32 {
        self.passes
    }

    pub const fn lanes(self) -> u32 {
        self.lanes
    }
}

impl From<Params> for argon2::Params {
    fn from(params: Params) -> Self {
        // Never falls back: bounds narrower than Argon2's own were checked when `params` was made.
        Self::new(params.memory_kib, params.passes, params.lanes, Some(32)).unwrap_or_default()
    }
}

/// Derives the key-encryption key. Blocks for 20 to 200 ms.
pub fn derive(
    master: &MasterKey,
    salt: &[u8; SALT],
    params: Params,
) -> Result<KeyEncryptionKey, Error> {
    let raw = derive_raw(master, salt, params)?;
    KeyEncryptionKey::from_bytes(raw).map_err(|_| Error::Expansion)
}

/// The 32 bytes themselves, for a salt of any length that Argon2 takes (8 bytes at least): what a
/// home of 0.5 used as they are. Blocks as [`derive()`] does.
pub fn derive_raw(
    master: &MasterKey,
    salt: &[u8],
    params: Params,
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut raw = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.into())
        .hash_password_into(master.reveal().as_bytes(), salt, raw.as_mut_slice())
        .map_err(|_| Error::Memory {
            memory_kib: params.memory_kib,
        })?;
    Ok(raw)
}

/// Whether a text is 32 random bytes in a usual spelling: base64, base64url or hexadecimal, with
/// the variety random bytes have.
fn looks_generated(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    let raw: Option<Zeroizing<Vec<u8>>> = match text.len() {
        64 => super::hex::decode::<32>(text).map(|raw| Zeroizing::new(raw.to_vec())),
        43 | 44 => STANDARD_NO_PAD
            .decode(bare)
            .or_else(|_| URL_SAFE_NO_PAD.decode(bare))
            .ok()
            .map(Zeroizing::new),
        _ => None,
    };
    raw.is_some_and(|raw| {
        let mut seen = std::collections::BTreeSet::new();
        seen.extend(raw.iter().copied());
        raw.len() == 32 && seen.len() >= 20
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn parameters_below_the_floors_or_above_the_caps_are_refused() {
        assert!(Params::checked(19_456, 2, 1).is_ok());
        assert!(Params::checked(65_536, 3, 4).is_ok());
        for (m, t, p) in [
            (19_455, 2, 1),
            (19_456, 1, 1),
            (19_456, 2, 0),
            (8, 1, 1),
            (0, 0, 0),
            (262_145, 2, 1),
            (19_456, 17, 1),
            (19_456, 2, 17),
            (u32::MAX, u32::MAX, u32::MAX),
        ] {
            assert!(Params::checked(m, t, p).is_err(), "{m} {t} {p}");
        }
    }

    #[test]
    fn a_chosen_text_costs_more_than_a_generated_one() {
        let generated = STANDARD.encode(crate::crypto::random::bytes::<32>().as_slice());
        assert_eq!(
            Params::for_text(&MasterKey::new(generated.trim_end_matches('='))),
            Params::FOR_KEY
        );
        let hex = crate::crypto::hex::encode(crate::crypto::random::bytes::<32>().as_slice());
        assert_eq!(Params::for_text(&MasterKey::new(hex)), Params::FOR_KEY);
        for chosen in [
            "correct horse battery staple",
            "",
            &"a".repeat(44),
            &"0".repeat(64),
        ] {
            assert_eq!(
                Params::for_text(&MasterKey::new(chosen)),
                Params::FOR_PASSPHRASE,
                "{chosen}"
            );
        }
    }

    #[test]
    fn text_salt_and_parameters_all_change_the_key() {
        let key = |text: &str, salt: u8, params| {
            derive(&MasterKey::new(text), &[salt; SALT], params)
                .unwrap()
                .key_id()
        };
        let one = key("a", 1, Params::FOR_KEY);
        assert_eq!(one, key("a", 1, Params::FOR_KEY));
        assert_ne!(one, key("b", 1, Params::FOR_KEY));
        assert_ne!(one, key("a", 2, Params::FOR_KEY));
        assert_ne!(one, key("a", 1, Params::checked(19_456, 3, 1).unwrap()));
    }
}
