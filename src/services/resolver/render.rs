//! From a definition and a credential to the parts that go into a request.
//!
//! Pure. Refuses a value that would break out of its place: a line end in a header, a semicolon in
//! a cookie.

use crate::model::provider::{InjectionRule, Provider};
use crate::model::target::InjectedPart;
use crate::model::{ConnectionName, Credential, Injection};
use crate::secret::{CookieValue, InjectedValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;

/// Where a rule writes the secret.
const SECRET: &str = "{secret}";
const AUTHORIZATION: &str = "Authorization";

/// A credential that cannot go into a request as the definition wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("the stored secret holds a character that cannot go into a request")]
    Character,
    #[error("the definition does not fit the stored kind of credential")]
    Kind,
}

/// What to add to a request for `credential` at `provider`.
pub(super) fn injection(
    provider: &Provider,
    connection: &ConnectionName,
    credential: &Credential,
    lease_seconds: u32,
) -> Result<Injection, Unfit> {
    let parts = match credential {
        Credential::ApiKey { key } => secret_parts(provider, key.reveal())?,
        Credential::OAuth2 { access_token, .. } => secret_parts(provider, access_token.reveal())?,
        Credential::Cookies { cookies, .. } => cookie_parts(provider, cookies)?,
    };
    Ok(Injection {
        provider: provider.name.clone(),
        connection: connection.clone(),
        parts,
        secrets: bare_secrets(credential),
        lease_seconds,
    })
}

/// The texts that must not come back in a response.
fn bare_secrets(credential: &Credential) -> Vec<InjectedValue> {
    match credential {
        Credential::ApiKey { key } => vec![InjectedValue::new(key.reveal())],
        Credential::OAuth2 { access_token, .. } => vec![InjectedValue::new(access_token.reveal())],
        Credential::Cookies { cookies, .. } => cookies
            .values()
            .map(|value| InjectedValue::new(value.reveal()))
            .collect(),
    }
}

fn secret_parts(provider: &Provider, secret: &str) -> Result<Vec<InjectedPart>, Unfit> {
    if provider.injections.is_empty() {
        return Ok(vec![implied_header(provider, secret)?]);
    }
    provider
        .injections
        .iter()
        .map(|rule| apply(rule, secret))
        .collect()
}

fn apply(rule: &InjectionRule, secret: &str) -> Result<InjectedPart, Unfit> {
    match rule {
        InjectionRule::Header { name, format } => header(name, &format.replace(SECRET, secret)),
        InjectionRule::Basic { username, password } => {
            let pair = format!(
                "{}:{}",
                username.replace(SECRET, secret),
                password.replace(SECRET, secret)
            );
            header(AUTHORIZATION, &format!("Basic {}", STANDARD.encode(pair)))
        }
        InjectionRule::Query { name } => Ok(InjectedPart::Query {
            name: name.clone(),
            value: checked(secret, |_| true)?,
        }),
        InjectionRule::Cookie { name } => cookie(name, secret),
    }
}

/// What `api_key` says, or a bearer token (RFC 6750 section 2.1).
fn implied_header(provider: &Provider, secret: &str) -> Result<InjectedPart, Unfit> {
    let Some(settings) = &provider.api_key else {
        return header(AUTHORIZATION, &format!("Bearer {secret}"));
    };
    let name = settings.header_name.as_deref().unwrap_or(AUTHORIZATION);
    match settings.header_prefix.as_deref() {
        None | Some("") => header(name, secret),
        Some(prefix) => header(name, &format!("{} {secret}", prefix.trim_end())),
    }
}

fn cookie_parts(
    provider: &Provider,
    cookies: &BTreeMap<String, CookieValue>,
) -> Result<Vec<InjectedPart>, Unfit> {
    let settings = provider.browser.as_ref().ok_or(Unfit::Kind)?;
    let mut parts = cookies
        .iter()
        .map(|(name, value)| cookie(name, value.reveal()))
        .collect::<Result<Vec<_>, _>>()?;
    for copy in &settings.extract {
        if let Some(value) = cookies.get(&copy.cookie) {
            let prefix = copy.prefix.as_deref().unwrap_or_default();
            parts.push(header(
                &copy.header,
                &format!("{prefix}{}", value.reveal()),
            )?);
        }
    }
    for (name, value) in &settings.extra_headers {
        parts.push(header(name, value)?);
    }
    Ok(parts)
}

fn header(name: &str, value: &str) -> Result<InjectedPart, Unfit> {
    Ok(InjectedPart::Header {
        name: name.to_owned(),
        value: checked(value, |_| true)?,
    })
}

fn cookie(name: &str, value: &str) -> Result<InjectedPart, Unfit> {
    Ok(InjectedPart::Cookie {
        name: name.to_owned(),
        value: checked(value, |c| !matches!(c, b';' | b' '))?,
    })
}

/// Printable ASCII alone fits everywhere a secret goes (RFC 9110 section 5.5).
fn checked(value: &str, also: impl Fn(u8) -> bool) -> Result<InjectedValue, Unfit> {
    let fits = value
        .bytes()
        .all(|c| (c.is_ascii_graphic() || c == b' ') && also(c));
    if fits {
        Ok(InjectedValue::new(value))
    } else {
        Err(Unfit::Character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{AccessToken, ApiKey};
    use serde_json::json;

    fn provider(more: &serde_json::Value) -> Provider {
        let mut definition = json!({
            "name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": "api_key",
        });
        let (Some(into), Some(from)) = (definition.as_object_mut(), more.as_object()) else {
            panic!("objects");
        };
        into.extend(from.clone());
        serde_json::from_value(definition).unwrap()
    }

    fn key(text: &str) -> Credential {
        Credential::ApiKey {
            key: ApiKey::new(text),
        }
    }

    fn shown(provider: &Provider, credential: &Credential) -> Vec<String> {
        injection(provider, &ConnectionName::default(), credential, 0)
            .unwrap()
            .parts
            .iter()
            .map(|part| match part {
                InjectedPart::Header { name, value } => format!("{name}: {}", value.reveal()),
                InjectedPart::Query { name, value } => format!("?{name}={}", value.reveal()),
                InjectedPart::Cookie { name, value } => format!("{name}={}", value.reveal()),
            })
            .collect()
    }

    #[test]
    fn a_prefix_goes_before_the_key_and_none_means_the_bare_key() {
        let bearer = provider(
            &json!({"api_key": {"header_name": "Authorization", "header_prefix": "Bearer"}}),
        );
        assert_eq!(shown(&bearer, &key("k")), ["Authorization: Bearer k"]);
        let bare =
            provider(&json!({"api_key": {"header_name": "x-api-key", "header_prefix": null}}));
        assert_eq!(shown(&bare, &key("k")), ["x-api-key: k"]);
    }

    #[test]
    fn every_kind_of_rule_is_applied() {
        let rules = json!({"injections": [
            {"kind": "basic", "username": "{secret}", "password": ""},
            {"kind": "header", "name": "X-Key", "format": "v1 {secret}"},
            {"kind": "query", "name": "key"},
            {"kind": "cookie", "name": "sid"},
        ]});
        assert_eq!(
            shown(&provider(&rules), &key("abc")),
            [
                "Authorization: Basic YWJjOg==",
                "X-Key: v1 abc",
                "?key=abc",
                "sid=abc"
            ]
        );
    }

    #[test]
    fn an_oauth_token_without_rules_is_a_bearer_token() {
        let plain = provider(&json!({"auth_type": "oauth2", "flow": "pkce"}));
        let token = Credential::OAuth2 {
            access_token: AccessToken::new("t"),
            refresh_token: None,
            token_type: "Bearer".into(),
            expires_at: None,
        };
        assert_eq!(shown(&plain, &token), ["Authorization: Bearer t"]);
    }

    #[test]
    fn cookies_are_set_and_copied_into_headers() {
        let browser = provider(
            &json!({"auth_type": "browser", "flow": "browser", "browser": {
                "extract": [{"cookie": "ct0", "header": "x-csrf-token"}],
                "extra_headers": {"x-app": "web"},
            }}),
        );
        let credential = Credential::Cookies {
            cookies: [("auth", "a"), ("ct0", "c")]
                .map(|(name, value)| (name.to_owned(), CookieValue::new(value)))
                .into(),
            expires_at: None,
        };
        assert_eq!(
            shown(&browser, &credential),
            ["auth=a", "ct0=c", "x-csrf-token: c", "x-app: web"]
        );
    }

    #[test]
    fn a_value_that_would_break_out_is_refused() {
        let header = provider(&json!({"api_key": {"header_name": "x-api-key"}}));
        for hostile in ["a\r\nX-Evil: 1", "a\0", "é"] {
            let refused = injection(&header, &ConnectionName::default(), &key(hostile), 0);
            assert!(refused.is_err(), "{hostile:?}");
        }
        let cookie = provider(&json!({"injections": [{"kind": "cookie", "name": "sid"}]}));
        assert!(injection(&cookie, &ConnectionName::default(), &key("a; b=c"), 0).is_err());
    }
}
