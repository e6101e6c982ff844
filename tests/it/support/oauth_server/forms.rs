//! What clients send and what they are told: forms, client authentication, errors.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How a client proves who it is (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    Basic,
    Form,
    /// A public client, which only says its id.
    None,
}

impl Auth {
    /// By its name of RFC 7591.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "client_secret_basic" => Some(Self::Basic),
            "client_secret_post" => Some(Self::Form),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

/// An OAuth error (RFC 6749 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) why: &'static str,
}

pub(super) const fn refuse(code: &'static str, why: &'static str) -> Refusal {
    Refusal { code, why }
}

impl Refusal {
    pub(super) fn fields(self) -> Value {
        json!({"error": self.code, "error_description": self.why})
    }

    pub(super) fn status(self) -> StatusCode {
        match self.code {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut answer = (self.status(), axum::Json(self.fields())).into_response();
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status() == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"oauth\"");
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        answer
    }
}

/// The parameters of a request, each at most once; an empty one counts as absent.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    pub(super) fn from_query(query: &str) -> Result<Self, Refusal> {
        let mut fields = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let before = fields.insert(name.into_owned(), value.into_owned());
            if before.is_some() {
                return Err(refuse("invalid_request", "a parameter is there twice"));
            }
        }
        Ok(Self(fields))
    }

    /// A form, or the JSON that some device endpoints want.
    pub(super) fn from_body(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let no_text = refuse("invalid_request", "the body is not text");
        let text = std::str::from_utf8(body).map_err(|_| no_text)?;
        match content_type(headers) {
            "application/x-www-form-urlencoded" => Self::from_query(text),
            "application/json" => serde_json::from_str(text)
                .map(Self)
                .map_err(|_| refuse("invalid_request", "the body is not an object of texts")),
            _ => Err(refuse("invalid_request", "the body is not a form")),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        { self.0.get(name) }
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        let missing = refuse("invalid_request", "a parameter is missing");
        self.get(name).ok_or(missing)
    }

    pub(super) fn scopes(&self) -> Vec<String> {
        let words = self.get("scope").unwrap_or_default().split_whitespace();
        words.map(str::to_owned).collect()
    }
}

/// What a body is, without what may follow.
pub(super) fn content_type(headers: &HeaderMap) -> &str {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next();
    kind.unwrap_or_default().trim()
}

/// Who a client says it is, and its proof.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Presented {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    pub(super) auth: Auth,
}

impl Presented {
    pub(super) fn read(headers: &HeaderMap, fields: &Fields) -> Result<Self, Refusal> {
        let id = fields.get("client_id").unwrap_or_default().to_owned();
        let secret = fields.get("client_secret").map(str::to_owned);
        let Some(header) = headers.get(AUTHORIZATION) else {
            let auth = if secret.is_some() {
                Auth::Form
            } else {
                Auth::None
            };
            return Ok(Self { id, secret, auth });
        };
        let unreadable = refuse("invalid_client", "the Authorization header cannot be read");
        let (name, password) = header.to_str().ok().and_then(basic).ok_or(unreadable)?;
        if secret.is_some() || (!id.is_empty() && id != name) {
            let twice = "the client says twice who it is";
            return Err(refuse("invalid_request", twice));
        }
        Ok(Self {
            id: name,
            secret: Some(password),
            auth: Auth::Basic,
        })
    }
}

/// Name and password, each form-encoded before they were joined (RFC 6749 section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let pair = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (name, password) = pair.split_once(':')?;
    Some((form_decoded(name), form_decoded(password)))
}

fn form_decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let bytes = percent_encoding::percent_decode_str(&spaced);
    bytes.decode_utf8_lossy().into_owned()
}

/// The token of `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// 192 bits nobody guesses, after a word that says what it is.
pub(super) fn random(kind: &str) -> String {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).unwrap();
    format!("{kind}_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Eight letters without vowels, as people type them off a screen.
pub(super) fn random_user_code() -> String {
    const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    let letters = bytes.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    let (left, right) = letters.split_at(4);
    left.iter().chain(&['-']).chain(right).collect()
}

/// Text as it may stand in a page.
pub(super) fn escaped(text: &str) -> String {
    { text.replace('&', "&amp;") }
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A page with a heading; `content` is markup.
pub(super) fn page(status: StatusCode, heading: &str, content: &str) -> Response {
    let heading = escaped(heading);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{heading}</title></head>\
         <body><main><h1>{heading}</h1>{content}</main></body></html>"
    );
    (status, axum::response::Html(html)).into_response()
}
