//! Provider definitions.

use crate::model::{Provider, ProviderName};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A provider definition, schema version 1. Shared: the bundled ones go out with every list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object, title = "Provider")]
pub struct Definition(pub Arc<Provider>);

/// `GET /providers`, and `by_source` of `GET /connections`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ProvidersBySource {
    pub bundled: Vec<Definition>,
    pub custom: Vec<Definition>,
}

/// `POST /providers`; a bare definition is taken too.
///
/// The definition stays as it was written, so that a wrong one is refused by name, rule by rule.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RegisterProvider {
    #[schema(value_type = Object)]
    pub definition: serde_json::Value,
    /// Replace a custom definition of that name, or stand in for a bundled one.
    #[serde(default)]
    pub force: bool,
}

/// `POST /discovery`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DiscoverProvider {
    /// The https URL of an MCP server, or of another resource that says where one logs in.
    pub url: String,
}

/// The answer of `POST /discovery`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DiscoveredProvider {
    #[schema(value_type = String)]
    pub provider: ProviderName,
    /// To be registered; null where a provider that is known already stands for the URL.
    pub definition: Option<Definition>,
}

/// What a removal leaves of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderChange {
    /// Nothing is called so any more.
    Removed,
    /// The definition it stood for is in use again, bundled or of a file in the daemon's home.
    Reset,
}

/// The answer of `POST /providers` and `DELETE /providers/{name}`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProviderChanged {
    pub status: String,
    #[schema(value_type = String)]
    pub provider: ProviderName,
    /// What a removal came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ProviderChange>,
    /// What the person should know, such as hosts it takes over from a bundled provider.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// How many connections a removal ended, in every vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections_ended: Option<u64>,
}

/// The answer of `POST /connections/{provider}/revoke`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProviderRevoked {
    pub status: String,
    /// How many connections were ended, in every vault; older daemons do not tell.
    #[serde(default)]
    pub connections_ended: Option<u64>,
}
