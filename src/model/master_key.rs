//! Where the master key comes from.

use crate::secret::MasterKey;
use std::path::PathBuf;

/// The one source of the master key; `config` makes sure that there is no second.
#[derive(Debug, Clone)]
pub enum MasterKeySource {
    /// `AUTHSOME_MASTER_KEY`.
    Env(MasterKey),
    /// `AUTHSOME_MASTER_KEY_FILE`: the operator's file, with the operator's modes; may be a link.
    File(PathBuf),
    /// `server/master.key` of the home, made when there is no data yet; the default.
    HomeFile(PathBuf),
    /// The operating system's keyring; an entry is made when there is no data yet.
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
