//! What `/health`, `whoami` and `doctor` say about encryption: how, never where or with what.

use super::MasterKeyInput;
use crate::crypto::kdf::Params;

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
    pub(super) fn new(input: &MasterKeyInput, kdf: Params) -> Self {
        let (source, place) = match input {
            MasterKeyInput::Env(_) => ("env", "from the environment"),
            MasterKeyInput::File(_) => ("file", "from a secret file"),
            MasterKeyInput::HomeFile(_) => ("local_key", "from the home's server/master.key"),
            MasterKeyInput::Keyring => ("keyring", "from the OS keyring"),
            MasterKeyInput::Passphrase(_) => ("passphrase", "from a passphrase"),
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
