//! What `/health`, `whoami` and `doctor` say about encryption: how, never where or with what.

use crate::crypto::kdf::Params;
use crate::model::MasterKeySource;

/// The three encryption fields of `docs/http-api.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptionStatus {
    /// `configured_encryption_mode`: the cipher, `aes-256-gcm`, as 0.5 answers.
    pub configured_mode: &'static str,
    /// `effective_encryption_source`: `env`, `file`, `local_key`, `keyring` or `passphrase`.
    pub effective_source: &'static str,
    /// `encryption_backend`: a sentence for people.
    pub backend: String,
}

impl EncryptionStatus {
    pub(super) fn new(input: &MasterKeySource, kdf: Params) -> Self {
        let (source, place) = match input {
            MasterKeySource::Env(_) => ("env", "from the environment"),
            MasterKeySource::File(_) => ("file", "from a secret file"),
            MasterKeySource::HomeFile(_) => ("local_key", "from the home's server/master.key"),
            MasterKeySource::Keyring => ("keyring", "from the OS keyring"),
            MasterKeySource::Passphrase(_) => ("passphrase", "from a passphrase"),
        };
        Self {
            configured_mode: "aes-256-gcm",
            effective_source: source,
            backend: format!(
                "AES-256-GCM, one key per vault; master key {place} by Argon2id ({} MiB, {} passes)",
                kdf.memory_kib() / 1024,
                kdf.passes()
            ),
        }
    }
}
