//! What can go wrong with an endpoint, and the count of the requests that reached it.

use super::super::http::PATIENCE;
use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Request, Response, StatusCode, header};
use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::io;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// A path of the server, or a family of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Endpoint {
    Authorize,
    Token,
    DeviceAuthorization,
    DevicePage,
    Register,
    Revoke,
    /// RFC 8414.
    Metadata,
    OpenIdMetadata,
    /// RFC 9728.
    ResourceMetadata,
    Installation,
    UserInfo,
    Mcp,
    Api,
}

impl Endpoint {
    fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/authorize" => Self::Authorize,
            "/token" => Self::Token,
            "/device/authorize" => Self::DeviceAuthorization,
            "/device" => Self::DevicePage,
            "/register" => Self::Register,
            "/revoke" => Self::Revoke,
            "/userinfo" => Self::UserInfo,
            "/mcp" => Self::Mcp,
            _ if path.starts_with("/api/") => Self::Api,
            _ if path.starts_with("/app/installations/") => Self::Installation,
            _ if path.contains("/.well-known/oauth-authorization-server") => Self::Metadata,
            _ if path.contains("/.well-known/openid-configuration") => Self::OpenIdMetadata,
            _ if path.contains("/.well-known/oauth-protected-resource") => Self::ResourceMetadata,
            _ => return None,
        })
    }
}

/// One way for an endpoint to fail, until it is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing happens before the release; then all is well.
    Held,
    /// All is done, and the answer waits for the release.
    AnswerHeld,
    /// All is done, and the connection ends instead of the answer.
    AnswerLost,
    /// This status with a page.
    Status(u16),
    /// A page with 200, where JSON was to be.
    Garbage,
    /// 307, which asks for the same request, body and all, somewhere else.
    Redirect(String),
    /// 1 GiB, or as much of it as the client takes.
    Huge,
    /// The connection ends; nothing is done.
    Reset,
    /// The connection ends in the midst of the answer's body.
    Truncated,
    /// A byte at a time, for as long as the client listens.
    Drip,
}

const PAGE: &str = "<!doctype html><title>Oops</title><h1>Something went wrong</h1>";
const CHUNK: usize = 64 * 1024;
const HUGE: usize = 1024 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Traffic {
    faults: Mutex<BTreeMap<Endpoint, Fault>>,
    seen: Mutex<BTreeMap<Endpoint, usize>>,
    arrived: Condvar,
    releases: watch::Sender<u64>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            faults: Mutex::default(),
            seen: Mutex::default(),
            arrived: Condvar::default(),
            releases: watch::Sender::new(0),
        }
    }
}

impl Traffic {
    pub(super) fn set(&self, endpoint: Endpoint, fault: Option<Fault>) {
        let mut faults = self.faults.lock().unwrap();
        match fault {
            Some(fault) => faults.insert(endpoint, fault),
            None => faults.remove(&endpoint),
        };
    }

    pub(super) fn release(&self) {
        let mut faults = self.faults.lock().unwrap();
        faults.retain(|_, fault| !matches!(fault, Fault::Held | Fault::AnswerHeld));
        self.releases.send_modify(|count| *count += 1);
    }

    pub(super) fn seen(&self, endpoint: Endpoint) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.get(&endpoint).copied().unwrap_or_default()
    }

    pub(super) fn wait_for(&self, endpoint: Endpoint, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.seen.lock().unwrap();
        while seen.get(&endpoint).copied().unwrap_or_default() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "{endpoint:?} was not asked {count} times: {seen:?}"
            );
            seen = self.arrived.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Answers with `well`, or as the endpoint's fault says; `cut` ends the connection.
    pub(super) async fn answer<F>(
        &self,
        request: Request<Body>,
        cut: &Notify,
        well: impl FnOnce(Request<Body>) -> F,
    ) -> Response<Body>
    where
        F: Future<Output = Response<Body>>,
    {
        // Before the request counts as seen: a release after that must reach it.
        let released = self.releases.subscribe();
        match self.arrive(request.uri().path()) {
            None => well(request).await,
            Some(Fault::Held) => {
                next(released).await;
                well(request).await
            }
            Some(Fault::AnswerHeld) => {
                let answer = well(request).await;
                next(released).await;
                answer
            }
            Some(Fault::AnswerLost) => {
                drop(well(request).await);
                hang_up(cut).await
            }
            Some(Fault::Reset) => hang_up(cut).await,
            Some(fault) => misbehave(fault),
        }
    }

    fn arrive(&self, path: &str) -> Option<Fault> {
        let endpoint = Endpoint::of(path)?;
        let fault = self.faults.lock().unwrap().get(&endpoint).cloned();
        *self.seen.lock().unwrap().entry(endpoint).or_default() += 1;
        self.arrived.notify_all();
        fault
    }
}

async fn next(mut released: watch::Receiver<u64>) {
    // An error means that the server ends.
    let _ = released.changed().await;
}

async fn hang_up<T>(cut: &Notify) -> T {
    cut.notify_one();
    pending().await
}

fn misbehave(fault: Fault) -> Response<Body> {
    let answer = Response::builder();
    let html = (header::CONTENT_TYPE, "text/html");
    let json = (header::CONTENT_TYPE, "application/json");
    let made = match fault {
        Fault::Status(status) => { answer.status(status).header(html.0, html.1) }.body(PAGE.into()),
        Fault::Redirect(to) => answer
            .status(StatusCode::TEMPORARY_REDIRECT)
            .header(header::LOCATION, to)
            .body(Body::empty()),
        Fault::Huge => answer.header(json.0, json.1).body(huge()),
        Fault::Drip => answer.header(json.0, json.1).body(drip()),
        Fault::Truncated => { answer.header(json.0, json.1) }
            .header(header::CONTENT_LENGTH, 4096)
            .body(truncated()),
        Fault::Garbage | Fault::Held | Fault::AnswerHeld | Fault::AnswerLost | Fault::Reset => {
            answer.header(html.0, html.1).body(PAGE.into())
        }
    };
    made.unwrap()
}

fn huge() -> Body {
    let chunk = Bytes::from(vec![b' '; CHUNK]);
    let chunks = (0..HUGE / CHUNK).map(move |_| Ok::<_, io::Error>(chunk.clone()));
    Body::from_stream(stream::iter(chunks))
}

fn drip() -> Body {
    let ticks = tokio::time::interval(Duration::from_millis(5));
    Body::from_stream(stream::unfold(ticks, |mut ticks| async move {
        ticks.tick().await;
        Some((Ok::<_, io::Error>(Bytes::from_static(b" ")), ticks))
    }))
}

/// An error of the body makes the server end the connection.
fn truncated() -> Body {
    let broken = io::Error::from(io::ErrorKind::ConnectionReset);
    let half = stream::iter([Ok(Bytes::from_static(br#"{"access_token":"half"#))]);
    let end = stream::once(async {
        // Lets the half go out.
        tokio::task::yield_now().await;
        Err(broken)
    });
    Body::from_stream(half.chain(end))
}
