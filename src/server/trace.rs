//! The trace of a request (W3C Trace Context): the caller's where it sent one, else a fresh one.
//!
//! Each request has a span, `request`, for whoever exports traces and figures; it costs nothing
//! while nobody does. It names the route's template, never the path: paths hold one-time tokens.

use axum::body::Body;
use axum::extract::MatchedPath;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use std::fmt::Write;
use tracing::Span;
use tracing::field::Empty;

/// How spans join traces; the daemon hands in telemetry's functions, since the server knows no exporter.
#[derive(Debug, Clone, Copy)]
pub struct TraceHooks {
    /// Makes the trace that the headers name the parent of a span.
    pub join: fn(&Span, &HeaderMap),
    /// The trace id of a span, where it has one.
    pub id: fn(&Span) -> Option<String>,
}

impl Default for TraceHooks {
    /// Nothing is exported.
    fn default() -> Self {
        Self {
            join: |_, _| {},
            id: |_| None,
        }
    }
}

/// Enough to name the trace later; costs nothing until somebody asks.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    parent: Option<HeaderValue>,
    span: Span,
    hooks: TraceHooks,
}

impl Trace {
    pub(super) fn of(parts: &Parts, hooks: TraceHooks) -> Self {
        let span = tracing::debug_span!(
            "request",
            otel.kind = "server",
            http.request.method = %parts.method,
            http.route = Empty,
            http.response.status_code = Empty,
        );
        if !span.is_disabled() {
            (hooks.join)(&span, &parts.headers);
        }
        Self {
            parent: parts.headers.get(crate::api::TRACEPARENT).cloned(),
            span,
            hooks,
        }
    }

    /// To do the work of the request in.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    pub(super) fn ended(&self, status: StatusCode) {
        self.span
            .record("http.response.status_code", status.as_u16());
    }

    /// 32 lower-case hexadecimal digits.
    pub(super) fn id(&self) -> String {
        let sent = || {
            let value = self.parent.as_ref()?.to_str().ok()?;
            trace_id(value).map(str::to_owned)
        };
        (self.hooks.id)(&self.span)
            .or_else(sent)
            .unwrap_or_else(fresh)
    }
}

/// Tells the request's span which route it took.
pub(super) fn name_route(request: Request<Body>) -> Request<Body> {
    let span = Span::current();
    if !span.is_disabled()
        && let Some(route) = request.extensions().get::<MatchedPath>()
    {
        span.record("http.route", route.as_str());
    }
    request
}

/// The second part of `00-{32 hex}-{16 hex}-{2 hex}`, unless it is all zeros.
fn trace_id(parent: &str) -> Option<&str> {
    let mut parts = parent.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length
            && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
            && text.bytes().any(|c| c != b'0')
    };
    let good = version.len() == 2 && version != "ff" && is_hex(trace, 32) && is_hex(span, 16);
    good.then_some(trace)
}

fn fresh() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness the id is all zeros, which is still an id; the request goes on.
    let _ = getrandom::fill(&mut bytes);
    bytes
        .iter()
        .fold(String::with_capacity(32), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parent: &str) -> String {
        let mut request = Request::builder();
        if !parent.is_empty() {
            request = request.header("traceparent", parent);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Trace::of(&parts, TraceHooks::default()).id()
    }

    #[test]
    fn a_caller_that_names_its_trace_finds_it_again() {
        assert_eq!(
            of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
    }

    #[test]
    fn a_bad_trace_gets_a_fresh_id() {
        for parent in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-<script>-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "x",
        ] {
            let id = of(parent);
            assert_eq!(id.len(), 32);
            assert!(!parent.contains(&id));
        }
        assert_ne!(of(""), of(""));
    }
}
