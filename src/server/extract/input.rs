//! Bodies, paths and queries, parsed into checked types; what does not parse is a 422 that says where.

use crate::model::ErrorCode;
use crate::server::body;
use crate::server::cookies::Cookie;
use crate::server::error::{ApiError, Audience};
use crate::server::limits::MAX_FORM_BYTES;
use crate::server::state::App;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// A JSON body. An empty one without a content type reads as `{}`.
#[derive(Debug)]
pub(in crate::server) struct Json<T>(pub(in crate::server) T);

/// A form a browser sent.
#[derive(Debug)]
pub(in crate::server) struct Form<T>(pub(in crate::server) T);

/// The query, after `?`.
#[derive(Debug)]
pub(in crate::server) struct Query<T>(pub(in crate::server) T);

/// The names in the path, in order: one checked name or two.
#[derive(Debug)]
pub(in crate::server) struct Path<T>(pub(in crate::server) T);

/// Any of these, refused with a page instead of JSON.
#[derive(Debug)]
pub(in crate::server) struct ForPerson<T>(pub(in crate::server) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Json<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let declared = content_type(&parts.headers)?.map(str::to_owned);
        let bytes = body::read(parts, app, crate::api::MAX_BODY_BYTES).await?;
        match declared.as_deref() {
            Some(kind) if kind.eq_ignore_ascii_case("application/json") => {
                parse_json(&bytes).map(Self)
            }
            None if bytes.is_empty() => parse_json(b"{}").map(Self),
            _ => Err(
                ApiError::new(ErrorCode::UnsupportedMediaType, "this address takes JSON")
                    .hint("send `Content-Type: application/json`"),
            ),
        }
    }
}

impl<T: DeserializeOwned> FromRequestParts<App> for Form<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        read_form(parts, app).await.map(Self)
    }
}

impl<T> FromRequestParts<App> for ForPerson<T>
where
    T: FromRequestParts<App, Rejection = ApiError> + Send,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        T::from_request_parts(parts, app)
            .await
            .map(Self)
            .map_err(|error| error.into_response_for(Audience::Person))
    }
}

/// Strangers sign in and up, which is short; what they send takes no room from those who are known. At
/// home whoever has the link of a login may be nobody's account.
async fn form_limit(parts: &Parts, app: &App) -> Result<usize, ApiError> {
    if !app.origins.is_hosted() || !body::is_large(parts) {
        return Ok(MAX_FORM_BYTES);
    }
    let Some(cookie) = Cookie::Session.find(&parts.headers, &app.origins) else {
        return Ok(body::SMALL);
    };
    let session = app.services.accounts.glance_at_session(&cookie).await?;
    Ok(session.map_or(body::SMALL, |_| MAX_FORM_BYTES))
}

async fn read_form<T: DeserializeOwned>(parts: &mut Parts, app: &App) -> Result<T, ApiError> {
    let is_form = content_type(&parts.headers)?
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    let limit = form_limit(parts, app).await?;
    let bytes = body::read(parts, app, limit).await?;
    if !is_form {
        return Err(ApiError::new(
            ErrorCode::UnsupportedMediaType,
            "this page takes its own form",
        )
        .hint("open the page and send the form on it"));
    }
    serde_urlencoded::from_bytes(&bytes)
        .map_err(|_| ApiError::field(&["body"], "value_error", "the form is not complete"))
}

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        serde_urlencoded::from_str(parts.uri.query().unwrap_or_default())
            .map(Self)
            .map_err(|wrong| ApiError::field(&["query"], "value_error", wrong.to_string()))
    }
}

impl<A> FromRequestParts<App> for Path<(A,)>
where
    A: FromStr<Err = crate::model::NameError>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let names = path_names(parts, app).await?;
        Ok(Self((name(&names, 0)?,)))
    }
}

impl<A, B> FromRequestParts<App> for Path<(A, B)>
where
    A: FromStr<Err = crate::model::NameError>,
    B: FromStr<Err = crate::model::NameError>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let names = path_names(parts, app).await?;
        Ok(Self((name(&names, 0)?, name(&names, 1)?)))
    }
}

async fn path_names(parts: &mut Parts, app: &App) -> Result<RawPathParams, ApiError> {
    RawPathParams::from_request_parts(parts, app)
        .await
        .map_err(|_| ApiError::field(&["path"], "value_error", "the path is not valid UTF-8"))
}

fn name<T: FromStr<Err = crate::model::NameError>>(
    names: &RawPathParams,
    index: usize,
) -> Result<T, ApiError> {
    let Some((key, value)) = names.iter().nth(index) else {
        return Err(ApiError::new(
            ErrorCode::Internal,
            "a route lacks the name it takes",
        ));
    };
    value
        .parse()
        .map_err(|wrong| ApiError::name(&["path", key], &wrong))
}

/// The media type without its parameters; `None` when there is none, an error when there are two.
fn content_type(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut all = headers.get_all(header::CONTENT_TYPE).iter();
    let first = all.next();
    if all.next().is_some() {
        return Err(ApiError::malformed("send exactly one Content-Type header"));
    }
    Ok(first.map(|value| {
        let text = value.to_str().unwrap_or("unreadable");
        text.split(';').next().unwrap_or_default().trim_ascii()
    }))
}

/// Every body of ours is an object in UTF-8: a list would be read field by field, and bytes that are
/// no text would pass where nobody looks at them.
fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| ApiError::field(&["body"], "json_invalid", "the body is not UTF-8"))?;
    if text.trim_start().starts_with('[') {
        return Err(ApiError::field(
            &["body"],
            "value_error",
            "write an object, as in {…}",
        ));
    }
    serde_json::from_str(text).map_err(|wrong| refusal(&wrong))
}

/// Says where and why, in the words 0.5 clients know.
fn refusal(wrong: &serde_json::Error) -> ApiError {
    let message = wrong.to_string();
    if wrong.is_syntax() || wrong.is_eof() {
        return ApiError::field(&["body"], "json_invalid", message);
    }
    let kind = if message.starts_with("missing field") {
        "missing"
    } else {
        "value_error"
    };
    match quoted(&message).filter(|_| kind == "missing") {
        Some(field) => ApiError::field(&["body", field], kind, "is missing"),
        None => ApiError::field(&["body"], kind, message.as_str()),
    }
}

fn quoted(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::RegisterIdentity;

    fn refused(body: &str) -> (u16, String) {
        let error = parse_json::<RegisterIdentity>(body.as_bytes()).unwrap_err();
        (error.status().as_u16(), error.message().to_owned())
    }

    #[test]
    fn hostile_json_is_refused_and_not_repeated() {
        let deep = "[".repeat(100_000);
        let long = format!(r#"{{"handle":"{}","did":"x"}}"#, "a".repeat(100_000));
        for body in [
            "",
            "{",
            "[]",
            "[\"ab\", \"did:key:z6Mk\"]",
            "null",
            "NaN",
            "{\"handle\":\"\\ud800\",\"did\":\"x\"}",
            "{\"handle\":\"a\\u0000b\",\"did\":\"x\"}",
            "{\"handle\":\"ab\",\"handle\":\"cd\",\"did\":\"x\"}",
            "{\"handle\":1,\"did\":\"x\"}",
            "{\"handle\":\"ab\"} {}",
            deep.as_str(),
            long.as_str(),
        ] {
            let (status, message) = refused(body);
            assert_eq!(status, 422);
            assert!(message.len() < 400);
        }
        assert!(parse_json::<RegisterIdentity>(b"\"\xff\"").is_err());
        let unknown = b"{\"handle\":\"ab\",\"did\":\"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK\",\"x\":\"\xff\"}";
        assert!(parse_json::<RegisterIdentity>(unknown).is_err());
    }

    #[test]
    fn a_missing_field_is_named() {
        let (_, message) = refused("{}");
        assert_eq!(message, "is missing");
    }

    #[test]
    fn only_the_media_type_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(content_type(&headers).unwrap(), None);
        headers.insert(
            header::CONTENT_TYPE,
            "application/json; charset=utf-8".parse().unwrap(),
        );
        assert_eq!(content_type(&headers).unwrap(), Some("application/json"));
        headers.append(header::CONTENT_TYPE, "text/plain".parse().unwrap());
        assert!(content_type(&headers).is_err());
    }
}
