//! What every request passes before a route is looked for, and every answer on its way out.
//!
//! Host and Origin are judged here, for `/health` as for anything else, and bodies that are too
//! large are refused before a byte of them is read. A panic below becomes a logged 500 and costs
//! its own request alone.

use super::body::{self, Slot};
use super::error::{ApiError, Audience, Failure};
use super::headers;
use super::limits::MAX_HEADERS;
use super::origins::Origins;
use super::state::App;
use super::trace::{Trace, TraceHooks};
use crate::model::ErrorCode;
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version, header};
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use tower::Service;
use tracing::Instrument;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The address a connection came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// The router behind its checks. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    app: App,
    router: Router,
}

impl Gate {
    pub(super) const fn new(app: App, router: Router) -> Self {
        Self { app, router }
    }

    pub(super) async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response {
        let (parts, incoming) = request.into_parts();
        let reader = Reader::of(&parts, self.app.hooks);
        let span = reader.trace.span();
        self.answer_in_span(parts, incoming, peer, reader)
            .instrument(span)
            .await
    }

    async fn answer_in_span(
        &self,
        parts: Parts,
        incoming: Incoming,
        peer: SocketAddr,
        reader: Reader,
    ) -> Response {
        let slot = Slot::new(incoming);
        let version = parts.version;
        let mut response = match self.admit(&parts) {
            None => self.route(parts, slot.clone(), peer).await,
            Some(refused) => refused,
        };
        if let Some(unread) = slot.take() {
            body::linger(&self.app, unread, version);
        }
        if let Some(failure) = response.extensions_mut().remove::<Failure>() {
            response = failure.render(response, reader.accepts_html(), &reader.trace);
        }
        headers::protect(response.headers_mut());
        reader.trace.ended(response.status());
        response
    }

    /// The refusal of a request that may not pass.
    fn admit(&self, parts: &Parts) -> Option<Response> {
        if parts.headers.len() > MAX_HEADERS {
            return Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response());
        }
        let checked = check_host(parts, &self.app.origins)
            .and_then(|()| check_origin(&parts.method, &parts.headers, &self.app.origins))
            .and_then(|()| check_method(&parts.method))
            .and_then(|()| check_length(&parts.headers));
        let refused = checked.err()?;
        Some(refused.into_response_for(Audience::Unknown))
    }

    async fn route(&self, parts: Parts, slot: Slot, peer: SocketAddr) -> Response {
        let mut request = Request::from_parts(parts, Body::empty());
        request.extensions_mut().insert(slot);
        request.extensions_mut().insert(Peer(peer));
        let answer = AssertUnwindSafe(self.router.clone().call(request));
        match answer.catch_unwind().await {
            Ok(Ok(response)) => response,
            Err(_) => ApiError::new(ErrorCode::Internal, "the daemon met an error of its own")
                .hint("report it with this trace id; the daemon's log has the details")
                .into_response_for(Audience::Unknown),
        }
    }
}

/// What is needed of a request after it is gone.
struct Reader {
    accept: Option<HeaderValue>,
    trace: Trace,
}

impl Reader {
    fn of(parts: &Parts, hooks: TraceHooks) -> Self {
        Self {
            accept: parts.headers.get(header::ACCEPT).cloned(),
            trace: Trace::of(parts, hooks),
        }
    }

    fn accepts_html(&self) -> bool {
        self.accept
            .as_ref()
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
    }
}

/// One Host, ours, and the same as the request target's where that names one (RFC 9112 section 3.2).
fn check_host(parts: &Parts, origins: &Origins) -> Result<(), ApiError> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(ApiError::malformed("send exactly one Host header"));
    }
    let host = host
        .map(|host| host.to_str())
        .transpose()
        .map_err(|_| ApiError::malformed("the Host header is not readable"))?;
    let target = parts.uri.authority().map(http::uri::Authority::as_str);
    let named = match (target, host) {
        (Some(target), Some(host)) if !target.eq_ignore_ascii_case(host) => {
            return Err(ApiError::malformed(
                "the request target and the Host header name different hosts",
            ));
        }
        (_, Some(host)) => host,
        (Some(target), None) if parts.version == Version::HTTP_2 => target,
        _ => return Err(ApiError::malformed("send a Host header")),
    };
    if origins.answers_to(named) {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorCode::MisdirectedRequest,
        "this daemon does not answer for the host of this request",
    )
    .hint(format!(
        "use {}, or let the operator add the origin to AUTHSOME_ALLOWED_ORIGINS",
        origins.base()
    )))
}

/// Another site's page may link to ours and nothing more: it may not post, fetch, frame or embed.
fn check_origin(method: &Method, headers: &HeaderMap, origins: &Origins) -> Result<(), ApiError> {
    let mut all = headers.get_all(header::ORIGIN).iter();
    let ours = all.all(|origin| origin.to_str().is_ok_and(|text| origins.are_ours(text)));
    if !ours {
        return Err(foreign("the Origin of this request is not ours"));
    }
    let is = |name: &HeaderName, values: &[&[u8]]| {
        headers
            .get(name)
            .is_some_and(|value| values.contains(&value.as_bytes()))
    };
    if !headers.contains_key(FETCH_SITE) || is(&FETCH_SITE, &[b"same-origin", b"none"]) {
        return Ok(());
    }
    let is_link = matches!(*method, Method::GET | Method::HEAD)
        && is(&FETCH_MODE, &[b"navigate"])
        && is(&FETCH_DEST, &[b"document"]);
    if is_link {
        return Ok(());
    }
    Err(foreign("another site may not send this request"))
}

fn foreign(message: &str) -> ApiError {
    ApiError::forbidden(message).hint("open the page from this daemon's own address")
}

fn check_method(method: &Method) -> Result<(), ApiError> {
    if matches!(*method, Method::CONNECT | Method::TRACE) {
        return Err(method_not_allowed());
    }
    Ok(())
}

fn check_length(headers: &HeaderMap) -> Result<(), ApiError> {
    if body::is_hopeless(headers) {
        return Err(body::too_large(crate::api::MAX_BODY_BYTES));
    }
    Ok(())
}

pub(super) fn method_not_allowed() -> ApiError {
    ApiError::new(
        ErrorCode::MethodNotAllowed,
        "this address does not take this method",
    )
}

/// What a program is told; a person gets words of their own.
pub(super) const NOTHING_HERE: &str = "there is nothing at this address";

pub(super) fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, NOTHING_HERE).hint("GET /openapi.json lists every address")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        Origins::new("127.0.0.1:7998".parse().unwrap(), None, [])
    }

    fn parts(target: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn exactly_one_host_of_ours_passes() {
        let judge = |target: &str, headers: &[(&str, &str)]| {
            check_host(&parts(target, headers), &origins())
                .err()
                .map_or(200, |error| error.status().as_u16())
        };
        let own = ("host", "127.0.0.1:7998");
        assert_eq!(judge("/health", &[own]), 200);
        assert_eq!(judge("/health", &[]), 400);
        assert_eq!(judge("/health", &[own, own]), 400);
        assert_eq!(judge("/health", &[("host", "evil.example:7998")]), 403);
        assert_eq!(judge("/health", &[("host", "")]), 403);
        assert_eq!(judge("http://127.0.0.1:7998/health", &[own]), 200);
        assert_eq!(judge("http://evil.example/health", &[own]), 400);
        assert_eq!(judge("http://127.0.0.1:7998/health", &[]), 400);
    }

    #[test]
    fn a_foreign_page_may_link_and_nothing_else() {
        let judge = |method: Method, headers: &[(&str, &str)]| {
            check_origin(&method, &parts("/", headers).headers, &origins()).is_ok()
        };
        let link = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        let frame = [
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "iframe"),
        ];
        assert!(judge(Method::GET, &link));
        assert!(!judge(Method::POST, &link));
        assert!(!judge(Method::GET, &frame));
        assert!(!judge(Method::GET, &[("sec-fetch-site", "cross-site")]));
        assert!(judge(Method::POST, &[("origin", "http://127.0.0.1:7998")]));
        assert!(judge(Method::POST, &[("sec-fetch-site", "none")]));
        assert!(!judge(Method::POST, &[("origin", "http://127.0.0.1:3000")]));
        assert!(!judge(Method::GET, &[("origin", "null")]));
        assert!(judge(Method::POST, &[]));
    }
}
