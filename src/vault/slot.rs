//! One key-encryption key as the store describes it: how it is derived, and proof of the right one.
//!
//! ```text
//! offset  bytes
//!      0      3  "AKH"
//!      3      1  format version, 1: Argon2id version 0x13, 32 bytes out
//!      4      4  memory in KiB, big-endian
//!      8      4  passes
//!     12      4  lanes
//!     16     32  salt
//! ```
//!
//! The header is input: it is read strictly and held to the floors and caps of `crypto::kdf`. The
//! canary is bound to the header, the key id and the instance, so an edited header never opens it.

use super::Error;
use crate::crypto::associated::Associated;
use crate::crypto::kdf::{self, Params, SALT};
use crate::crypto::{KeyEncryptionKey, KeyId, random};
use crate::secret::MasterKey;
use crate::store::KekSlot;

const MAGIC: [u8; 4] = *b"AKH\x01";
const LENGTH: usize = MAGIC.len() + 12 + SALT;

/// How a KEK is derived from the master key's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) params: Params,
    salt: [u8; SALT],
}

impl Header {
    /// For a new KEK: parameters that fit the text, and a fresh salt.
    pub(super) fn fresh(master: &MasterKey) -> Self {
        Self {
            params: Params::for_text(master),
            salt: *random::bytes(),
        }
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(LENGTH);
        out.extend_from_slice(&MAGIC);
        for number in [
            self.params.memory_kib(),
            self.params.passes(),
            self.params.lanes(),
        ] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&self.salt);
        out
    }

    /// `None` for bytes that are no header; an error for one outside the accepted bounds.
    pub(super) fn parse(bytes: &[u8]) -> Option<Result<Self, kdf::Error>> {
        let rest = bytes.strip_prefix(&MAGIC)?;
        let (memory, rest) = rest.split_first_chunk()?;
        let (passes, rest) = rest.split_first_chunk()?;
        let (lanes, rest) = rest.split_first_chunk()?;
        let salt = rest.try_into().ok()?;
        let [memory, passes, lanes] = [memory, passes, lanes].map(|raw| u32::from_be_bytes(*raw));
        Some(Params::checked(memory, passes, lanes).map(|params| Self { params, salt }))
    }

    /// Blocks for 20 to 200 ms.
    pub(super) fn derive(&self, master: &MasterKey) -> Result<KeyEncryptionKey, kdf::Error> {
        kdf::derive(master, &self.salt, self.params)
    }
}

/// The canary of a new KEK.
pub(super) fn seal_canary(
    kek: &KeyEncryptionKey,
    instance: &str,
    header: &[u8],
) -> Result<Vec<u8>, Error> {
    kek.seal_canary(&facts(instance, kek.key_id(), header))
        .map_err(|_| Error::Metadata {
            key_id: kek.key_id().to_string(),
        })
}

/// The KEK of `slot`, if `master` is its master key; otherwise the id that `master` gives there.
pub(super) fn open(
    slot: &KekSlot,
    instance: &str,
    master: &MasterKey,
) -> Result<Result<(KeyEncryptionKey, Params), KeyId>, Error> {
    let damaged = || Error::Metadata {
        key_id: slot.id.clone(),
    };
    let header = Header::parse(&slot.header).ok_or_else(damaged)??;
    let kek = header.derive(master)?;
    if kek.key_id().to_string() != slot.id {
        return Ok(Err(kek.key_id()));
    }
    check_canary(slot, instance, &kek)?;
    Ok(Ok((kek, header.params)))
}

/// Whether `kek` is the one `slot` describes, and the description is as it was written.
pub(super) fn check_canary(
    slot: &KekSlot,
    instance: &str,
    kek: &KeyEncryptionKey,
) -> Result<(), Error> {
    kek.opens_canary(&slot.canary, &facts(instance, kek.key_id(), &slot.header))
        .map_err(|_| Error::Metadata {
            key_id: slot.id.clone(),
        })
}

fn facts(instance: &str, key_id: KeyId, header: &[u8]) -> Associated {
    Associated::new("authsome canary 1")
        .text(instance)
        .text(&key_id.to_string())
        .bytes(header)
}
