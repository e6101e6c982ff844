//! The two levels of keys: the key-encryption key (KEK) wraps data-encryption keys (DEKs).
//!
//! A KEK never encrypts data itself: HKDF-SHA256 (RFC 5869) gives one subkey for wrapping, one for
//! the canary and a key id that can be shown to anybody. A wrapped key is bound to what it is for
//! ([`WrapContext`]), so that one vault's key cannot be passed off as another's.
//!
//! Wrapped form: `AWK`, version 1, nonce (12 bytes), AES-256-GCM of the 32 key bytes, tag (16).

use super::aead::{self, NONCE};
use super::associated::Associated;
use super::{hex, random};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

const MAGIC: [u8; 4] = *b"AWK\x01";
const CANARY: &[u8] = b"authsome: this key opens this store";

/// A wrapped key or canary that does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("not a wrapped key of a version this program reads")]
    Format,
    #[error("the wrapped key was changed, moved, or wrapped under another master key")]
    Integrity,
    #[error("not a key id: 16 lower-case hexadecimal digits")]
    KeyId,
    #[error("key derivation failed")]
    Derivation,
}

/// Names a KEK without telling anything about it: 64 bits as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for KeyId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        hex::decode_lower::<8>(text)
            .map(|raw| Self(*raw))
            .ok_or(Error::KeyId)
    }
}

/// What a wrapped key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrapContext<'a> {
    /// The id of this installation.
    pub instance: &'a str,
    /// The vault id, or `server`.
    pub owner: &'a str,
    /// Which of the owner's keys, counted from 1.
    pub generation: u32,
    /// The KEK it is wrapped under.
    pub key_id: KeyId,
}

impl WrapContext<'_> {
    fn associated(&self) -> Associated {
        Associated::new("authsome wrapped key 1")
            .text(self.instance)
            .text(self.owner)
            .number(i64::from(self.generation))
            .bytes(&self.key_id.0)
    }
}

/// Encrypts records, through a subkey for each. Wiped when dropped.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    pub fn generate() -> Self {
        Self(random::bytes())
    }

    /// A key read from somewhere else: imports and test vectors.
    pub const fn from_bytes(raw: Zeroizing<[u8; 32]>) -> Self {
        Self(raw)
    }

    /// The key of one record: HKDF-SHA256 with the record's own salt.
    pub(super) fn record_key(&self, salt: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Error> {
        expand(Some(salt.as_slice()), &self.0, b"authsome record key 1")
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Wraps data keys. Derived from the master key; wiped when dropped.
pub struct KeyEncryptionKey {
    wrapping: Zeroizing<[u8; 32]>,
    canary: Zeroizing<[u8; 32]>,
    key_id: KeyId,
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyEncryptionKey({})", self.key_id)
    }
}

impl KeyEncryptionKey {
    /// Takes the 32 bytes the key derivation gave.
    #[expect(clippy::needless_pass_by_value, reason = "the caller keeps no copy")]
    pub fn from_bytes(raw: Zeroizing<[u8; 32]>) -> Result<Self, Error> {
        let id = expand(None, &raw, b"authsome kek id 1")?;
        let mut key_id = [0; 8];
        key_id.copy_from_slice(&id[..8]);
        Ok(Self {
            wrapping: expand(None, &raw, b"authsome kek wrap 1")?,
            canary: expand(None, &raw, b"authsome kek canary 1")?,
            key_id: KeyId(key_id),
        })
    }

    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Wraps a data key for what `context` says.
    pub fn wrap(&self, key: &DataKey, context: &WrapContext<'_>) -> Result<Vec<u8>, Error> {
        seal_small(
            &self.wrapping,
            context.associated().as_bytes(),
            key.0.as_slice(),
        )
    }

    /// The data key that was wrapped for exactly `context`.
    pub fn unwrap_key(&self, wrapped: &[u8], context: &WrapContext<'_>) -> Result<DataKey, Error> {
        let raw = open_small(&self.wrapping, context.associated().as_bytes(), wrapped)?;
        let raw: [u8; 32] = raw.as_slice().try_into().map_err(|_| Error::Integrity)?;
        Ok(DataKey(Zeroizing::new(raw)))
    }

    /// A value that only this key opens, bound to the facts `associated` (the stored parameters).
    pub fn seal_canary(&self, associated: &Associated) -> Result<Vec<u8>, Error> {
        seal_small(&self.canary, associated.as_bytes(), CANARY)
    }

    /// Whether `sealed` is this key's canary and `associated` what it was bound to.
    pub fn opens_canary(&self, sealed: &[u8], associated: &Associated) -> Result<(), Error> {
        let opened = open_small(&self.canary, associated.as_bytes(), sealed)?;
        if opened.as_slice() == CANARY {
            Ok(())
        } else {
            Err(Error::Integrity)
        }
    }
}

/// HKDF-SHA256 of `key` to 32 bytes.
fn expand(salt: Option<&[u8]>, key: &[u8; 32], info: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut out = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(salt, key)
        .expand(info, out.as_mut_slice())
        .map_err(|_| Error::Derivation)?;
    Ok(out)
}

fn seal_small(key: &[u8; 32], associated: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    let nonce = random::bytes::<NONCE>();
    let mut out = Vec::with_capacity(MAGIC.len() + NONCE + plaintext.len() + aead::TAG);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(nonce.as_slice());
    aead::seal(key, &nonce, associated, plaintext, &mut out).map_err(|_| Error::Integrity)?;
    Ok(out)
}

fn open_small(
    key: &[u8; 32],
    associated: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let rest = sealed.strip_prefix(&MAGIC).ok_or(Error::Format)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Error::Format)?;
    aead::open(key, nonce, associated, sealed).map_err(|_| Error::Integrity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kek(seed: u8) -> KeyEncryptionKey {
        KeyEncryptionKey::from_bytes(Zeroizing::new([seed; 32])).unwrap()
    }

    fn context(key_id: KeyId) -> WrapContext<'static> {
        WrapContext {
            instance: "inst_1",
            owner: "vault_1",
            generation: 1,
            key_id,
        }
    }

    #[test]
    fn a_wrapped_key_opens_only_for_what_it_was_wrapped_for() {
        let kek = kek(7);
        let key = DataKey::generate();
        let right = context(kek.key_id());
        let wrapped = kek.wrap(&key, &right).unwrap();
        assert_eq!(*kek.unwrap_key(&wrapped, &right).unwrap().0, *key.0);
        for wrong in [
            WrapContext {
                instance: "inst_2",
                ..right
            },
            WrapContext {
                owner: "vault_2",
                ..right
            },
            WrapContext {
                owner: "server",
                ..right
            },
            WrapContext {
                generation: 2,
                ..right
            },
            WrapContext {
                key_id: KeyId([0; 8]),
                ..right
            },
        ] {
            assert_eq!(
                kek.unwrap_key(&wrapped, &wrong).unwrap_err(),
                Error::Integrity
            );
        }
    }

    #[test]
    fn another_kek_has_another_id_and_opens_nothing() {
        let (one, two) = (kek(1), kek(2));
        assert_ne!(one.key_id(), two.key_id());
        let right = context(one.key_id());
        let wrapped = one.wrap(&DataKey::generate(), &right).unwrap();
        assert_eq!(
            two.unwrap_key(&wrapped, &right).unwrap_err(),
            Error::Integrity
        );
        let facts = Associated::new("facts");
        let canary = one.seal_canary(&facts).unwrap();
        assert!(one.opens_canary(&canary, &facts).is_ok());
        assert!(one.opens_canary(&canary, &facts.clone().number(1)).is_err());
        assert!(two.opens_canary(&canary, &facts).is_err());
    }

    #[test]
    fn a_canary_is_no_wrapped_key_and_damage_is_seen() {
        let kek = kek(1);
        let right = context(kek.key_id());
        let canary = kek.seal_canary(&right.associated()).unwrap();
        assert!(kek.unwrap_key(&canary, &right).is_err());
        let wrapped = kek.wrap(&DataKey::generate(), &right).unwrap();
        for length in 0..wrapped.len() {
            assert!(kek.unwrap_key(&wrapped[..length], &right).is_err());
        }
        let mut newer = wrapped;
        newer[3] = 2;
        assert_eq!(kek.unwrap_key(&newer, &right).unwrap_err(), Error::Format);
    }

    #[test]
    fn a_key_id_reads_back_and_tells_nothing_else() {
        let id = kek(1).key_id();
        assert_eq!(id.to_string().len(), 16);
        assert_eq!(id.to_string().parse::<KeyId>(), Ok(id));
        for text in ["", "0", "00000000000000zz", "AAAAAAAAAAAAAAAA"] {
            assert!(text.parse::<KeyId>().is_err(), "{text}");
        }
    }
}
