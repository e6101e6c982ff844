//! Finding the endpoints of a resource from its URL alone: protected-resource metadata (RFC 9728), then the
//! metadata of its authorization server (RFC 8414, `OpenID` Connect Discovery).
//!
//! A document counts only where its issuer or resource puts it, and says itself whose it is: an
//! attacker's document cannot speak for another server.

use super::document::malformed;
use super::error::{Error, Step};
use super::transport::Transport;
use http::header::WWW_AUTHENTICATE;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

const STEP: Step = Step::Discovery;
/// Most scopes that are taken from a document.
const MOST_SCOPES: usize = 50;

/// What is known of a resource and its authorization server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// The resource as it calls itself (RFC 8707).
    pub resource: Option<Url>,
    pub scopes: Vec<String>,
    pub server: AuthorizationServer,
}

/// RFC 8414 section 2, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationServer {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub registration_endpoint: Option<Url>,
    pub revocation_endpoint: Option<Url>,
    pub device_authorization_endpoint: Option<Url>,
    /// How a client may say who it is; empty where the server does not say.
    pub auth_methods: Vec<String>,
    /// Whether every answer names the issuer (RFC 9207 section 3).
    pub names_issuer: bool,
}

#[derive(Deserialize)]
struct ResourceDocument {
    resource: String,
    #[serde(default)]
    authorization_servers: Vec<String>,
    #[serde(default)]
    scopes_supported: Vec<String>,
}

#[derive(Deserialize)]
struct ServerDocument {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    registration_endpoint: Option<Url>,
    revocation_endpoint: Option<Url>,
    device_authorization_endpoint: Option<Url>,
    code_challenge_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Transport {
    /// The endpoints for `resource`, such as the URL of an MCP server.
    pub async fn discover(&self, resource: &Url) -> Result<Discovered, Error> {
        let found = self.protected_resource(resource).await?;
        let (issuer, own, scopes) = match found {
            Some(document) => {
                let issuer = document.authorization_servers.into_iter().next();
                let issuer = issuer
                    .ok_or_else(|| malformed(STEP, "the resource names no authorization server"))?;
                let own: Option<Url> = document.resource.parse().ok();
                (issuer, own, document.scopes_supported)
            }
            // Older servers are their own authorization server.
            None => (resource.origin().ascii_serialization(), None, Vec::new()),
        };
        let server = self.authorization_server(&issuer).await?;
        let is_scope = |scope: &String| {
            (1..=256).contains(&scope.len()) && scope.bytes().all(|c| c.is_ascii_graphic())
        };
        Ok(Discovered {
            resource: own,
            scopes: scopes
                .into_iter()
                .filter(is_scope)
                .take(MOST_SCOPES)
                .collect(),
            server,
        })
    }

    async fn protected_resource(&self, resource: &Url) -> Result<Option<ResourceDocument>, Error> {
        let mut places = Vec::new();
        let answer = self.get(STEP, resource, None).await;
        if let Ok(answer) = &answer {
            let named = answer
                .headers()
                .get_all(WWW_AUTHENTICATE)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .find_map(named_metadata);
            places.extend(named);
        }
        for path in [resource.path().trim_end_matches('/'), ""] {
            let mut place = resource.clone();
            place.set_path(&format!("/.well-known/oauth-protected-resource{path}"));
            place.set_query(None);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        for place in places {
            match self.document(STEP, &place, None).await {
                Ok(document) => return read_resource(document, resource).map(Some),
                Err(Error::Status { status, .. }) if (400..500).contains(&status) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(None)
    }

    async fn authorization_server(&self, issuer: &str) -> Result<AuthorizationServer, Error> {
        let base: Url = issuer
            .parse()
            .map_err(|_| malformed(STEP, "the authorization server is named by no URL"))?;
        let path = base.path().trim_end_matches('/').to_owned();
        let mut last = malformed(STEP, "its authorization server has no metadata");
        for place in [
            format!("/.well-known/oauth-authorization-server{path}"),
            format!("/.well-known/openid-configuration{path}"),
            format!("{path}/.well-known/openid-configuration"),
        ] {
            let mut url = base.clone();
            url.set_path(&place);
            url.set_query(None);
            match self.document(STEP, &url, None).await {
                Ok(document) => return read_server(document, issuer),
                Err(Error::Status { status, .. }) if (400..500).contains(&status) => {}
                Err(other) => last = other,
            }
        }
        Err(last)
    }
}

/// `resource_metadata` of a challenge (RFC 9728 section 5.1).
fn named_metadata(challenge: &str) -> Option<Url> {
    let (_, rest) = challenge.split_once("resource_metadata=")?;
    let text = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split([',', ' ']).next()?,
    };
    text.parse().ok()
}

/// The document must speak of what was asked for (RFC 9728 section 3.3), or of all of its origin.
fn read_resource(document: Value, asked: &Url) -> Result<ResourceDocument, Error> {
    let document: ResourceDocument = serde_json::from_value(document)
        .map_err(|_| malformed(STEP, "the metadata of the resource do not read"))?;
    let own: Option<Url> = document.resource.parse().ok();
    let speaks_for = own.is_some_and(|own| {
        let (own_path, path) = (own.path().trim_end_matches('/'), asked.path());
        let rest = path.strip_prefix(own_path);
        own.origin() == asked.origin()
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    if speaks_for {
        return Ok(document);
    }
    Err(malformed(
        STEP,
        "the metadata of the resource are another resource's",
    ))
}

/// The document must name the very issuer it was asked for (RFC 8414 section 3.3), and S256.
fn read_server(document: Value, issuer: &str) -> Result<AuthorizationServer, Error> {
    let document: ServerDocument = serde_json::from_value(document)
        .map_err(|_| malformed(STEP, "the metadata of the authorization server do not read"))?;
    if document.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
        return Err(malformed(
            STEP,
            "the metadata of the authorization server are another issuer's",
        ));
    }
    let methods = document.code_challenge_methods_supported;
    if methods.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
        return Err(malformed(
            STEP,
            "the authorization server has no PKCE with S256",
        ));
    }
    Ok(AuthorizationServer {
        issuer: document.issuer,
        authorization_endpoint: document.authorization_endpoint,
        token_endpoint: document.token_endpoint,
        registration_endpoint: document.registration_endpoint,
        revocation_endpoint: document.revocation_endpoint,
        device_authorization_endpoint: document.device_authorization_endpoint,
        auth_methods: document
            .token_endpoint_auth_methods_supported
            .unwrap_or_default(),
        names_issuer: document.authorization_response_iss_parameter_supported,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_challenge_names_the_metadata() {
        let named = |text: &str| named_metadata(text).map(String::from);
        let url = "https://a.example/.well-known/x";
        let quoted = format!("Bearer realm=\"a\", resource_metadata=\"{url}\", error=\"x\"");
        assert_eq!(named(&quoted).as_deref(), Some(url));
        let bare = format!("Bearer resource_metadata={url}, error=x");
        assert_eq!(named(&bare).as_deref(), Some(url));
        assert_eq!(named("Bearer realm=\"a\""), None);
        assert_eq!(named("Bearer resource_metadata=nonsense"), None);
    }

    #[test]
    fn a_resource_speaks_for_itself_and_what_is_below_it() {
        let asked: Url = "https://a.example/team/mcp".parse().unwrap();
        let read = |resource: &str| read_resource(json!({"resource": resource}), &asked).is_ok();
        assert!(read("https://a.example/team/mcp"));
        assert!(read("https://a.example/team"));
        assert!(read("https://a.example"));
        assert!(!read("https://a.example/tea"));
        assert!(!read("https://b.example/team/mcp"));
        assert!(!read("http://a.example/team/mcp"));
        assert!(!read("nonsense"));
    }

    #[test]
    fn a_server_names_its_issuer_and_s256() {
        let document = |issuer: &str, methods: Value| {
            json!({
                "issuer": issuer, "authorization_endpoint": "https://a.example/authorize",
                "token_endpoint": "https://a.example/token",
                "code_challenge_methods_supported": methods,
            })
        };
        let read = |document| read_server(document, "https://a.example");
        assert!(read(document("https://a.example/", json!(["plain", "S256"]))).is_ok());
        assert!(read(document("https://a.example", Value::Null)).is_ok());
        assert!(read(document("https://a.example", json!(["plain"]))).is_err());
        assert!(read(document("https://evil.example", json!(["S256"]))).is_err());
        assert!(read(json!({"issuer": "https://a.example"})).is_err());
        assert!(read(json!([])).is_err());
    }
}
