//! Identities, Principals, Claims and the Caller of one request.

use super::names::{Did, Email, Handle, PrincipalId, VaultId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// An agent's key pair as the daemon knows it: the public half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub handle: Handle,
    pub did: Did,
    pub created_at: OffsetDateTime,
}

/// What a Principal may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, including other people's accounts, providers and the audit.
    Admin,
    /// Their own Vault.
    User,
}

impl Role {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
        }
    }

    pub fn from_stored(text: &str) -> Option<Self> {
        match text {
            "admin" => Some(Self::Admin),
            "user" => Some(Self::User),
            _ => None,
        }
    }
}

/// An account. It owns exactly one Vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub id: PrincipalId,
    /// `None` for the local Principal of a laptop, which nobody signs in to.
    pub email: Option<Email>,
    pub role: Role,
    pub vault: VaultId,
    pub disabled: bool,
    pub created_at: OffsetDateTime,
}

/// Where an Identity stands with the Principal that may own it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimState {
    /// Registered; nobody has been asked yet.
    Required,
    /// A claim URL is out and has not been used.
    Pending {
        expires_at: OffsetDateTime,
    },
    Accepted {
        principal: PrincipalId,
        at: OffsetDateTime,
    },
    Rejected {
        at: OffsetDateTime,
    },
    Revoked {
        at: OffsetDateTime,
    },
}

impl ClaimState {
    /// The word of the wire contract (`registration_status`).
    pub const fn registration_status(&self) -> &'static str {
        match self {
            Self::Required => "claim_required",
            Self::Pending { .. } => "pending",
            Self::Accepted { .. } => "claimed",
            Self::Rejected { .. } | Self::Revoked { .. } => "rejected",
        }
    }
}

/// The binding of an Identity to a Principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityClaim {
    pub handle: Handle,
    pub state: ClaimState,
}

/// Who makes this request. Built from a verified Proof and an accepted Claim, never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub handle: Handle,
    pub did: Did,
    pub principal: PrincipalId,
    pub vault: VaultId,
    pub role: Role,
}

impl Caller {
    pub const fn is_admin(&self) -> bool {
        matches!(self.role, Role::Admin)
    }
}

/// A person signed in with a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub principal: PrincipalId,
    pub email: Option<Email>,
    pub vault: VaultId,
    pub role: Role,
}
