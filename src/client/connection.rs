//! One daemon, and the identity that speaks to it.

use super::refusal::{self, Answered, Refusal};
use super::transport::{Answer, Transport};
use super::{Error, Identity};
use crate::api::{Health, TRACEPARENT, paths};
use crate::clock::{SharedClock, SystemClock};
use crate::crypto::{hex, proof, random};
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How long an ordinary answer may take; a login that asks a provider is the slowest.
const ANSWER: Duration = Duration::from_secs(30);
/// A local daemon that is well answers at once; what does not is something else.
const HEALTH_LOCAL: Duration = Duration::from_millis(900);
const HEALTH_REMOTE: Duration = Duration::from_secs(10);

const USER_AGENT: &str = concat!("authsome/", env!("CARGO_PKG_VERSION"));

/// A client of one daemon. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    /// Scheme, host and port, without a slash at the end.
    origin: String,
    identity: Option<Arc<Identity>>,
    clock: SharedClock,
    /// The W3C trace context all calls of this client share.
    trace: Arc<str>,
}

impl Client {
    /// A client without an identity, for the open routes. Connects when the first call is made.
    pub fn anonymous(daemon: &Url) -> Result<Self, Error> {
        Ok(Self {
            transport: Transport::to(daemon)?,
            origin: daemon.origin().ascii_serialization(),
            identity: None,
            clock: Arc::new(SystemClock),
            trace: new_trace().into(),
        })
    }

    /// The same daemon, spoken to as `identity`.
    #[must_use]
    pub fn acting_as(&self, identity: Arc<Identity>) -> Self {
        Self {
            identity: Some(identity),
            ..self.clone()
        }
    }

    /// The same client with another clock, for tests of what a wrong clock does.
    #[must_use]
    pub fn with_clock(self, clock: SharedClock) -> Self {
        Self { clock, ..self }
    }

    /// The same client as part of the trace of `traceparent` (W3C Trace Context).
    #[must_use]
    pub fn with_trace(self, traceparent: &str) -> Self {
        Self {
            trace: traceparent.into(),
            ..self
        }
    }

    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_deref()
    }

    /// Host and port, for messages.
    pub fn address(&self) -> &str {
        &self.transport.address
    }

    /// Whether the daemon is on this machine.
    pub const fn is_local(&self) -> bool {
        self.transport.local
    }

    /// `GET /health`; says within a second whether what answers there is a daemon of ours.
    pub async fn health(&self) -> Result<Health, Error> {
        Ok(self.health_and_skew().await?.0)
    }

    /// [`health`](Self::health), and how far our clock is ahead of the daemon's, where it tells.
    pub async fn health_and_skew(&self) -> Result<(Health, Option<time::Duration>), Error> {
        let limit = if self.is_local() {
            HEALTH_LOCAL
        } else {
            HEALTH_REMOTE
        };
        let request = self.request(&Method::GET, paths::HEALTH, Bytes::new(), false)?;
        let answer = self.transport.send(request, limit).await?;
        if answer.status.is_redirection() {
            return Err(self.redirected());
        }
        if !answer.status.is_success() && Refusal::is_ours(&answer.body) {
            return Err(self.refused(&answer));
        }
        let health = serde_json::from_slice(&answer.body).map_err(|_| self.transport.foreign())?;
        Ok((health, refusal::skew(&answer.headers, self.clock.now())))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(&Method::GET, path, Bytes::new()).await
    }

    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(&Method::DELETE, path, Bytes::new()).await
    }

    pub(super) async fn post<B, T>(&self, path: &str, body: &B) -> Result<T, Error>
    where
        B: Serialize + Sync,
        T: DeserializeOwned,
    {
        self.send(&Method::POST, path, body).await
    }

    pub(super) async fn put<B, T>(&self, path: &str, body: &B) -> Result<T, Error>
    where
        B: Serialize + Sync,
        T: DeserializeOwned,
    {
        self.send(&Method::PUT, path, body).await
    }

    async fn send<B, T>(&self, method: &Method, path: &str, body: &B) -> Result<T, Error>
    where
        B: Serialize + Sync,
        T: DeserializeOwned,
    {
        let body = serde_json::to_vec(body).map_err(|source| Error::Prepare(Box::new(source)))?;
        self.call(method, path, body.into()).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, Error> {
        let request = self.request(method, path, body, true)?;
        let answer = self.transport.send(request, ANSWER).await?;
        if answer.status.is_redirection() {
            return Err(self.redirected());
        }
        if !answer.status.is_success() {
            return Err(self.refused(&answer));
        }
        serde_json::from_slice(&answer.body).map_err(|source| Error::Malformed {
            address: self.address().to_owned(),
            source: Box::new(source),
        })
    }

    /// A request for `path` (with its query); signed where there is an identity to sign with.
    fn request(
        &self,
        method: &Method,
        path: &str,
        body: Bytes,
        signed: bool,
    ) -> Result<Request<Full<Bytes>>, Error> {
        let url = format!("{}{path}", self.origin);
        let mut request = Request::builder()
            .method(method)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, USER_AGENT)
            .header(TRACEPARENT, self.trace.as_ref());
        if signed && let Some(identity) = &self.identity {
            let proof = proof::issue(
                identity.key(),
                &proof::ProofRequest {
                    handle: identity.handle(),
                    method: method.as_str(),
                    url: &url,
                    body: &body,
                    now: self.clock.now(),
                },
            )
            .map_err(|source| Error::Prepare(Box::new(source)))?;
            let mut value = http::HeaderValue::from_str(&format!("PoP {proof}"))
                .map_err(|source| Error::Prepare(Box::new(source)))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        if matches!(*method, Method::POST | Method::PUT) {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request
            .uri(url)
            .body(Full::new(body))
            .map_err(|source| Error::Prepare(Box::new(source)))
    }

    fn redirected(&self) -> Error {
        Error::Redirected {
            address: self.address().to_owned(),
        }
    }

    fn refused(&self, answer: &Answer) -> Error {
        Error::Refused(Box::new(Refusal::read(Answered {
            status: answer.status.as_u16(),
            headers: &answer.headers,
            body: &answer.body,
            now: self.clock.now(),
        })))
    }
}

fn new_trace() -> String {
    let trace = random::bytes::<16>();
    let span = random::bytes::<8>();
    format!("00-{}-{}-01", hex::encode(&*trace), hex::encode(&*span))
}
