//! What went between us and a provider that nobody else may know: a provider that repeats it in an error
//! must not bring it into our messages and logs.

use crate::secret::Typed;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Request;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A piece of a secret of that length is enough to be kept back.
const PIECE: usize = 8;
/// Fields of a request that are no secrets.
const PUBLIC: [&str; 8] = [
    "grant_type",
    "scope",
    "redirect_uri",
    "client_id",
    "resource",
    "token_type_hint",
    "response_type",
    "audience",
];

/// Fields of an answer that are secrets.
const TOKENS: [&str; 3] = ["access_token", "refresh_token", "id_token"];

/// The secrets of one request, which go with its answer; or those of an answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent(Arc<Vec<Typed>>);

impl Sent {
    pub(super) fn of(request: &Request<Vec<u8>>) -> Self {
        let mut secrets = Vec::new();
        let mut note = |text: &str| {
            if !text.is_empty() {
                secrets.push(Typed::new(text));
            }
        };
        let header = request.headers().get(AUTHORIZATION);
        if let Some((scheme, value)) = header
            .and_then(|header| header.to_str().ok())
            .and_then(|text| text.split_once(' '))
        {
            note(value);
            if scheme.eq_ignore_ascii_case("basic") {
                let decoded = BASE64_STANDARD.decode(value).unwrap_or_default();
                let pair = String::from_utf8(decoded).unwrap_or_default();
                if let Some((_, encoded)) = pair.split_once(':') {
                    note(encoded);
                    let plain = format!("x={encoded}");
                    let plain = url::form_urlencoded::parse(plain.as_bytes()).next();
                    note(&plain.map(|(_, text)| text.into_owned()).unwrap_or_default());
                }
            }
        }
        let is_secret = |name: &str| !PUBLIC.contains(&name);
        if let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(request.body()) {
            for (name, value) in &fields {
                if let Some(text) = value.as_str().filter(|_| is_secret(name)) {
                    note(text);
                }
            }
        } else {
            for (name, value) in url::form_urlencoded::parse(request.body()) {
                if is_secret(&name) {
                    note(&value);
                }
            }
        }
        Self(Arc::new(secrets))
    }

    /// The tokens of an answer that is an error all the same.
    pub(super) fn back(fields: &Map<String, Value>) -> Self {
        let tokens = TOKENS.iter().filter_map(|name| fields.get(*name)?.as_str());
        let tokens = tokens.map(str::trim).filter(|token| token.len() >= PIECE);
        Self(Arc::new(tokens.map(Typed::new).collect()))
    }

    /// Whether a text holds a secret of the request, or a good piece of one.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| {
            let secret = secret.reveal();
            if secret.len() < PIECE {
                return text.contains(secret);
            }
            let bytes = text.as_bytes();
            secret
                .as_bytes()
                .windows(PIECE)
                .any(|piece| bytes.windows(PIECE).any(|window| window == piece))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_again_whole_or_in_part() {
        let basic = BASE64_STANDARD.encode("me:s3%3Ar%2Bt-of-ours");
        let request = Request::post("https://acme.example/token")
            .header(AUTHORIZATION, format!("Basic {basic}"))
            .body(b"grant_type=refresh_token&refresh_token=rt-0123456789&scope=read".to_vec())
            .unwrap();
        let sent = Sent::of(&request);
        for told in [
            "bad rt-0123456789",
            "rt-012345",
            "secret s3:r+t-of-ours",
            &basic,
        ] {
            assert!(sent.is_in(told), "{told}");
        }
        for fine in ["refresh_token is unknown", "read", "", "rt-01"] {
            assert!(!sent.is_in(fine), "{fine}");
        }
        let json = Request::post("https://acme.example/x")
            .body(br#"{"client_secret":"very-secret-text","client_id":"plain-client-id"}"#.to_vec())
            .unwrap();
        let sent = Sent::of(&json);
        assert!(sent.is_in("very-secret-text") && !sent.is_in("plain-client-id"));
    }
}
