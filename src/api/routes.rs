//! What the proxy of a run may match.

use crate::model::{ConnectionName, ProviderName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The query of `GET /proxy/routes`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RoutesQuery {
    #[serde(default)]
    #[param(inline)]
    pub scope: RouteScope,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RouteScope {
    /// Only providers the caller is connected to.
    #[default]
    Connected,
    /// Every known provider, so that a missing login can be named.
    Configured,
}

/// `GET /proxy/routes`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProxyRoutes {
    pub routes: Vec<ProxyRoute>,
}

/// One place a credential may go. A provider with several `api_url` has several routes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProxyRoute {
    #[schema(value_type = String)]
    pub provider: ProviderName,
    /// Null where the provider is not connected (scope `configured`).
    #[schema(value_type = Option<String>)]
    pub connection: Option<ConnectionName>,
    /// A host, a URL with a path prefix, or a `regex:` pattern.
    pub api_url: String,
    /// Paths of the provider's own OAuth endpoints, which are never injected.
    pub auth_endpoint_paths: Vec<String>,
    /// Whether `connection` is the provider's default; a run may name another.
    #[serde(default)]
    pub is_default: bool,
    /// The variables in which programs look for this secret; a run gives them a placeholder.
    #[serde(default)]
    pub secret_variables: Vec<String>,
    /// The shape of the placeholder, where the definition has one.
    #[serde(default)]
    pub placeholder: Option<String>,
}
