//! A definition from a URL alone, as for an MCP server: what it and its authorization server say of
//! themselves. Stores nothing.

use super::Providers;
use crate::model::api_url::ApiUrl;
use crate::model::provider::{
    AuthType, AuthorizationMethod, Flow, OAuthSettings, RegistrationSettings,
};
use crate::model::{ErrorCode, Provider, ProviderName};
use crate::oauth::{AuthorizationServer, Discovered};
use crate::services::failure::{CHECK_THE_WAY, is_out_of_reach};
use crate::services::{Actor, Error};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::{Host, Url};

/// The provider for a URL.
#[derive(Debug, Clone)]
pub struct ForUrl {
    pub name: ProviderName,
    /// Absent where a provider that is known already stands for the URL.
    pub definition: Option<Box<Provider>>,
}

impl Providers {
    /// The provider that a URL belongs to, or a definition of one (administrators only).
    pub async fn for_url<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        url: &str,
    ) -> Result<ForUrl, Error> {
        actor
            .into()
            .require_admin("ask other servers for their metadata")?;
        let url = server_url(url)?;
        let all = self.list().await?;
        let known: Vec<&Arc<Provider>> = all.custom.iter().chain(&all.bundled).collect();
        if let Some(name) = standing_for(&url, &known) {
            return Ok(ForUrl {
                name,
                definition: None,
            });
        }
        let found = self.core.config.transport.discover(&url).await;
        let found = found.map_err(|wrong| undiscovered(&url, wrong))?;
        let name = free_name(&url, |name| known.iter().any(|other| other.name == *name))?;
        let definition = definition(&url, name, found);
        Ok(ForUrl {
            name: definition.name.clone(),
            definition: Some(Box::new(definition)),
        })
    }
}

fn standing_for(url: &Url, known: &[&Arc<Provider>]) -> Option<ProviderName> {
    let host = url.host_str().unwrap_or_default();
    let is_place = |entry: &String| {
        entry.parse::<ApiUrl>().is_ok_and(|own| {
            own.matches_host(host)
                && own.matches_path(url.path())
                && Some(own.port) == url.port_or_known_default()
        })
    };
    let found = known.iter().find(|provider| {
        provider.auth_type == AuthType::OAuth2 && provider.api_url.iter().any(is_place)
    });
    found.map(|provider| provider.name.clone())
}

fn server_url(text: &str) -> Result<Url, Error> {
    let wrong = || {
        Error::invalid(
            "the address of a server is an https URL such as https://mcp.example.com/mcp",
        )
    };
    if text.len() > 2_048 || !text.bytes().all(|c| c.is_ascii_graphic()) {
        return Err(wrong());
    }
    let mut url: Url = text.parse().map_err(|_| wrong())?;
    if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong());
    }
    url.set_fragment(None);
    url.set_query(None);
    Ok(url)
}

fn definition(url: &Url, name: ProviderName, found: Discovered) -> Provider {
    let host = url.host_str().unwrap_or_default().to_owned();
    let Discovered {
        resource,
        scopes,
        server,
    } = found;
    let can_register = server.registration_endpoint.is_some();
    let registration = server
        .registration_endpoint
        .as_ref()
        .map(|endpoint| RegistrationSettings {
            registration_endpoint: Some(endpoint.to_string()),
            unknown: serde_json::Map::new(),
        });
    Provider {
        schema_version: 1,
        name,
        display_name: host,
        kind: Some("mcp".to_owned()),
        auth_type: AuthType::OAuth2,
        flow: if can_register {
            Flow::DcrPkce
        } else {
            Flow::Pkce
        },
        oauth: Some(settings(&server, resource, scopes)),
        registration,
        client: None,
        api_key: None,
        browser: None,
        export: BTreeMap::new(),
        api_url: vec![url.to_string()],
        docs_url: None,
        self_hosted: None,
        placeholder: None,
        injections: Vec::new(),
        unknown: serde_json::Map::new(),
    }
}

fn settings(
    server: &AuthorizationServer,
    resource: Option<Url>,
    scopes: Vec<String>,
) -> OAuthSettings {
    let text = |url: &Option<Url>| url.as_ref().map(Url::to_string);
    OAuthSettings {
        authorization_url: Some(server.authorization_endpoint.to_string()),
        token_url: Some(server.token_endpoint.to_string()),
        revocation_url: text(&server.revocation_endpoint),
        device_authorization_url: text(&server.device_authorization_endpoint),
        device_token_request: None,
        scopes,
        pkce: true,
        supports_device_code: server.device_authorization_endpoint.is_some(),
        supports_dcr: server.registration_endpoint.is_some(),
        base_url: None,
        base_url_hint: None,
        client: None,
        authorization_method: method(server),
        authorization_params: BTreeMap::new(),
        scope_separator: None,
        issuer: Some(server.issuer.clone()),
        names_issuer: server.names_issuer,
        grants: Vec::new(),
        assertion_audience: None,
        installation_token_url: None,
        resource: resource.map(String::from),
        userinfo: None,
        unknown: serde_json::Map::new(),
    }
}

/// A public client where that is taken: a secret that everybody could read would be none.
fn method(server: &AuthorizationServer) -> Option<AuthorizationMethod> {
    let takes = |method: &str| server.auth_methods.iter().any(|known| known == method);
    if server.auth_methods.is_empty() || takes("none") {
        None
    } else if takes("client_secret_post") {
        Some(AuthorizationMethod::Body)
    } else {
        Some(AuthorizationMethod::Basic)
    }
}

/// A name that stands for nothing yet: two servers never share one, whatever their hosts have in common.
fn free_name(url: &Url, is_taken: impl Fn(&ProviderName) -> bool) -> Result<ProviderName, Error> {
    let stem = name_for(url);
    let numbered = (2..100).map(|number| format!("{stem}-{number}"));
    for name in std::iter::once(stem.clone()).chain(numbered) {
        let name = name.parse()?;
        if !is_taken(&name) {
            return Ok(name);
        }
    }
    Err(Error::invalid(format!(
        "there are too many providers named like {stem}; remove one"
    )))
}

/// `https://mcp.example.com/mcp` is `example-mcp`.
fn name_for(url: &Url) -> String {
    let host = match url.host() {
        Some(Host::Domain(domain)) => domain.to_ascii_lowercase(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let host = host.trim_matches(['[', ']', '.']);
    let host = ["mcp.", "www.", "api."]
        .iter()
        .find_map(|prefix| host.strip_prefix(prefix))
        .unwrap_or(host);
    let is_name = matches!(url.host(), Some(Host::Domain(_)));
    let stem = match host.rsplit_once('.') {
        Some((stem, _)) if is_name => stem,
        _ => host,
    };
    let stem: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(50)
        .collect();
    format!("{}-mcp", stem.trim_matches('-'))
}

fn undiscovered(url: &Url, cause: crate::oauth::Error) -> Error {
    let host = url.host_str().unwrap_or_default();
    let (code, hint) = if is_out_of_reach(&cause) {
        (ErrorCode::EndpointUnreachable, CHECK_THE_WAY)
    } else {
        (
            ErrorCode::Discovery,
            "a server without metadata can be described in a file: docs/providers-schema.md",
        )
    };
    Error::new(code, format!("{host}: {cause}"))
        .hint(hint)
        .operation("discover")
        .caused_by(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_after_its_host() {
        let name = |url: &str| name_for(&url.parse().unwrap());
        assert_eq!(name("https://mcp.example.com/mcp"), "example-mcp");
        assert_eq!(name("https://eu.acme.example/x"), "eu-acme-mcp");
        assert_eq!(name("https://localhost:8443/"), "localhost-mcp");
        assert_eq!(name("https://127.0.0.1/"), "127-0-0-1-mcp");
        for url in ["https://[::1]/", "https://xn--bcher-kva.example/"] {
            assert!(name(url).parse::<ProviderName>().is_ok(), "{}", name(url));
        }
        let taken = |name: &ProviderName| name.as_str() == "example-mcp";
        let other = "https://mcp.example.org/".parse().unwrap();
        assert_eq!(free_name(&other, taken).unwrap().as_str(), "example-mcp-2");
        assert!(free_name(&other, |_| true).is_err());
        for wrong in [
            "http://a.example/",
            "https://u:p@a.example/",
            "ftp://a",
            "x",
            "",
        ] {
            assert!(server_url(wrong).is_err(), "{wrong}");
        }
    }
}
