//! What a token answer is (RFC 6749 section 5), in all the ways providers write one.
//!
//! GitHub answers form-encoded and with 200 for an error, others send `expires_in` as text or
//! negative, scopes as a list, `token_type` in any case, or an error as an object. All of it is
//! brought into the one form the protocol library reads; what is left over is malformed.

use super::error::TransportError;
use super::sent::Sent;
use crate::secret::{AccessToken, RefreshToken};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use oauth2::basic::BasicTokenType;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Longer lives than this are a mistake or an attack on our arithmetic.
const LONGEST_LIFE: Duration = Duration::from_hours(24 * 366 * 10);
/// A token is a header's value in the end; no service has longer ones.
const LONGEST_TOKEN: usize = 16 * 1024;
const LONGEST_CODE: usize = 64;
const LONGEST_DESCRIPTION: usize = 300;

/// What a grant yields.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access_token: AccessToken,
    /// Absent when the provider gives none, or when it keeps the one that was used.
    pub refresh_token: Option<RefreshToken>,
    /// From the moment of the answer; absent when the provider does not say.
    pub expires_in: Option<Duration>,
    /// Absent when they are those that were asked for.
    pub scopes: Option<Vec<String>>,
}

/// Why an exchange gave nothing that can be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An error page, or a status that says less than an OAuth error would.
    #[error("HTTP status {0}")]
    Status(u16),
    #[error("{0}")]
    Malformed(&'static str),
}

/// The answer as the library takes it: JSON, 200 for tokens, 400 for an error.
pub(super) fn normalised(response: &Response<Vec<u8>>) -> Result<Response<Vec<u8>>, Unanswered> {
    let status = response.status();
    let Some(fields) = fields(response) else {
        return Err(if status.is_success() {
            Unanswered::Malformed("it is neither JSON nor a form")
        } else {
            Unanswered::Status(status.as_u16())
        });
    };
    let secrets = [
        response.extensions().get().cloned().unwrap_or_default(),
        Sent::back(&fields),
    ];
    if let Some(error) = refusal(&fields, &secrets) {
        return Ok(as_json(StatusCode::BAD_REQUEST, &error));
    }
    if !status.is_success() {
        return Err(Unanswered::Status(status.as_u16()));
    }
    Ok(as_json(StatusCode::OK, &Value::Object(fields)))
}

fn as_json(status: StatusCode, value: &Value) -> Response<Vec<u8>> {
    let mut response = Response::new(value.to_string().into_bytes());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn fields(response: &Response<Vec<u8>>) -> Option<Map<String, Value>> {
    let text = std::str::from_utf8(response.body()).ok()?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') {
        return serde_json::from_str(text).ok();
    }
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let may_be_form = ["application/x-www-form-urlencoded", "text/plain"]
        .iter()
        .any(|form| kind.to_ascii_lowercase().starts_with(form));
    let pairs: Map<String, Value> = url::form_urlencoded::parse(text.as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    let speaks_oauth = pairs.contains_key("access_token") || pairs.contains_key("error");
    (may_be_form && speaks_oauth).then_some(pairs)
}

/// The error in an answer, whatever its status.
fn refusal(fields: &Map<String, Value>, secrets: &[Sent]) -> Option<Value> {
    let error = fields.get("error").filter(|error| !error.is_null())?;
    let inner = |name: &str| error.get(name).and_then(Value::as_str);
    let code = match error {
        Value::String(code) => code.as_str(),
        Value::Object(_) => {
            { inner("type").or(inner("code")).or(inner("status")) }.unwrap_or("error")
        }
        Value::Bool(false) => return None,
        _ => "error",
    };
    let said = fields.get("error_description").and_then(Value::as_str);
    let said = said
        .or(inner("message"))
        .or(fields.get("message").and_then(Value::as_str));
    // As it would be shown: a character that is left out may not hide a token.
    let code = clean(code, LONGEST_CODE, |c| c.is_ascii_graphic());
    let said = said.map(|text| clean(text, LONGEST_DESCRIPTION, is_shown));
    let is_plain = |text: &String| !secrets.iter().any(|secrets| secrets.is_in(text));
    let code = Some(code).filter(is_plain);
    Some(json!({
        "error": code.unwrap_or_else(|| "error".to_owned()),
        "error_description": said.filter(is_plain),
    }))
}

/// Whether a character may stand in a message: no control, and none that hides or turns others.
pub(super) fn is_shown(c: char) -> bool {
    let turns = matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    );
    !c.is_control() && !turns
}

/// What may be shown of a stranger's words.
pub(super) fn clean(text: &str, most: usize, is_fit: impl Fn(char) -> bool) -> String {
    text.chars().filter(|c| is_fit(*c)).take(most).collect()
}

/// The library's view of [`Tokens`].
#[derive(Debug)]
pub(super) struct Answer {
    access_token: oauth2::AccessToken,
    refresh_token: Option<oauth2::RefreshToken>,
    expires_in: Option<Duration>,
    scopes: Option<Vec<oauth2::Scope>>,
}

impl From<Answer> for Tokens {
    fn from(answer: Answer) -> Self {
        Self {
            access_token: AccessToken::new(answer.access_token.into_secret()),
            refresh_token: answer
                .refresh_token
                .map(|token| RefreshToken::new(token.into_secret())),
            expires_in: answer.expires_in,
            scopes: answer.scopes.map(|scopes| {
                scopes
                    .iter()
                    .map(|scope| scope.as_str().to_owned())
                    .collect()
            }),
        }
    }
}

impl oauth2::TokenResponse for Answer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &oauth2::AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &BasicTokenType::Bearer
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }

    fn refresh_token(&self) -> Option<&oauth2::RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<oauth2::Scope>> {
        self.scopes.as_ref()
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let fields = Map::deserialize(from)?;
        read(&fields).map_err(serde::de::Error::custom)
    }
}

/// The library wants it, and nothing of ours ever writes tokens out.
impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_unit()
    }
}

fn read(fields: &Map<String, Value>) -> Result<Answer, &'static str> {
    let text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim())),
        Some(_) => Err("a token is not text"),
    };
    let token = |name: &str| match text(name)? {
        Some(token) if !is_token(token) => Err("a token holds what no token may"),
        found => Ok(found),
    };
    // Any type but bearer would need a proof of ours that we do not make (RFC 6749 section 7.1).
    let kind = text("token_type").ok().flatten().unwrap_or("bearer");
    if !["bearer", "bot", "user", "token"].contains(&kind.to_ascii_lowercase().as_str()) {
        return Err("its tokens are not bearer tokens");
    }
    Ok(Answer {
        access_token: token("access_token")?
            .map(|token| oauth2::AccessToken::new(token.to_owned()))
            .ok_or("it has no access token")?,
        refresh_token: token("refresh_token")?
            .map(|token| oauth2::RefreshToken::new(token.to_owned())),
        expires_in: fields.get("expires_in").and_then(life),
        scopes: fields.get("scope").and_then(scopes),
    })
}

/// What a header can carry (RFC 6750 section 2.1 allows less; services give more).
fn is_token(text: &str) -> bool {
    text.len() <= LONGEST_TOKEN && text.bytes().all(|c| c.is_ascii_graphic())
}

/// A life of nothing, or less, is no statement; one of centuries is cut.
fn life(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    let is_sensible = seconds.is_finite() && seconds >= 1.0;
    is_sensible.then(|| {
        Duration::try_from_secs_f64(seconds.trunc())
            .map_or(LONGEST_LIFE, |life| life.min(LONGEST_LIFE))
    })
}

/// Words with spaces or, against the standard, commas between; or a list.
fn scopes(value: &Value) -> Option<Vec<oauth2::Scope>> {
    let words: Vec<&str> = match value {
        Value::String(text) => text.split([' ', ',']).collect(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let words = words.into_iter().map(str::trim).filter(|word| {
        !word.is_empty() && word.len() <= 256 && word.bytes().all(|c| c.is_ascii_graphic())
    });
    Some(
        words
            .take(200)
            .map(|word| oauth2::Scope::new(word.to_owned()))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use oauth2::TokenResponse as _;
    use proptest::prelude::*;

    fn response(status: u16, kind: &str, body: &str) -> Response<Vec<u8>> {
        Response::builder()
            .status(status)
            .header(CONTENT_TYPE, kind)
            .body(body.as_bytes().to_vec())
            .unwrap()
    }

    fn tokens(kind: &str, body: &str) -> Result<Answer, String> {
        let made = normalised(&response(200, kind, body)).map_err(|error| error.to_string())?;
        if made.status() != StatusCode::OK {
            return Err(String::from_utf8(made.into_body()).unwrap());
        }
        serde_json::from_slice(made.body()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_way_to_write_an_answer_is_read() {
        let json = r#" {"access_token":"at","token_type":"BEARER","expires_in":"3600","scope":["a","b"]} "#;
        let answer = tokens("application/json; charset=utf-8", json).unwrap();
        assert_eq!(answer.access_token().secret(), "at");
        assert_eq!(answer.expires_in(), Some(Duration::from_hours(1)));
        assert_eq!(answer.scopes().unwrap().len(), 2);
        let form = "access_token=gho_x&scope=repo%2Cuser&token_type=bearer&refresh_token=r&expires_in=28800.0";
        let answer = tokens("application/x-www-form-urlencoded", form).unwrap();
        assert_eq!(answer.refresh_token().unwrap().secret(), "r");
        assert_eq!(answer.scopes().unwrap()[1].as_str(), "user");
        assert_eq!(answer.expires_in().unwrap().as_secs(), 28800);
        // The type of the body is often wrong.
        assert!(tokens("text/html", json).is_ok());
    }

    #[test]
    fn a_life_that_makes_no_sense_is_no_life() {
        for text in [
            "0", "-1", "\"soon\"", "null", "[]", "1e999", "\"NaN\"", "0.5",
        ] {
            let body = format!(r#"{{"access_token":"at","expires_in":{text}}}"#);
            if let Ok(answer) = tokens("application/json", &body) {
                assert_eq!(answer.expires_in(), None, "{text}");
            }
        }
        for text in ["1e300", "99999999999999999999", "\"1e18\""] {
            let body = format!(r#"{{"access_token":"at","expires_in":{text}}}"#);
            let answer = tokens("application/json", &body).unwrap();
            assert_eq!(answer.expires_in(), Some(LONGEST_LIFE), "{text}");
        }
    }

    #[test]
    fn an_error_with_200_is_an_error() {
        for (kind, body, code) in [
            (
                "application/x-www-form-urlencoded",
                "error=bad_verification_code&error_description=wrong",
                "bad_verification_code",
            ),
            (
                "application/json",
                r#"{"ok":false,"error":"invalid_code"}"#,
                "invalid_code",
            ),
            (
                "application/json",
                r#"{"error":{"type":"oauth","message":"no\u001b[31m"}}"#,
                "oauth",
            ),
        ] {
            let said = tokens(kind, body).unwrap_err();
            assert!(said.contains(code), "{said}");
            assert!(!said.contains('\u{1b}'));
        }
    }

    #[test]
    fn what_is_no_answer_is_refused_without_repeating_it() {
        for body in [
            "<html>canary</html>",
            "",
            "[\"canary\"]",
            r#"{"access_token":"","canary":1}"#,
            r#"{"access_token":["canary"]}"#,
            r#"{"access_token":"can\r\nary"}"#,
            r#"{"access_token":"at","refresh_token":7,"x":"canary"}"#,
            r#"{"access_token":"at","token_type":"mac","x":"canary"}"#,
        ] {
            let said = tokens("application/json", body).unwrap_err();
            assert!(!said.contains("canary"), "{said}");
        }
        let page = response(502, "text/html", "<h1>Bad gateway</h1>");
        assert!(matches!(normalised(&page), Err(Unanswered::Status(502))));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(body in r#"[\{\}"a-z_=&:,0-9e\.\-\[\] %]{0,80}"#, status in 200_u16..600) {
            let _ = normalised(&response(status, "text/plain", &body));
            let _ = tokens("application/json", &body);
        }
    }

    #[test]
    fn an_error_that_repeats_what_was_sent_is_told_without_it() {
        let request = http::Request::post("https://acme.example/token")
            .body(b"grant_type=refresh_token&refresh_token=canary-0123456789".to_vec())
            .unwrap();
        let mut response = Response::new(
            br#"{"error":"invalid_grant","error_description":"canary-0123456789 is unknown"}"#
                .to_vec(),
        );
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response.extensions_mut().insert(Sent::of(&request));
        let told = normalised(&response).unwrap();
        let told = String::from_utf8(told.into_body()).unwrap();
        assert!(told.contains("invalid_grant"), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }
}
