//! What a home of 0.5 held, as far as it could be read.

use crate::model::connection::Account;
use crate::model::{
    AuditRecord, ConnectionName, ConnectionState, Credential, Did, Email, Handle, PrincipalId,
    ProviderClient, ProviderName, Role, VaultId,
};
use crate::secret::{IdentityKey, MasterKey};
use serde::Serialize;
use time::OffsetDateTime;

/// The kinds of things a home holds, in the order in which they depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Accounts,
    Identities,
    Claims,
    /// Private keys of identities, which the client keeps.
    Keys,
    Providers,
    ProviderClients,
    Connections,
    Defaults,
    Events,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Accounts,
        Self::Identities,
        Self::Claims,
        Self::Keys,
        Self::Providers,
        Self::ProviderClients,
        Self::Connections,
        Self::Defaults,
        Self::Events,
    ];

    /// As it is written for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Identities => "identities",
            Self::Claims => "claims",
            Self::Keys => "keys",
            Self::Providers => "providers",
            Self::ProviderClients => "provider_clients",
            Self::Connections => "connections",
            Self::Defaults => "defaults",
            Self::Events => "events",
        }
    }
}

/// A master key that may open the old vault, and where it was found.
#[derive(Debug)]
pub struct Candidate {
    /// A variable or a path, for people.
    pub origin: String,
    /// The key, or why there is none.
    pub key: Result<MasterKey, String>,
    /// It lay in the old home itself.
    pub is_of_home: bool,
}

/// The master key that opened the old vault.
#[derive(Debug)]
pub struct Opened {
    pub origin: String,
    pub key: MasterKey,
    /// It lay in the old home itself, not apart from it.
    pub is_of_home: bool,
}

/// Everything that could be read.
#[derive(Debug, Default)]
pub struct OldHome {
    /// `None` where the home has no vault at all.
    pub opened: Option<Opened>,
    pub accounts: Vec<OldAccount>,
    pub identities: Vec<OldIdentity>,
    pub keys: Vec<OldKey>,
    /// The identity that commands acted as.
    pub active: Option<Handle>,
    pub definitions: Vec<OldDefinition>,
    pub clients: Vec<OldClient>,
    pub connections: Vec<OldConnection>,
    pub defaults: Vec<OldDefault>,
    pub events: Vec<AuditRecord>,
    /// What was left out, and why.
    pub skipped: Vec<Skipped>,
}

impl OldHome {
    pub(super) fn skip(&mut self, kind: Kind, name: &str, reason: impl Into<String>) {
        self.skipped.push(Skipped {
            kind,
            name: super::text::shown(name),
            reason: reason.into(),
        });
    }
}

/// A person. The hash signs in as it did before.
pub struct OldAccount {
    pub id: PrincipalId,
    pub email: Email,
    pub password_hash: Option<String>,
    pub role: Role,
    pub vault: Option<VaultId>,
    pub created_at: Option<OffsetDateTime>,
}

impl std::fmt::Debug for OldAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OldAccount")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// An agent's public half and who owns it.
#[derive(Debug)]
pub struct OldIdentity {
    pub handle: Handle,
    pub did: Did,
    pub created_at: Option<OffsetDateTime>,
    pub claim: OldClaim,
}

/// Where an identity stood with the person that may own it.
#[derive(Debug)]
pub enum OldClaim {
    Open,
    Accepted {
        principal: PrincipalId,
        at: Option<OffsetDateTime>,
    },
    Rejected {
        at: Option<OffsetDateTime>,
    },
    Revoked {
        at: Option<OffsetDateTime>,
    },
}

/// The private half of an identity.
#[derive(Debug)]
pub struct OldKey {
    pub handle: Handle,
    pub did: Did,
    pub key: IdentityKey,
}

/// A definition as it was registered, not checked yet.
#[derive(Debug)]
pub struct OldDefinition {
    pub name: String,
    pub text: String,
}

/// The OAuth client at a provider.
#[derive(Debug)]
pub struct OldClient {
    pub provider: ProviderName,
    pub client: ProviderClient,
}

/// Whose record it is: before 0.5 records belonged to an identity, not to a vault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    Vault(VaultId),
    Identity(Handle),
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Vault(vault) => f.write_str(vault.as_str()),
            Self::Identity(handle) => f.write_str(handle.as_str()),
        }
    }
}

/// A login.
#[derive(Debug)]
pub struct OldConnection {
    pub owner: Owner,
    pub provider: ProviderName,
    pub name: ConnectionName,
    pub state: ConnectionState,
    pub credential: Credential,
    pub scopes: Vec<String>,
    pub base_url: Option<String>,
    pub api_url: Option<String>,
    pub account: Account,
    pub obtained_at: Option<OffsetDateTime>,
}

/// The connection a provider used when none was named.
#[derive(Debug)]
pub struct OldDefault {
    pub owner: Owner,
    pub provider: ProviderName,
    pub name: ConnectionName,
}

/// Something that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub kind: Kind,
    /// What the old home calls it, made harmless to show.
    pub name: String,
    pub reason: String,
}
