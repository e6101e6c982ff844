//! What the child reads when the proxy itself answers: `application/problem+json` (RFC 9457).
//!
//! Each says what happened and the command that fixes it, and carries a header that tells it
//! apart from an answer of the upstream. It never holds a secret or a query.

use super::head::Defect;
use super::resolve::Refusal;
use super::upstream::UpstreamError;
use crate::model::{ConnectionName, ErrorCode, ProviderName};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, PROXY_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use serde_json::json;
use std::convert::Infallible;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// Every body that passes through the proxy.
pub(super) type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Tells an answer of the proxy from one of the upstream; its value is the code.
const MARK: HeaderName = HeaderName::from_static("authsome-error");

pub(super) fn empty() -> Body {
    Empty::new()
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// An answer of the proxy itself.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    hint: Option<String>,
    provider: Option<ProviderName>,
}

impl Problem {
    const fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: String,
    ) -> Self {
        Self {
            status,
            code,
            title,
            detail,
            hint: None,
            provider: None,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn of(mut self, provider: &ProviderName) -> Self {
        self.provider = Some(provider.clone());
        self
    }

    /// The request cannot be read in one way only.
    pub(super) fn malformed(defect: Defect) -> Self {
        let status = match defect {
            Defect::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(
            status,
            "malformed_request",
            "Malformed request",
            defect.to_string(),
        )
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "Bad request",
            detail.into(),
        )
    }

    /// Host, SNI, authority and tunnel do not name the same place.
    pub(super) fn misdirected(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "misdirected_request",
            "Misdirected request",
            detail.into(),
        )
    }

    pub(super) fn ambiguous_path(host: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "ambiguous_path",
            "Ambiguous path",
            format!("the credential for {host} is limited to a path, and this path could be read in two ways"),
        )
        .hint("send the path without `.`, `..`, `//`, `;`, `\\` and encoded separators")
    }

    /// The request names a connection that the run does not have.
    pub(super) fn no_such_connection(
        provider: &ProviderName,
        wanted: Option<&ConnectionName>,
    ) -> Self {
        let name = wanted.map_or("", ConnectionName::as_str);
        Self::new(
            StatusCode::FORBIDDEN,
            ErrorCode::ConnectionNotFound.class(),
            "No such connection",
            format!(
                "there is no connection `{name}` of `{provider}` in this run; nothing was sent"
            ),
        )
        .hint(format!(
            "authsome login {provider} --connection {name}, then start the run again"
        ))
        .of(provider)
    }

    pub(super) fn placeholder(provider: &ProviderName, host: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "placeholder_elsewhere",
            "Placeholder for another host",
            format!("the request to {host} carries the placeholder for `{provider}`, which is valid only at that provider's hosts, over https; nothing was sent"),
        )
        .hint(format!("if {host} belongs to `{provider}`, add it to the definition's api_url: authsome inspect {provider}"))
        .of(provider)
    }

    pub(super) fn refused(refusal: &Refusal, provider: &ProviderName) -> Self {
        let away = matches!(
            refusal.code,
            ErrorCode::DaemonUnavailable | ErrorCode::StoreUnavailable | ErrorCode::RefreshFailed
        );
        let status = if away {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::FORBIDDEN
        };
        let detail = refusal.message.clone();
        let problem = Self::new(status, refusal.code.class(), "No credential", detail).of(provider);
        let hint = refusal.hint.clone();
        problem.hint(hint.unwrap_or_else(|| format!("authsome login {provider}")))
    }

    pub(super) fn unusable_credential(provider: &ProviderName, detail: &str) -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            "unusable_credential",
            "Unusable credential",
            detail.to_owned(),
        )
        .hint(format!("authsome login {provider} --force"))
        .of(provider)
    }

    pub(super) fn upstream(error: UpstreamError, host: &str) -> Self {
        let (status, code, title) = match error {
            UpstreamError::Certificate => (
                StatusCode::BAD_GATEWAY,
                "upstream_certificate",
                "Upstream not verified",
            ),
            UpstreamError::Roots => (
                StatusCode::BAD_GATEWAY,
                "upstream_roots",
                "No trusted roots",
            ),
            UpstreamError::TimedOut => (
                StatusCode::GATEWAY_TIMEOUT,
                "upstream_timeout",
                "Upstream timed out",
            ),
            UpstreamError::Unreachable => (
                StatusCode::BAD_GATEWAY,
                "upstream_unreachable",
                "Upstream not reached",
            ),
            UpstreamError::Broken => (
                StatusCode::BAD_GATEWAY,
                "upstream_failed",
                "Upstream broke off",
            ),
        };
        let problem = Self::new(status, code, title, format!("{host}: {error}"));
        match error {
            UpstreamError::Certificate => problem.hint(
                "if this host uses a private CA, name its PEM file in AUTHSOME_UPSTREAM_CA_FILE and start the run again",
            ),
            _ => problem,
        }
    }

    pub(super) fn unreadable_response(coding: &str) -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            "unreadable_response",
            "Response cannot be checked",
            format!(
                "the upstream answered with the coding `{coding}`, which was not asked for and in which the credential could hide"
            ),
        )
    }

    /// The response cannot be read in one way only, or answers something that was not asked.
    pub(super) fn malformed_response(detail: &str) -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            "malformed_response",
            "Malformed response",
            format!("the upstream's response was not handed on: {detail}"),
        )
    }

    /// No or a wrong proxy password.
    pub(super) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::PROXY_AUTHENTICATION_REQUIRED,
            "proxy_authentication_required",
            "Proxy authentication required",
            "this proxy serves one `authsome run` and takes its password only".to_owned(),
        )
        .hint("use the HTTPS_PROXY variable of the run as it is, with its user name and password")
    }

    pub(super) fn not_a_server(detail: &str) -> Self {
        Self::bad_request(detail)
            .hint("this is the proxy of `authsome run`: set HTTPS_PROXY to its URL and request the service itself")
    }

    fn json(&self) -> String {
        json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
            "hint": self.hint,
            "provider": self.provider.as_ref().map(ProviderName::as_str),
        })
        .to_string()
    }

    /// The whole answer as HTTP/1.1, for a peer that is not served by hyper.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let body = self.json();
        format!(
            "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
             {}: {}\r\nconnection: close\r\n\r\n{body}",
            self.status.as_u16(),
            self.title,
            body.len(),
            MARK,
            self.code,
        )
        .into_bytes()
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(full(self.json()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(MARK, HeaderValue::from_static(self.code));
        if self.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            let challenge = HeaderValue::from_static("Basic realm=\"authsome\", charset=\"UTF-8\"");
            headers.insert(PROXY_AUTHENTICATE, challenge);
        }
        response
    }

    /// The same, and the connection ends with it.
    pub(super) fn into_last_response(self) -> Response<Body> {
        let mut response = self.into_response();
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}
