//! Our OAuth clients at providers, for administrators.

use super::WireSecret;
use crate::model::ProviderName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /admin/clients`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProviderClients {
    pub clients: Vec<ProviderClient>,
    /// The callback to register a client with, at any provider.
    pub redirect_uri: String,
}

/// One of our clients; its secret is never told.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProviderClient {
    #[schema(value_type = String)]
    pub provider: ProviderName,
    /// Null where the stored client cannot be opened any more.
    pub client_id: Option<String>,
    pub has_secret: bool,
    /// The site it is registered at, where the provider is installed in many places.
    pub base_url: Option<String>,
    pub source: ClientSource,
    /// The variable of the daemon that names it, where its source is the environment.
    #[serde(default)]
    pub variable: Option<String>,
    /// How many connections it got, in every vault; they end when it is changed or forgotten.
    pub connections: u64,
}

/// Where a client comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientSource {
    Stored,
    Environment,
}

/// `PUT /admin/clients/{provider}`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SetProviderClient {
    pub client_id: String,
    /// Null for a public client.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub client_secret: Option<WireSecret>,
    /// The site it is registered at; null for the provider's own.
    #[serde(default)]
    pub base_url: Option<String>,
}

/// The answer of `PUT` and `DELETE /admin/clients/{provider}`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProviderClientChanged {
    pub status: String,
    #[schema(value_type = String)]
    pub provider: ProviderName,
    /// How many connections of the last client ended, in every vault.
    pub connections_ended: u64,
}
