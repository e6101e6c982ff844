//! Access tokens that a program gets by a key of its own: client credentials, assertions, GitHub Apps.

use super::endpoints::Endpoints;
use super::setup::Core;
use super::{Error, clients};
use crate::model::{GrantKey, Provider};
use crate::oauth::{self, Assertion, Tokens};
use crate::secret::SigningKey;
use url::Url;

/// Why there is no token.
#[derive(Debug)]
pub(super) enum Unminted {
    Provider(oauth::Error),
    Ours(Error),
}

impl Unminted {
    /// Whether the key itself is worth nothing, so that the same will be said of it tomorrow.
    pub(super) fn is_final(said: &oauth::Error) -> bool {
        let refused = said.code().is_some_and(|code| {
            // GitHub answers with a status alone: no such key, no such installation.
            matches!(
                code,
                "invalid_client" | "unauthorized_client" | "401" | "404"
            )
        });
        refused || said.is_final()
    }
}

impl From<Error> for Unminted {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl From<oauth::Error> for Unminted {
    fn from(error: oauth::Error) -> Self {
        Self::Provider(error)
    }
}

/// A new access token for `key`, at the site of a connection.
pub(super) async fn mint(
    core: &Core,
    provider: &Provider,
    site: Option<&str>,
    key: &GrantKey,
    scopes: &[String],
) -> Result<Tokens, Unminted> {
    let endpoints = Endpoints::new(provider, site)?;
    let transport = &core.config.transport;
    let now = core.now();
    let tokens = match key {
        GrantKey::ClientCredentials {
            client_id,
            client_secret,
        } => {
            let secret = Some(client_secret.clone());
            let client = clients::named(client_id.clone(), secret, provider);
            let url = endpoints.token()?;
            let asked = client.client_credentials(transport, &url, scopes);
            asked.await?
        }
        GrantKey::JwtBearer {
            issuer,
            subject,
            key_id,
            signing_key,
        } => {
            let audience = named(&endpoints.assertion_audience()?);
            let assertion = Assertion {
                subject: subject.as_deref(),
                audience: Some(&audience),
                key_id: key_id.as_deref(),
                ..by(issuer, signing_key, scopes)
            };
            let url = endpoints.token()?;
            let asked = assertion.exchange(transport, &url, now);
            asked.await?
        }
        GrantKey::GithubApp {
            app_id,
            installation_id,
            signing_key,
        } => {
            let url = endpoints.installation(installation_id)?;
            let assertion = by(app_id, signing_key, &[]);
            let asked = assertion.installation_token(transport, &url, now);
            asked.await?
        }
    };
    Ok(tokens)
}

/// A bare origin is written without the slash that URLs get: services compare texts.
fn named(audience: &Url) -> String {
    let text = audience.as_str();
    match text.strip_suffix('/') {
        Some(origin) if audience.path() == "/" => origin.to_owned(),
        _ => text.to_owned(),
    }
}

fn by<'a>(issuer: &'a str, signing_key: &'a SigningKey, scopes: &'a [String]) -> Assertion<'a> {
    Assertion {
        issuer,
        subject: None,
        audience: None,
        scopes,
        key_id: None,
        signing_key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_written_as_services_compare_it() {
        let named = |text: &str| named(&text.parse().unwrap());
        assert_eq!(
            named("https://login.acme.example"),
            "https://login.acme.example"
        );
        assert_eq!(
            named("https://acme.example/token"),
            "https://acme.example/token"
        );
        assert_eq!(named("https://acme.example/t/"), "https://acme.example/t/");
    }
}
