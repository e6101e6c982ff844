//! From a definition to the places its credential may go. Pure.

use super::Route;
use crate::model::site::{BASE_URL, Site};
use crate::model::{Connection, Provider};

/// The places of a connection are those at its own site.
pub(super) fn route(provider: &Provider, connection: Option<&Connection>) -> Route {
    let named = connection.and_then(|connection| connection.base_url.as_deref());
    Route {
        provider: provider.name.clone(),
        connection: connection.map(|connection| connection.name.clone()),
        is_default: connection.is_some_and(|connection| connection.is_default),
        api_urls: provider.at_site(named).api_url.clone(),
        auth_endpoint_paths: auth_endpoint_paths(provider, provider.site(named)),
        variables: provider.variables().into_iter().collect(),
        placeholder: provider.placeholder.clone(),
    }
}

/// The paths of the provider's own OAuth endpoints: a token request must not carry a token.
fn auth_endpoint_paths(provider: &Provider, site: Site<'_>) -> Vec<String> {
    let oauth = provider.oauth.iter().flat_map(|oauth| {
        [
            &oauth.authorization_url,
            &oauth.token_url,
            &oauth.revocation_url,
            &oauth.device_authorization_url,
        ]
    });
    let registration = provider.registration.iter();
    let mut paths: Vec<String> = oauth
        .chain(registration.map(|r| &r.registration_endpoint))
        .flatten()
        .filter_map(|url| path(site.name(url).as_deref().unwrap_or(url)))
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// The path of a URL, or of a template that nobody has a site for; one without a path excludes nothing.
fn path(url: &str) -> Option<String> {
    let after = if let Some(rest) = url.strip_prefix(BASE_URL) {
        rest
    } else {
        let rest = url.split_once("://")?.1;
        &rest[rest.find('/')?..]
    };
    let path = after.split(['?', '#']).next().unwrap_or_default();
    (path.len() > 1 && path.starts_with('/')).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_oauth_endpoints_are_told_by_their_paths() {
        let provider: Provider = serde_json::from_value(json!({
            "name": "acme", "display_name": "Acme", "auth_type": "oauth2", "flow": "dcr_pkce",
            "api_url": "acme.example",
            "oauth": {
                "authorization_url": "{base_url}/oauth/authorize?prompt=x",
                "token_url": "https://acme.example/oauth/token",
                "revocation_url": "https://acme.example",
            },
            "registration": {"registration_endpoint": "https://acme.example/register"},
        }))
        .unwrap();
        let at = |named| auth_endpoint_paths(&provider, provider.site(named));
        assert_eq!(at(None), ["/oauth/authorize", "/oauth/token", "/register"]);
        // A site may lie below a path.
        assert_eq!(
            at(Some("https://acme.example/git/"))[0],
            "/git/oauth/authorize"
        );
    }
}
