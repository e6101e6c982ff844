//! From a credential to what is added to a request.
//!
//! Pure: the caller names the credential and the host, and gets finished header, query and cookie
//! values. A value that cannot be sent (control characters, or more than ASCII) is refused here,
//! whatever let it in.

use super::connection::Credential;
use super::provider::{ApiKeySettings, BrowserSettings, Provider};
use super::target::InjectedPart;
use crate::secret::InjectedValue;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

/// Where `{secret}` stands in the texts of a rule.
pub const SECRET: &str = "{secret}";

/// One thing to add to a request, on some of the provider's hosts or on all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InjectionRule {
    #[serde(flatten)]
    pub add: Addition,
    /// Exact hosts this rule is for; empty is every host of the provider.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
}

/// What to add. `{secret}` in `format`, `username` and `password` is the credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Addition {
    /// `name: format`, for example `Authorization: Bearer {secret}`.
    Header { name: String, format: String },
    /// `Authorization: Basic base64(username:password)` (RFC 7617).
    Basic { username: String, password: String },
    /// `?name=secret`.
    Query { name: String },
    /// `Cookie: name=secret`.
    Cookie { name: String },
}

/// What a credential becomes on a request.
#[derive(Debug, Clone)]
pub struct Rendered {
    pub parts: Vec<InjectedPart>,
    /// The bare secrets, without prefix or Basic encoding, that must not come back in a response.
    pub secrets: Vec<InjectedValue>,
}

/// Why a credential cannot be put on a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error(
        "the stored credential is of another kind than provider `{provider}` takes; log in again"
    )]
    OtherKind { provider: String },
    #[error(
        "the stored credential of `{provider}` holds characters that cannot be sent; log in again"
    )]
    Unsendable { provider: String },
    #[error("provider `{provider}` says nothing about how to authenticate to this host")]
    NoRule { provider: String },
}

impl Provider {
    /// The rules in force: `injections`, or what `api_key` or `oauth` imply.
    pub fn injection_rules(&self) -> Vec<InjectionRule> {
        if !self.injections.is_empty() {
            return self.injections.clone();
        }
        let add = match &self.api_key {
            Some(settings) => settings.implied(),
            None => bearer("Authorization"),
        };
        vec![InjectionRule {
            add,
            hosts: Vec::new(),
        }]
    }

    /// What to add to a request for `host`; without one, for the first host of the definition.
    pub fn render(
        &self,
        credential: &Credential,
        host: Option<&str>,
    ) -> Result<Rendered, RenderError> {
        let host = host.map_or_else(|| self.first_host(), |host| Some(host.to_ascii_lowercase()));
        let rendered = match (credential, &self.browser) {
            (Credential::ApiKey { key }, _) => self.with_secret(key.reveal(), host.as_deref()),
            (
                Credential::OAuth2 { access_token, .. } | Credential::Minted { access_token, .. },
                _,
            ) => self.with_secret(access_token.reveal(), host.as_deref()),
            (Credential::Cookies { cookies, .. }, Some(settings)) => settings.render(cookies),
            (Credential::Cookies { .. }, None) => {
                return Err(RenderError::OtherKind {
                    provider: self.name.to_string(),
                });
            }
        };
        if rendered.parts.is_empty() {
            return Err(RenderError::NoRule {
                provider: self.name.to_string(),
            });
        }
        // The bare secrets too: Basic hides in Base64 what a form let in by mistake.
        let bare = rendered
            .secrets
            .iter()
            .all(|secret| sendable(secret.reveal()));
        if !bare || !rendered.parts.iter().all(is_sendable) {
            return Err(RenderError::Unsendable {
                provider: self.name.to_string(),
            });
        }
        Ok(rendered)
    }

    fn with_secret(&self, secret: &str, host: Option<&str>) -> Rendered {
        let applies = |rule: &&InjectionRule| {
            rule.hosts.is_empty() || host.is_some_and(|host| rule.hosts.iter().any(|h| h == host))
        };
        Rendered {
            parts: self
                .injection_rules()
                .iter()
                .filter(applies)
                .map(|rule| rule.add.render(secret))
                .collect(),
            secrets: vec![InjectedValue::new(secret)],
        }
    }

    fn first_host(&self) -> Option<String> {
        let first: super::api_url::ApiUrl = self.api_url.first()?.parse().ok()?;
        first.exact_host().map(str::to_owned)
    }
}

impl ApiKeySettings {
    /// What a definition without `injections` means.
    fn implied(&self) -> Addition {
        let name = self.header_name.as_deref().unwrap_or("Authorization");
        match self.header_prefix.as_deref() {
            None if name.eq_ignore_ascii_case("authorization") => bearer(name),
            None | Some("") => header(name, SECRET.to_owned()),
            Some(prefix) => header(name, format!("{} {SECRET}", prefix.trim_end())),
        }
    }
}

fn bearer(name: &str) -> Addition {
    header(name, format!("Bearer {SECRET}"))
}

fn header(name: &str, format: String) -> Addition {
    Addition::Header {
        name: name.to_owned(),
        format,
    }
}

impl Addition {
    fn render(&self, secret: &str) -> InjectedPart {
        match self {
            Self::Header { name, format } => InjectedPart::Header {
                name: name.clone(),
                value: InjectedValue::new(format.replace(SECRET, secret)),
            },
            Self::Basic { username, password } => {
                let both = format!("{username}:{password}").replace(SECRET, secret);
                InjectedPart::Header {
                    name: "Authorization".to_owned(),
                    value: InjectedValue::new(format!("Basic {}", BASE64_STANDARD.encode(both))),
                }
            }
            Self::Query { name } => InjectedPart::Query {
                name: name.clone(),
                value: InjectedValue::new(secret),
            },
            Self::Cookie { name } => InjectedPart::Cookie {
                name: name.clone(),
                value: InjectedValue::new(secret),
            },
        }
    }
}

impl BrowserSettings {
    /// Every cookie of the login, the headers copied from cookies, and the fixed ones.
    fn render(
        &self,
        cookies: &std::collections::BTreeMap<String, crate::secret::CookieValue>,
    ) -> Rendered {
        let mut parts: Vec<InjectedPart> = cookies
            .iter()
            .map(|(name, value)| InjectedPart::Cookie {
                name: name.clone(),
                value: InjectedValue::new(value.reveal()),
            })
            .collect();
        for copy in &self.extract {
            let Some(value) = cookies.get(&copy.cookie) else {
                continue;
            };
            // A cookie may be written with quotes around it; a header wants what is between them.
            let bare = value.reveal().trim_matches('"');
            let text = match copy.prefix.as_deref() {
                None | Some("") => bare.to_owned(),
                Some(prefix) => format!("{} {bare}", prefix.trim_end()),
            };
            parts.push(InjectedPart::Header {
                name: copy.header.clone(),
                value: InjectedValue::new(text),
            });
        }
        if !parts.is_empty() {
            parts.extend(
                self.extra_headers
                    .iter()
                    .map(|(name, text)| InjectedPart::Header {
                        name: name.clone(),
                        value: InjectedValue::new(text.as_str()),
                    }),
            );
        }
        Rendered {
            parts,
            secrets: cookies
                .values()
                .map(|v| InjectedValue::new(v.reveal()))
                .collect(),
        }
    }
}

/// Whether `text` can be sent as it is: visible ASCII and spaces, and not nothing.
pub fn sendable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| matches!(c, 0x20..=0x7e))
}

fn is_sendable(part: &InjectedPart) -> bool {
    match part {
        InjectedPart::Header { value, .. } | InjectedPart::Query { value, .. } => {
            sendable(value.reveal())
        }
        InjectedPart::Cookie { name, value } => {
            let plain = |text: &str| sendable(text) && !text.contains([';', ',', ' ']);
            plain(value.reveal()) && plain(name) && !name.contains('=')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{ApiKey, CookieValue};
    use serde_json::json;
    use std::collections::BTreeMap;

    fn provider(more: serde_json::Value) -> Provider {
        let mut all = json!({"name": "acme", "display_name": "Acme", "auth_type": "api_key",
            "flow": "api_key", "api_url": "api.acme.example"});
        if let serde_json::Value::Object(more) = more {
            all.as_object_mut().unwrap().extend(more);
        }
        serde_json::from_value(all).unwrap()
    }

    fn key(text: &str) -> Credential {
        Credential::ApiKey {
            key: ApiKey::new(text),
        }
    }

    fn shown(rendered: &Rendered) -> Vec<String> {
        rendered
            .parts
            .iter()
            .map(|part| match part {
                InjectedPart::Header { name, value } => format!("{name}: {}", value.reveal()),
                InjectedPart::Query { name, value } => format!("?{name}={}", value.reveal()),
                InjectedPart::Cookie { name, value } => format!("{name}={}", value.reveal()),
            })
            .collect()
    }

    fn render(more: serde_json::Value) -> Vec<String> {
        shown(&provider(more).render(&key("k-1"), None).unwrap())
    }

    #[test]
    fn what_api_key_implies() {
        assert_eq!(render(json!({})), ["Authorization: Bearer k-1"]);
        assert_eq!(
            render(json!({"api_key": {}})),
            ["Authorization: Bearer k-1"]
        );
        assert_eq!(
            render(json!({"api_key": {"header_name": "x-api-key"}})),
            ["x-api-key: k-1"]
        );
        let bare = json!({"api_key": {"header_name": "Authorization", "header_prefix": ""}});
        assert_eq!(render(bare), ["Authorization: k-1"]);
        let token = json!({"api_key": {"header_prefix": "Token"}});
        assert_eq!(render(token), ["Authorization: Token k-1"]);
    }

    #[test]
    fn each_kind_of_injection() {
        let all = json!({"injections": [
            {"kind": "header", "name": "X-Key", "format": "id={secret}"},
            {"kind": "basic", "username": "{secret}", "password": ""},
            {"kind": "query", "name": "key"},
            {"kind": "cookie", "name": "sid"},
        ]});
        let basic = format!("Authorization: Basic {}", BASE64_STANDARD.encode("k-1:"));
        assert_eq!(
            render(all),
            ["X-Key: id=k-1", &basic, "?key=k-1", "sid=k-1"]
        );
    }

    #[test]
    fn a_rule_is_for_its_hosts_and_no_host_means_the_first() {
        let p = provider(
            json!({"api_url": ["https://api.acme.example/v1", "git.acme.example"],
            "injections": [
                {"kind": "header", "name": "A", "format": "{secret}", "hosts": ["api.acme.example"]},
                {"kind": "header", "name": "B", "format": "{secret}", "hosts": ["git.acme.example"]}]}),
        );
        assert_eq!(shown(&p.render(&key("k"), None).unwrap()), ["A: k"]);
        assert_eq!(
            shown(&p.render(&key("k"), Some("Git.acme.example")).unwrap()),
            ["B: k"]
        );
        let none = p.render(&key("k"), Some("other.example")).unwrap_err();
        assert!(matches!(none, RenderError::NoRule { .. }));
    }

    #[test]
    fn a_secret_that_cannot_be_sent_is_refused_whatever_the_rule() {
        let rules =
            json!({"injections": [{"kind": "basic", "username": "{secret}", "password": "x"}]});
        for secret in ["a\r\nX: y", "a\nb", "a\0", "é", "\u{7f}"] {
            for p in [provider(json!({})), provider(rules.clone())] {
                let error = p.render(&key(secret), None).unwrap_err();
                assert!(
                    matches!(error, RenderError::Unsendable { .. }),
                    "{secret:?}"
                );
                assert!(!error.to_string().contains(secret));
            }
        }
        let cookie = provider(json!({"injections": [{"kind": "cookie", "name": "sid"}]}));
        assert!(cookie.render(&key("a; admin=1"), None).is_err());
    }

    #[test]
    fn a_browser_login_becomes_cookies_and_headers() {
        let p = provider(
            json!({"auth_type": "browser", "flow": "browser", "browser": {
            "extra_headers": {"x-lang": "en"},
            "extract": [{"cookie": "JSESSIONID", "header": "csrf-token"}]}}),
        );
        let cookies = BTreeMap::from([
            ("JSESSIONID".to_owned(), CookieValue::new("\"ajax:1\"")),
            ("li_at".to_owned(), CookieValue::new("tok")),
        ]);
        let credential = Credential::Cookies {
            cookies,
            expires_at: None,
        };
        let rendered = p.render(&credential, None).unwrap();
        assert_eq!(
            shown(&rendered),
            [
                "JSESSIONID=\"ajax:1\"",
                "li_at=tok",
                "csrf-token: ajax:1",
                "x-lang: en"
            ]
        );
        assert_eq!(rendered.secrets.len(), 2);
        assert!(provider(json!({})).render(&credential, None).is_err());
    }
}
