//! What to add to a request: the hot path of the daemon.
#![expect(
    clippy::unused_async,
    unused_variables,
    reason = "the signatures land first; the bodies follow"
)]

use crate::model::export::ExportSource;
use crate::model::{Caller, ConnectionName, ErrorCode, Injection, ProviderName};
use crate::services::{Error, Unspent};
use std::sync::Arc;
use time::OffsetDateTime;

/// Which providers the routes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteScope {
    /// Those with a usable connection.
    Connected,
    /// Every known provider.
    Configured,
}

/// Where a connection's credential may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub provider: ProviderName,
    /// The default connection's name where there is none (scope `configured`).
    pub connection: ConnectionName,
    pub is_default: bool,
    /// Hosts, URLs with a path prefix and `regex:` patterns.
    pub api_urls: Vec<String>,
    /// Paths of the provider's own OAuth endpoints on those hosts, never injected.
    pub auth_endpoint_paths: Vec<String>,
    /// The child's variables and what they stand for.
    pub variables: Vec<(String, ExportSource)>,
    /// The shape of the fake value a child gets.
    pub placeholder: Option<String>,
}

/// What leaves the daemon for one request.
#[derive(Debug, Clone)]
pub struct Release {
    pub injection: Arc<Injection>,
    /// When the credential ends by itself, where that is known.
    pub expires_at: Option<OffsetDateTime>,
}

/// Answers the proxies.
#[derive(Debug, Clone)]
pub struct Resolver {}

impl Resolver {
    /// What to add to a request for this connection (the default one for `None`) and `host` (the
    /// definition's first for `None`; see `Provider::render`). The proof is
    /// spent and the release audited in one commit; when that fails, no secret leaves.
    pub async fn resolve(
        &self,
        unspent: Unspent,
        provider: &ProviderName,
        connection: Option<&ConnectionName>,
        host: Option<&str>,
    ) -> Result<Release, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    pub async fn routes(&self, caller: &Caller, scope: RouteScope) -> Result<Vec<Route>, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }
}
