//! Connections of the caller's Vault.

use super::{ProvidersBySource, WireSecret};
use crate::model::{ConnectionName, PrincipalId, ProviderName, VaultId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

/// `GET /connections`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConnectionList {
    /// Only providers with at least one connection.
    pub connections: Vec<ProviderConnections>,
    pub by_source: ProvidersBySource,
}

/// The connections at one provider.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProviderConnections {
    #[schema(value_type = String)]
    pub name: ProviderName,
    #[schema(value_type = Option<String>)]
    pub default_connection: Option<ConnectionName>,
    pub connections: Vec<ConnectionSummary>,
}

/// A connection without its secret.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConnectionSummary {
    #[schema(value_type = String)]
    pub connection_name: ConnectionName,
    pub is_default: bool,
    /// `oauth2`, `api_key` or `browser`.
    pub auth_type: String,
    /// `connected`, `expired` or `revoked`.
    pub status: String,
    pub scopes: Vec<String>,
    pub base_url: Option<String>,
    pub api_url: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// Whose it is at the provider, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_label: Option<String>,
}

/// The query of `GET /connections/{provider}/{connection}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ShowConnection {
    /// Put the secrets in the answer; audited.
    #[serde(default)]
    pub show_secret: bool,
}

/// `GET /connections/{provider}/{connection}`: secrets are `***REDACTED***` unless asked for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConnectionRecord {
    /// Always 2.
    pub schema_version: u32,
    #[schema(value_type = String)]
    pub provider: ProviderName,
    /// The handle that asks.
    pub identity: Option<String>,
    #[schema(value_type = String)]
    pub principal_id: PrincipalId,
    #[schema(value_type = String)]
    pub vault_id: VaultId,
    #[schema(value_type = String)]
    pub connection_name: ConnectionName,
    pub auth_type: String,
    pub status: String,
    pub base_url: Option<String>,
    pub api_url: Option<String>,
    pub scopes: Vec<String>,
    pub access_token: Option<WireSecret>,
    pub refresh_token: Option<WireSecret>,
    pub token_type: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub obtained_at: Option<OffsetDateTime>,
    pub api_key: Option<WireSecret>,
    /// Cookies by name.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub credentials: Option<BTreeMap<String, WireSecret>>,
    pub account: AccountBody,
    #[schema(value_type = Object)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// The account at the provider, where it is known.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct AccountBody {
    pub id: Option<String>,
    pub label: Option<String>,
}

/// `{"status":"ok"}`: logout and revoke.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Done {
    pub status: String,
}

impl Done {
    pub fn ok() -> Self {
        Self {
            status: "ok".to_owned(),
        }
    }
}

/// `POST /connections/{provider}/{connection}/default`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DefaultSet {
    pub status: String,
    #[schema(value_type = String)]
    pub provider: ProviderName,
    #[schema(value_type = String)]
    pub default_connection: ConnectionName,
}
