//! How the server behaves, as a test sets it.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How `/token` writes its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenStyle {
    Json,
    /// Form-encoded, and errors are so with 200: GitHub's default.
    Form,
    /// JSON, and an error comes with 200.
    ErrorsWith200,
}

/// What a redirect says of who sends it (RFC 9207).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Issuer {
    /// Nothing, and the metadata promise nothing.
    Unnamed,
    /// The server's own issuer, as the metadata promise.
    Named,
    /// Another one: a mix-up.
    Other(String),
}

/// A document whose fields a test may replace or, with `null`, remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Document {
    AuthorizationServer,
    ProtectedResource,
    /// The answer of `/device/authorize`.
    Device,
}

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) style: TokenStyle,
    /// As it is written; `null` leaves it out.
    pub(super) expires_in: Value,
    pub(super) rotate: bool,
    /// Whether a person's grant yields a refresh token at all.
    pub(super) refreshable: bool,
    pub(super) scopes_as_list: bool,
    pub(super) issuer: Issuer,
    /// The path of the issuer: nothing, or `/tenant`.
    pub(super) issuer_path: String,
    pub(super) user: Value,
    pub(super) device_interval: Duration,
    /// This many polls of a device are too fast, whenever they come.
    pub(super) slow_downs: usize,
    /// Where `/mcp` says that its metadata are; nothing for where they are.
    pub(super) challenge: Option<String>,
    pub(super) changed: BTreeMap<Document, Map<String, Value>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            style: TokenStyle::Json,
            expires_in: json!(3600),
            rotate: true,
            refreshable: true,
            scopes_as_list: false,
            issuer: Issuer::Unnamed,
            issuer_path: String::new(),
            user: json!({"id": 583_231, "login": "octocat", "name": "The Octocat"}),
            device_interval: Duration::from_secs(5),
            slow_downs: 0,
            challenge: None,
            changed: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// When an access token of now ends; one whose life makes no sense lives on.
    pub(super) fn end_of_life(&self, now: Instant) -> Option<Instant> {
        let seconds = match &self.expires_in {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        let life = Duration::try_from_secs_f64(seconds).ok()?;
        now.checked_add(life).filter(|end| *end > now)
    }

    /// The document with the test's changes.
    pub(super) fn changed(&self, document: Document, mut fields: Map<String, Value>) -> Value {
        for (name, value) in self.changed.get(&document).into_iter().flatten() {
            if value.is_null() {
                fields.remove(name);
            } else {
                fields.insert(name.clone(), value.clone());
            }
        }
        Value::Object(fields)
    }
}
