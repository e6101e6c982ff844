//! A WebSocket through the tunnel: the upstream decides, then bytes are copied (RFC 6455).
//!
//! The handshake goes upstream with the credential in it and its answer comes back; only then are
//! both ends switched. No compression is agreed on, so that what comes back can be masked.

use super::exchange;
use super::forms::Needles;
use super::frames::Frames;
use super::guard::Guard;
use super::problem::{Body, Problem, empty};
use super::resolve::Resolve;
use super::response;
use super::shared::Shared;
use super::tunnel;
use bytes::Bytes;
use http::header::{CONNECTION, RANGE, SEC_WEBSOCKET_EXTENSIONS, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// Whether the child asks for a WebSocket and nothing else.
pub(super) fn is_wanted<B>(request: &Request<B>) -> bool {
    let is = |name, word: &str| {
        let mut values = request.headers().get_all(name).iter();
        let lists = |value: &HeaderValue| {
            value
                .to_str()
                .is_ok_and(|list| list.split(',').any(|w| w.trim().eq_ignore_ascii_case(word)))
        };
        values.any(lists)
    };
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && is(UPGRADE, "websocket")
        && is(CONNECTION, "upgrade")
}

/// The child's end of the upgrade, taken before the request is rewritten.
pub(super) struct Handshake(OnUpgrade);

impl Handshake {
    pub(super) fn take(request: &mut Request<Incoming>) -> Self {
        Self(hyper::upgrade::on(request))
    }
}

/// Sends the handshake on; switches both ends if the upstream does.
pub(super) async fn open<R: Resolve, S>(
    shared: &Shared<R>,
    request: Request<Incoming>,
    handshake: Handshake,
    needles: Option<Arc<Needles>>,
    host: &str,
) -> Result<Response<Body>, Problem>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut parts, _) = request.into_parts();
    switch(&mut parts.headers);
    parts.headers.remove(SEC_WEBSOCKET_EXTENSIONS);
    // A handshake has no part to ask for, and a refusal of it must be readable.
    parts.headers.remove(RANGE);
    if let Some(needles) = &needles {
        response::ask_readable(&mut parts.headers, needles);
    }
    let client = shared
        .upstream
        .http1()
        .map_err(|error| Problem::upstream(error, host))?;
    let response = client.request(Request::from_parts(parts, empty())).await;
    let mut response = response.map_err(|error| exchange::failed(&error, host))?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return response::pass(response, &Method::GET, needles.as_ref());
    }
    let upstream = hyper::upgrade::on(&mut response);
    let passed = response::pass(response.map(|_| empty()), &Method::GET, needles.as_ref());
    let mut passed = passed?;
    if passed.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Err(Problem::malformed_response(
            "it agrees on a WebSocket extension that nobody asked for",
        ));
    }
    shared.spawn(async move {
        let (Ok(child), Ok(upstream)) = (handshake.0.await, upstream.await) else {
            return;
        };
        let Some((child, early)) = unwrap::<S>(child) else {
            return;
        };
        let upstream = TokioIo::new(upstream);
        let done = match needles {
            None => tunnel::relay(child, &early, upstream).await,
            Some(needles) => {
                tunnel::relay_scrubbed(child, &early, upstream, Frames::new(needles)).await
            }
        };
        if let Err(error) = done {
            tracing::debug!(error.cause = %error, "a WebSocket ended early");
        }
    });
    switch(passed.headers_mut());
    Ok(passed)
}

fn switch(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// The connection under an upgrade of ours, and what came on it since.
pub(super) fn unwrap<S>(upgraded: Upgraded) -> Option<(S, Bytes)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let parts = upgraded.downcast::<TokioIo<Guard<S>>>().ok()?;
    let (io, early) = parts.io.into_inner().into_parts();
    Some((io, [parts.read_buf, early].concat().into()))
}
