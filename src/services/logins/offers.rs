//! What a page offers where somebody connects a provider.

use super::service::{Logins, supported_flow};
use crate::model::Provider;
use crate::model::export::ExportSource;
use crate::model::provider::Flow;
use crate::model::site::BASE_URL;
use crate::services::{Error, clients};

const ALL: [Flow; 8] = [
    Flow::ApiKey,
    Flow::Pkce,
    Flow::DcrPkce,
    Flow::DeviceCode,
    Flow::ClientCredentials,
    Flow::JwtBearer,
    Flow::GithubApp,
    Flow::Browser,
];

/// The ways to log in to a provider, its usual one first.
pub fn flows(provider: &Provider) -> Vec<Flow> {
    let mut flows: Vec<Flow> = ALL
        .into_iter()
        .filter(|flow| supported_flow(provider, Some(*flow)).is_ok())
        .collect();
    flows.sort_by_key(|flow| *flow != provider.flow);
    flows
}

impl Logins {
    /// Whether the usual way to log in waits for somebody to give us an OAuth client there.
    pub async fn lacks_client(&self, provider: &Provider) -> Result<bool, Error> {
        if !matches!(provider.flow, Flow::Pkce | Flow::DeviceCode) {
            return Ok(false);
        }
        Ok(clients::find(&self.core, provider).await?.is_none())
    }
}

/// Whether a login may name the site it is at.
pub fn takes_site(provider: &Provider) -> bool {
    let mut variables = provider.variables().into_values();
    provider.has_sites() || variables.any(|from| from == ExportSource::BaseUrl)
}

/// Where a credential goes, before anybody has named a site.
pub fn hosts(provider: &Provider) -> Vec<String> {
    let mut hosts = provider.at_site(None).api_url.clone();
    if provider.api_url.iter().any(|url| url.starts_with(BASE_URL)) {
        hosts.push("an installation of your own".to_owned());
    }
    hosts
}
