//! From a failure to an answer: the one table of status codes, and the one place that writes them.
//!
//! Handlers only say what went wrong; [`render`](Failure::render) adds the trace id, logs what is
//! our own fault once, and writes JSON for programs or a page for people. No cause is ever shown.

use super::pages;
use super::trace::Trace;
use crate::api::{Detail, ErrorBody, FieldError};
use crate::model::{ErrorCode, NameError};
use crate::services;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

/// `ErrorCode` → HTTP status. Exhaustive on purpose: a new code does not compile without its status.
pub(super) const fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::AuthenticationFailed
        | ErrorCode::InputCancelled
        | ErrorCode::OperationNotAllowed
        | ErrorCode::TokenExpired
        | ErrorCode::RefreshFailed
        | ErrorCode::ConnectionAlreadyExists
        | ErrorCode::ProviderAlreadyRegistered
        | ErrorCode::EndpointUnreachable
        | ErrorCode::InvalidProviderSchema
        | ErrorCode::UnsupportedFlow
        | ErrorCode::Discovery => StatusCode::BAD_REQUEST,
        ErrorCode::CredentialMissing | ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden | ErrorCode::MisdirectedRequest => StatusCode::FORBIDDEN,
        ErrorCode::ConnectionNotFound
        | ErrorCode::ProviderNotFound
        | ErrorCode::IdentityNotFound
        | ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::IdentityRegistration | ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::Gone => StatusCode::GONE,
        ErrorCode::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::InvalidInput => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::StoreUnavailable
        | ErrorCode::EncryptionUnavailable
        | ErrorCode::DaemonUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Whether 0.5 clients read the reason in `detail` instead of `message`.
const fn has_detail(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Unauthenticated
            | ErrorCode::Forbidden
            | ErrorCode::MisdirectedRequest
            | ErrorCode::IdentityNotFound
            | ErrorCode::NotFound
            | ErrorCode::MethodNotAllowed
            | ErrorCode::InvalidInput
    )
}

/// A request that failed, on its way to becoming an answer.
#[derive(Debug)]
pub(super) struct ApiError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: ErrorCode,
    status: StatusCode,
    message: String,
    hint: Option<String>,
    provider: Option<String>,
    operation: Option<&'static str>,
    retry_after: Option<Duration>,
    fields: Vec<FieldError>,
    cause: Option<services::Error>,
}

impl ApiError {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            status: status(code),
            message: message.into(),
            hint: None,
            provider: None,
            operation: None,
            retry_after: None,
            fields: Vec::new(),
            cause: None,
        }))
    }

    /// HTTP itself was misused (two Host headers): 400, as RFC 9112 section 3.2 demands, where
    /// input that merely does not parse is a 422.
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorCode::InvalidInput, message);
        error.0.status = StatusCode::BAD_REQUEST;
        error
    }

    /// One part of the input does not parse.
    pub(super) fn field(loc: &[&str], kind: &str, message: impl Into<String>) -> Self {
        let message = shortened(message.into());
        let mut error = Self::new(ErrorCode::InvalidInput, message.clone());
        error.0.fields.push(FieldError {
            loc: loc.iter().map(|part| (*part).to_owned()).collect(),
            msg: message,
            kind: kind.to_owned(),
        });
        error
    }

    /// A name in the path or query that is no name.
    pub(super) fn name(loc: &[&str], wrong: &NameError) -> Self {
        Self::field(loc, "value_error", wrong.to_string())
    }

    pub(super) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unauthenticated, message)
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(super) fn code(&self) -> ErrorCode {
        self.0.code
    }

    pub(super) fn status(&self) -> StatusCode {
        self.0.status
    }

    pub(super) fn message(&self) -> &str {
        &self.0.message
    }

    pub(super) fn next_step(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// What went wrong, to be written for `audience`.
    pub(super) fn into_response_for(self, audience: Audience) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(Failure {
            error: Arc::new(self),
            audience,
        });
        response
    }

    fn body(&self, trace: &str) -> ErrorBody {
        let inner = &*self.0;
        ErrorBody {
            error: inner.code.class().to_owned(),
            message: inner.message.clone(),
            provider: inner.provider.clone(),
            operation: inner.operation.map(str::to_owned),
            code: word(inner.code),
            hint: inner.hint.clone(),
            trace_id: Some(trace.to_owned()),
            detail: has_detail(inner.code).then(|| self.detail()),
        }
    }

    fn detail(&self) -> Detail {
        let inner = &*self.0;
        match inner.code {
            ErrorCode::IdentityNotFound => Detail::Text("Identity not found".to_owned()),
            ErrorCode::InvalidInput if inner.fields.is_empty() => {
                Detail::Fields(vec![FieldError {
                    loc: vec!["body".to_owned()],
                    msg: inner.message.clone(),
                    kind: "value_error".to_owned(),
                }])
            }
            ErrorCode::InvalidInput => Detail::Fields(inner.fields.clone()),
            _ => Detail::Text(inner.message.clone()),
        }
    }

    /// Seconds after which the same request may succeed.
    pub(super) fn comes_back(&self) -> Option<u64> {
        let after = match self.0.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                self.0.retry_after.unwrap_or(Duration::from_secs(1))
            }
            _ => self.0.retry_after?,
        };
        Some(
            after
                .as_millis()
                .div_ceil(1_000)
                .max(1)
                .try_into()
                .unwrap_or(u64::MAX),
        )
    }

    /// Tells the operator, once, of what is not the caller's doing.
    fn log(&self, trace: &str) {
        let inner = &*self.0;
        let cause = causes(inner.cause.as_ref());
        if inner.status.is_server_error() {
            tracing::error!(
                error.code = inner.code.class(),
                http.status = inner.status.as_u16(),
                trace.id = trace,
                error.cause = cause,
                "{}",
                inner.message
            );
        } else {
            tracing::debug!(
                error.code = inner.code.class(),
                http.status = inner.status.as_u16(),
                trace.id = trace,
                error.cause = cause,
                "request refused"
            );
        }
    }
}

impl From<services::Error> for ApiError {
    fn from(error: services::Error) -> Self {
        let mut converted = Self::new(error.code(), error.message());
        converted.0.hint = error.next_step().map(str::to_owned);
        converted.0.provider = error.about().map(ToString::to_string);
        converted.0.operation = error.doing();
        converted.0.retry_after = error.come_back_after();
        converted.0.cause = Some(error);
        converted
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.into_response_for(Audience::Program)
    }
}

/// Who reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    Program,
    Person,
    /// No route was found, so the Accept header decides.
    Unknown,
}

/// A failure that waits in the response's extensions for its trace id.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    error: Arc<ApiError>,
    audience: Audience,
}

impl Failure {
    /// Writes the answer: status, headers the router already set, and a body for its reader.
    pub(super) fn render(self, response: Response, accepts_html: bool, trace: &Trace) -> Response {
        let trace = trace.id();
        self.error.log(&trace);
        let person = match self.audience {
            Audience::Program => false,
            Audience::Person => true,
            Audience::Unknown => accepts_html,
        };
        let (mut parts, _) = response.into_parts();
        let headers = &mut parts.headers;
        if let Some(seconds) = self.error.comes_back() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.error.code() == ErrorCode::Unauthenticated && !person {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("PoP"));
        }
        headers.remove(header::CONTENT_LENGTH);
        let body = if person {
            headers.insert(header::CONTENT_TYPE, pages::HTML);
            Body::from(pages::failure(&self.error, &trace))
        } else {
            headers.insert(header::CONTENT_TYPE, JSON);
            Body::from(serde_json::to_vec(&self.error.body(&trace)).unwrap_or_default())
        };
        Response::from_parts(parts, body)
    }
}

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `ConnectionNotFoundError` as `connection_not_found`.
fn word(code: ErrorCode) -> String {
    let class = code.class();
    let name = class.strip_suffix("Error").unwrap_or(class);
    let mut word = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

/// What a parser says may repeat the input; nobody needs 100 KB of it back.
fn shortened(mut message: String) -> String {
    const LONGEST: usize = 300;
    if message.len() > LONGEST {
        let cut = (0..=LONGEST).rev().find(|at| message.is_char_boundary(*at));
        message.truncate(cut.unwrap_or(0));
        message.push('…');
    }
    message
}

fn causes(error: Option<&services::Error>) -> String {
    let mut text = String::new();
    let mut next = error.and_then(StdError::source);
    while let Some(cause) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statuses_are_those_of_the_wire_contract() {
        for (code, expected) in [
            (ErrorCode::AuthenticationFailed, 400),
            (ErrorCode::ConnectionNotFound, 404),
            (ErrorCode::CredentialMissing, 401),
            (ErrorCode::IdentityRegistration, 409),
            (ErrorCode::StoreUnavailable, 503),
            (ErrorCode::EncryptionUnavailable, 503),
            (ErrorCode::InvalidInput, 422),
            (ErrorCode::MisdirectedRequest, 403),
            (ErrorCode::Gone, 410),
        ] {
            assert_eq!(status(code).as_u16(), expected, "{code}");
        }
    }

    #[test]
    fn a_code_as_a_word_is_snake_case() {
        assert_eq!(word(ErrorCode::ConnectionNotFound), "connection_not_found");
        assert_eq!(word(ErrorCode::Gone), "gone");
    }

    #[test]
    fn an_answer_that_asks_for_patience_says_how_much() {
        let busy = ApiError::new(ErrorCode::StoreUnavailable, "busy");
        assert_eq!(busy.comes_back(), Some(1));
        let wait = services::Error::new(ErrorCode::TooManyRequests, "wait")
            .retry_after(Duration::from_millis(1_500));
        assert_eq!(ApiError::from(wait).comes_back(), Some(2));
        assert_eq!(ApiError::new(ErrorCode::Gone, "gone").comes_back(), None);
    }

    #[test]
    fn a_refused_input_is_not_repeated_at_length() {
        let error = ApiError::field(&["body"], "value_error", "é".repeat(100_000));
        assert!(error.message().len() < 400);
    }

    #[test]
    fn the_detail_has_the_shape_old_clients_read() {
        let text =
            |error: ApiError| serde_json::to_value(error.body("t")).unwrap()["detail"].clone();
        assert_eq!(text(ApiError::unauthenticated("no proof")), "no proof");
        assert_eq!(
            text(ApiError::new(ErrorCode::IdentityNotFound, "no `x` here")),
            "Identity not found"
        );
        assert_eq!(
            text(ApiError::field(
                &["body", "handle"],
                "missing",
                "is missing"
            )),
            serde_json::json!([{"loc": ["body", "handle"], "msg": "is missing", "type": "missing"}])
        );
        assert!(text(ApiError::new(ErrorCode::ConnectionNotFound, "none")).is_null());
    }
}
