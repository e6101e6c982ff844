//! Which one source the master key has.

use super::raw::Raw;
use super::{Error, Home, values};
use crate::secret::MasterKey;
use std::path::PathBuf;

/// The one source of the master key.
#[derive(Debug, Clone)]
pub enum MasterKeySource {
    /// `AUTHSOME_MASTER_KEY`.
    Env(MasterKey),
    /// `AUTHSOME_MASTER_KEY_FILE`.
    File(PathBuf),
    /// `server/master.key` of the home, made when there is nothing to lose; the default.
    HomeFile(PathBuf),
    /// The operating system's keyring.
    Keyring,
    /// `AUTHSOME_PASSPHRASE`: a text that a person chose.
    Passphrase(MasterKey),
}

impl MasterKeySource {
    /// The variable or place, for messages; never the key.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Env(_) => "AUTHSOME_MASTER_KEY",
            Self::File(_) => "AUTHSOME_MASTER_KEY_FILE",
            Self::HomeFile(_) => "server/master.key",
            Self::Keyring => "AUTHSOME_KEYRING",
            Self::Passphrase(_) => "AUTHSOME_PASSPHRASE",
        }
    }
}

pub(super) fn read(raw: &Raw, home: &Home) -> Result<MasterKeySource, Error> {
    let mut set = Vec::new();
    if let Some(key) = &raw.authsome_master_key {
        set.push(MasterKeySource::Env(MasterKey::new(key.as_str())));
    }
    if let Some(file) = values::path(
        "AUTHSOME_MASTER_KEY_FILE",
        raw.authsome_master_key_file.as_deref(),
    )? {
        set.push(MasterKeySource::File(file));
    }
    if let Some(phrase) = &raw.authsome_passphrase {
        set.push(MasterKeySource::Passphrase(MasterKey::new(phrase.as_str())));
    }
    if values::flag("AUTHSOME_KEYRING", raw.authsome_keyring.as_deref())? {
        set.push(MasterKeySource::Keyring);
    }
    if let [first, second, ..] = set.as_slice() {
        return Err(Error::TwoMasterKeys {
            first: first.name().to_owned(),
            second: second.name().to_owned(),
        });
    }
    Ok(set
        .pop()
        .unwrap_or_else(|| MasterKeySource::HomeFile(home.master_key())))
}
