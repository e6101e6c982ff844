//! What a login form asks for. Pure.

use super::forms::{Field, Kind};
use crate::model::provider::{Flow, Provider};

/// The inputs of a flow that is finished by a form.
pub(super) fn fields(flow: Flow, provider: &Provider) -> Vec<Field> {
    let private_key = || Field {
        kind: Kind::LongSecret,
        ..plain(
            "private_key",
            "Private key".to_owned(),
            "the PEM file, or the JSON key file as it was downloaded",
            true,
        )
    };
    match flow {
        Flow::ApiKey => vec![key_field(provider)],
        Flow::ClientCredentials => vec![
            plain("client_id", "Client ID".to_owned(), "", true),
            Field {
                kind: Kind::Secret,
                ..plain("client_secret", "Client secret".to_owned(), "", true)
            },
        ],
        Flow::JwtBearer => vec![
            private_key(),
            plain(
                "issuer",
                "Issuer".to_owned(),
                "the service account or client; leave it empty when the key file names it",
                false,
            ),
            plain(
                "subject",
                "Subject".to_owned(),
                "whom to act for, where that is somebody else",
                false,
            ),
            plain(
                "key_id",
                "Key ID".to_owned(),
                "where the service asks for one",
                false,
            ),
        ],
        Flow::GithubApp => vec![
            plain("app_id", "App ID or client ID".to_owned(), "", true),
            plain(
                "installation_id",
                "Installation ID".to_owned(),
                "the number at the end of the installation's address",
                true,
            ),
            private_key(),
        ],
        Flow::Browser => vec![Field {
            kind: Kind::LongSecret,
            ..plain(
                "cookies",
                format!("Cookies of {}", provider.display_name),
                "the Cookie header of a request, a cookies.txt, or the JSON of a cookie extension",
                true,
            )
        }],
        Flow::Pkce | Flow::DeviceCode | Flow::DcrPkce => Vec::new(),
    }
}

fn plain(name: &'static str, label: String, hint: &str, required: bool) -> Field {
    Field {
        name,
        label,
        kind: Kind::Plain,
        pattern: None,
        hint: (!hint.is_empty()).then(|| hint.to_owned()),
        required,
    }
}

/// The inputs of a login that goes on at the provider: our client there while it is missing, and where
/// the provider is installed.
pub(super) fn oauth_fields(provider: &Provider, asks_client: bool, asks_site: bool) -> Vec<Field> {
    let mut fields = Vec::new();
    if asks_site {
        fields.push(site_field(provider));
    }
    if asks_client {
        fields.push(plain(
            "client_id",
            "Client ID".to_owned(),
            "of the OAuth app that you register with the callback above",
            true,
        ));
        fields.push(Field {
            kind: Kind::Secret,
            ..plain(
                "client_secret",
                "Client secret".to_owned(),
                "leave it empty for an app that has none",
                false,
            )
        });
    }
    fields
}

/// Where the provider is installed.
pub(super) fn site_field(provider: &Provider) -> Field {
    let of_oauth = provider.oauth.as_ref().map(|oauth| &oauth.base_url_hint);
    let hint = of_oauth.or_else(|| Some(&provider.api_key.as_ref()?.base_url_hint));
    plain(
        "base_url",
        format!("Address of your {}", provider.display_name),
        hint.and_then(Option::as_deref)
            .unwrap_or("such as https://git.example.com"),
        true,
    )
}

fn key_field(provider: &Provider) -> Field {
    let settings = provider.api_key.as_ref();
    Field {
        name: "api_key",
        label: format!("{} API key", provider.display_name),
        kind: Kind::Secret,
        pattern: settings
            .and_then(|s| s.key_pattern.as_deref())
            .and_then(for_browsers),
        hint: settings.and_then(|s| s.key_pattern_hint.clone()),
        required: true,
    }
}

/// The pattern without its anchors, which the `pattern` attribute implies; one that uses syntax
/// browsers read otherwise is left out, and the server's check alone stands.
fn for_browsers(pattern: &str) -> Option<String> {
    if pattern.contains("(?") || pattern.contains(r"\A") || pattern.contains(r"\z") {
        return None;
    }
    let inner = pattern.strip_prefix('^').unwrap_or(pattern);
    let inner = match inner.strip_suffix('$') {
        Some(rest) if !rest.ends_with('\\') => rest,
        _ => inner,
    };
    // Browsers read it with the `v` flag, where a hyphen at the end of a class must be escaped.
    let inner = inner.replace(r"\-]", "-]").replace("-]", r"\-]");
    // White space around a key is taken off by the server.
    Some(format!(r"\s*(?:{inner})\s*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_handed_to_browsers_without_anchors() {
        assert_eq!(
            for_browsers("^sk-[a-z]+$").as_deref(),
            Some(r"\s*(?:sk-[a-z]+)\s*")
        );
        assert_eq!(for_browsers(r"a\$").as_deref(), Some(r"\s*(?:a\$)\s*"));
        assert_eq!(
            for_browsers("k[0-9_-]{2}").as_deref(),
            Some(r"\s*(?:k[0-9_\-]{2})\s*")
        );
        assert_eq!(for_browsers("(?i)sk-.*"), None);
    }
}
