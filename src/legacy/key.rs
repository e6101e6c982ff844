//! From a master key to the key of the old vault: Argon2id, then AES-256-GCM.

use super::Error;
use super::home::{Candidate, Opened};
use crate::crypto::{aead, kdf};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::Zeroizing;

/// Salts that are taken, in bytes.
const SALT: std::ops::RangeInclusive<usize> = 8..=64;

/// The key of the old vault.
pub(super) type DataKey = Zeroizing<[u8; aead::KEY]>;

/// The record `__vault_meta__::__dek__`.
#[derive(Deserialize)]
struct Metadata {
    version: u32,
    kdf: Derivation,
    wrapped_dek: Wrapped,
}

#[derive(Deserialize)]
struct Derivation {
    alg: String,
    salt: String,
    memory_cost: u32,
    time_cost: u32,
    parallelism: u32,
}

#[derive(Deserialize)]
struct Wrapped {
    alg: String,
    nonce: String,
    ciphertext: String,
}

/// The metadata, checked.
#[derive(Debug)]
pub(super) struct Sealed {
    salt: Vec<u8>,
    params: kdf::Params,
    nonce: [u8; aead::NONCE],
    ciphertext: Vec<u8>,
}

const fn wrong(detail: &'static str) -> Error {
    Error::KeyMetadata { detail }
}

impl Sealed {
    pub(super) fn read(value: serde_json::Value) -> Result<Self, Error> {
        let read: Metadata = serde_json::from_value(value)
            .map_err(|_| wrong("fields are missing or of another type"))?;
        if read.version != 1 || read.kdf.alg != "argon2id" || read.wrapped_dek.alg != "AES-256-GCM"
        {
            return Err(wrong("another version or algorithm than 0.5 wrote"));
        }
        let bytes = |text: &str| STANDARD.decode(text).map_err(|_| wrong("it is not Base64"));
        let salt = bytes(&read.kdf.salt)?;
        let ciphertext = bytes(&read.wrapped_dek.ciphertext)?;
        let nonce = bytes(&read.wrapped_dek.nonce)?;
        if !SALT.contains(&salt.len()) || ciphertext.len() != aead::KEY + aead::TAG {
            return Err(wrong("salt or ciphertext is of another length"));
        }
        Ok(Self {
            salt,
            // The parameters are as hostile as the rest: none below the floors, none that exhaust
            // the machine.
            params: kdf::Params::checked(
                read.kdf.memory_cost,
                read.kdf.time_cost,
                read.kdf.parallelism,
            )?,
            nonce: nonce
                .try_into()
                .map_err(|_| wrong("the nonce is of another length"))?,
            ciphertext,
        })
    }

    /// The key, with the first candidate that opens it. Blocks for 100 ms a candidate.
    pub(super) fn open(&self, candidates: Vec<Candidate>) -> Result<(Opened, DataKey), Error> {
        let mut tried = Vec::new();
        for Candidate {
            origin,
            key,
            is_of_home,
        } in candidates
        {
            match key {
                Err(why) => tried.push(format!("{origin} ({why})")),
                Ok(key) => {
                    let raw = kdf::derive_raw(&key, &self.salt, self.params)?;
                    if let Ok(opened) = aead::open(&raw, &self.nonce, b"", &self.ciphertext) {
                        let mut data_key: DataKey = Zeroizing::new([0; aead::KEY]);
                        if opened.len() != data_key.len() {
                            return Err(wrong("the key inside is of another length"));
                        }
                        data_key.copy_from_slice(&opened);
                        let opened = Opened {
                            origin,
                            key,
                            is_of_home,
                        };
                        return Ok((opened, data_key));
                    }
                    tried.push(format!("{origin} (another key)"));
                }
            }
        }
        Err(Error::WrongKey { tried })
    }
}
