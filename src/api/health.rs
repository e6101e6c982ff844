//! Is it there, is it well, who am I.

use crate::model::{Did, Handle, PrincipalId, VaultId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How records are sealed, and where the master key comes from; the three fields stand in several
/// answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Encryption {
    /// The cipher, as in 0.5: `aes-256-gcm`.
    pub configured_encryption_mode: String,
    /// Where the master key was read from: `env`, `file`, `local_key`, `keyring` or `passphrase`.
    pub effective_encryption_source: String,
    /// Both, and how the key is derived, in a sentence for people.
    pub encryption_backend: String,
}

/// `GET /health`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Always `ok`; a daemon that is not well answers at `/ready`.
    pub status: String,
    pub version: String,
    #[serde(flatten)]
    pub encryption: Encryption,
    /// `sqlite` or `postgresql`.
    pub store_backend: String,
    /// Which daemon this is; changes with its database, not with its process.
    pub instance_id: String,
}

/// `GET /ready`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// `ready` or `not_ready`.
    pub status: String,
    pub checks: ReadinessChecks,
    pub issues: Vec<String>,
    pub warnings: Vec<String>,
    #[serde(flatten)]
    pub encryption: Encryption,
}

/// Each is `ok` or `failed`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReadinessChecks {
    pub spec_version: String,
    pub store: String,
    pub identity: String,
    pub providers: String,
    pub connections: String,
    pub vault: String,
    pub integrity: String,
}

/// `GET /whoami`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WhoAmI {
    pub version: String,
    /// The daemon's home directory; empty when the daemon is hosted.
    pub home: String,
    #[schema(value_type = String)]
    pub identity: Handle,
    /// The same as `identity`, for 0.5 clients.
    #[schema(value_type = String)]
    pub active_identity: Handle,
    #[schema(value_type = String)]
    pub principal_id: PrincipalId,
    #[schema(value_type = String)]
    pub vault_id: VaultId,
    #[schema(value_type = String)]
    pub did: Did,
    /// Always `registered`: the caller proved it.
    pub registration_status: String,
    pub daemon_url: String,
    /// `admin` or `user`.
    #[serde(default)]
    pub role: String,
    #[serde(flatten)]
    pub encryption: Encryption,
}
