//! Connections and the Credentials inside them.

use super::grant_key::GrantKey;
use super::names::{ConnectionName, PrincipalId, ProviderName, VaultId};
use super::provider::AuthType;
use crate::secret::{AccessToken, ApiKey, CookieValue, RefreshToken};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// The secret inside a Connection. It never serialises itself; `vault` writes and reads its sealed form.
#[derive(Debug, Clone)]
pub enum Credential {
    ApiKey {
        key: ApiKey,
    },
    OAuth2 {
        access_token: AccessToken,
        refresh_token: Option<RefreshToken>,
        token_type: String,
        /// `None` where the provider promised no end.
        expires_at: Option<OffsetDateTime>,
    },
    /// An access token for a program, and the key that gets the next one.
    Minted {
        key: GrantKey,
        access_token: AccessToken,
        expires_at: Option<OffsetDateTime>,
    },
    Cookies {
        cookies: BTreeMap<String, CookieValue>,
        expires_at: Option<OffsetDateTime>,
    },
}

impl Credential {
    pub const fn auth_type(&self) -> AuthType {
        match self {
            Self::ApiKey { .. } => AuthType::ApiKey,
            Self::OAuth2 { .. } | Self::Minted { .. } => AuthType::OAuth2,
            Self::Cookies { .. } => AuthType::Browser,
        }
    }

    /// When it stops working by itself, where that is known.
    pub const fn expires_at(&self) -> Option<OffsetDateTime> {
        match self {
            Self::ApiKey { .. } => None,
            Self::OAuth2 { expires_at, .. }
            | Self::Minted { expires_at, .. }
            | Self::Cookies { expires_at, .. } => *expires_at,
        }
    }

    /// Whether a new access token can be had without its person.
    pub const fn is_refreshable(&self) -> bool {
        matches!(
            self,
            Self::OAuth2 {
                refresh_token: Some(_),
                ..
            } | Self::Minted { .. }
        )
    }

    /// Whether it can no longer be used at `now`.
    pub fn is_expired(&self, now: OffsetDateTime) -> bool {
        self.expires_at().is_some_and(|at| at <= now)
    }
}

/// Where a Connection stands. Each state holds exactly what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionState {
    Connected { expires_at: Option<OffsetDateTime> },
    Expired { since: OffsetDateTime },
    Revoked { at: OffsetDateTime },
}

impl ConnectionState {
    /// The word of the wire contract (`status`).
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "connected",
            Self::Expired { .. } => "expired",
            Self::Revoked { .. } => "revoked",
        }
    }

    /// What the state has become by `now`, where nothing renews it.
    #[must_use]
    pub fn at(self, now: OffsetDateTime) -> Self {
        match self {
            Self::Connected {
                expires_at: Some(at),
            } if at <= now => Self::Expired { since: at },
            other => other,
        }
    }
}

/// The account at the provider that a Connection stands for, where it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Account {
    pub id: Option<String>,
    pub label: Option<String>,
}

/// A named login of a Vault at a Provider: everything but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub vault: VaultId,
    pub provider: ProviderName,
    pub name: ConnectionName,
    pub is_default: bool,
    pub auth_type: AuthType,
    pub state: ConnectionState,
    pub scopes: Vec<String>,
    pub base_url: Option<String>,
    pub api_url: Option<String>,
    pub account: Account,
    /// The Principal that logged in.
    pub principal: PrincipalId,
    /// When its credential was, by a login or a refresh.
    pub obtained_at: OffsetDateTime,
    /// Whether a new access token can be had without its person: it does not end with the old one.
    pub refreshable: bool,
    /// Counts every change of the sealed credential; part of its associated data.
    pub version: i64,
}

impl Connection {
    pub fn key(&self) -> ConnectionKey {
        ConnectionKey {
            vault: self.vault.clone(),
            provider: self.provider.clone(),
            name: self.name.clone(),
        }
    }

    /// When it will be over, where that is known and nothing renews it.
    pub const fn ends_at(&self) -> Option<OffsetDateTime> {
        match self.state {
            ConnectionState::Connected { expires_at } if !self.refreshable => expires_at,
            _ => None,
        }
    }

    /// What its state has become by `now`.
    #[must_use]
    pub fn state_at(&self, now: OffsetDateTime) -> ConnectionState {
        if self.refreshable {
            self.state.clone()
        } else {
            self.state.clone().at(now)
        }
    }
}

/// Which Connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConnectionKey {
    pub vault: VaultId,
    pub provider: ProviderName,
    pub name: ConnectionName,
}
