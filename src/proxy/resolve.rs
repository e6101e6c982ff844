//! The seam between the proxy and whoever holds the credentials.
//!
//! The proxy owns the trait; a client of the daemon, or the daemon's own resolver, implements it.

use super::start::Error;
use crate::model::placeholder::PlaceholderTemplate;
use crate::model::{ConnectionName, ErrorCode, Injection, ProviderName, Target};
use std::collections::BTreeSet;
use std::future::Future;

/// Who knows which hosts get a credential, and hands one out for one request.
pub trait Resolve: Send + Sync + 'static {
    /// Every host that gets a credential; asked once, when the run starts.
    fn routes(&self) -> impl Future<Output = Result<Vec<Route>, Refusal>> + Send;

    /// What to add to a request for `target`; asked for every intercepted request unless the
    /// last answer carried a lease. `connection` is `None` for the default of the provider.
    fn resolve(
        &self,
        provider: &ProviderName,
        connection: Option<&ConnectionName>,
        target: &Target,
    ) -> impl Future<Output = Result<Injection, Refusal>> + Send;

    /// The same after the upstream did not take what was added last: something else, where the
    /// credential renews itself.
    fn renew(
        &self,
        provider: &ProviderName,
        connection: Option<&ConnectionName>,
        target: &Target,
    ) -> impl Future<Output = Result<Injection, Refusal>> + Send;
}

/// One connection and the places its credential may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub provider: ProviderName,
    pub connection: ConnectionName,
    /// Whether it is the connection of its provider that is used when the run names none.
    pub is_default: bool,
    /// Hosts, URLs with a path prefix and `regex:` patterns, as the definition has them.
    pub api_urls: Vec<String>,
    /// Paths of the provider's own OAuth endpoints, which are never injected.
    pub excluded_paths: Vec<String>,
}

/// Why a request gets no credential; the child reads it as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: ErrorCode,
    /// What happened, for people; never a secret.
    pub message: String,
    /// The command or link that fixes it.
    pub hint: Option<String>,
}

/// The fake value that a child holds in place of a secret, bound to the hosts of its providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// Whose hosts it may go to; more than one where they are read from the same variable.
    pub providers: BTreeSet<ProviderName>,
    pub value: String,
}

impl Placeholder {
    /// A new one, shaped by the definition's template where it has one that can be read.
    pub fn new(provider: ProviderName, template: Option<&str>) -> Result<Self, Error> {
        let written = template.and_then(|text| text.parse().ok());
        let template = written.unwrap_or_else(|| PlaceholderTemplate::plain(&provider));
        // Enough for the longest template, bytes thrown away for fairness included.
        let mut pool = [0_u8; 2048];
        getrandom::fill(&mut pool).map_err(|_| Error::Random)?;
        let mut pool = pool.into_iter();
        let value = template.fill(|| pool.next().unwrap_or_default());
        let providers = BTreeSet::from([provider]);
        Ok(Self { providers, value })
    }
}
