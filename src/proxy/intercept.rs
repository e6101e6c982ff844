//! A tunnel to a matched host: TLS ended here, every request inside looked at and sent on.
//!
//! The name of the tunnel, the SNI and the authority of each request must be one and the same; a
//! request that says otherwise is answered here and never leaves (RFC 9110 section 7.4).

use super::again::Again;
use super::exchange::Terms;
use super::guard::{Guard, GuardControl};
use super::host::Authority;
use super::matcher::{Decision, PassReason};
use super::problem::{Body, Problem};
use super::resolve::Resolve;
use super::shared::Shared;
use super::start::Notice;
use super::{exchange, inject, websocket};
use crate::model::{ConnectionName, ProviderName, Target};
use http::header::{HOST, UPGRADE};
use http::{HeaderName, Method, Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::server::TlsStream;

/// From the first byte of the tunnel to the end of the TLS handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(15);
/// How long a connection may wait for its next request.
const IDLE_TIME: Duration = Duration::from_mins(5);
/// The first byte of every TLS record that carries a handshake (RFC 8446 section 5.1).
const HANDSHAKE_RECORD: u8 = 22;
/// A fatal `unrecognized_name` (RFC 6066 section 3).
const WRONG_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
/// Names the connection for one request; never sent on.
const WANTED: HeaderName = HeaderName::from_static("authsome-connection");

/// Serves the tunnel to `authority`, over what the child and this proxy already agreed on.
pub(super) async fn serve<R: Resolve, S>(shared: Arc<Shared<R>>, authority: Authority, io: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = tokio::time::timeout(HANDSHAKE_TIME, accept(&shared, &authority, io));
    let Ok(Some(tls)) = handshake.await else {
        return;
    };
    let is_h2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    let tunnel = Arc::new(Tunnel { shared, authority });
    let done = if is_h2 {
        tunnel.serve_h2(tls).await
    } else {
        tunnel.serve_h1(tls).await
    };
    if let Err(error) = done {
        tracing::debug!(error.cause = %error, "a tunnel ended early");
    }
}

/// Ends TLS with the certificate of the tunnel's host, if that is who the child asks for.
async fn accept<R: Resolve, S>(
    shared: &Shared<R>,
    authority: &Authority,
    mut io: S,
) -> Option<TlsStream<super::prefixed::Prefixed<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut first = [0];
    io.read_exact(&mut first).await.ok()?;
    if first != [HANDSHAKE_RECORD] {
        let problem = Problem::bad_request("only TLS is spoken in a tunnel to this host");
        let _ = io.write_all(&problem.into_bytes()).await;
        let _ = io.shutdown().await;
        return None;
    }
    let io = super::prefixed::Prefixed::new(first.to_vec(), io);
    let start = LazyConfigAcceptor::new(Acceptor::default(), io)
        .await
        .ok()?;
    let name = start
        .client_hello()
        .server_name()
        .map(|name| Authority::parse(name, authority.port()));
    let names_us = match (name, authority.ip()) {
        (Some(Some(name)), _) => name == *authority,
        (Some(None), _) => false,
        // A literal address is never sent as a name (RFC 6066 section 3).
        (None, address) => address.is_some(),
    };
    let config = shared.ca.server_config(authority.host()).ok()?;
    if names_us {
        return start.into_stream(config).await.ok();
    }
    tracing::debug!("a tunnel whose SNI is not its host was closed");
    let mut io = start.io;
    let _ = io.write_all(&WRONG_NAME).await;
    let _ = io.shutdown().await;
    None
}

struct Tunnel<R> {
    shared: Arc<Shared<R>>,
    authority: Authority,
}

type Served = Result<(), hyper::Error>;

impl<R: Resolve> Tunnel<R> {
    async fn serve_h2<S>(self: Arc<Self>, io: S) -> Served
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(move |request| {
            let tunnel = Arc::clone(&self);
            async move { Ok::<_, Infallible>(tunnel.answer(request).await) }
        });
        hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(256)
            .max_header_list_size(64 * 1024)
            .serve_connection(TokioIo::new(io), service)
            .await
    }

    async fn serve_h1<S>(self: Arc<Self>, io: S) -> Served
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (guard, control) = Guard::new(io);
        let service = service_fn(move |request| {
            let (tunnel, control) = (Arc::clone(&self), Arc::clone(&control));
            let defect = control.take_defect();
            async move {
                Ok::<_, Infallible>(match defect {
                    Some(defect) => Problem::malformed(defect).into_last_response(),
                    None => tunnel.answer_h1::<S>(request, &control).await,
                })
            }
        });
        hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE_TIME)
            .max_headers(130)
            .serve_connection(TokioIo::new(guard), service)
            .with_upgrades()
            .await
    }

    async fn answer_h1<S>(
        self: Arc<Self>,
        request: Request<Incoming>,
        control: &GuardControl,
    ) -> Response<Body>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if !request.headers().contains_key(UPGRADE) && request.method() != Method::CONNECT {
            return self.answer(request).await;
        }
        let response = if websocket::is_wanted(&request) {
            self.upgrade::<S>(request)
                .await
                .unwrap_or_else(Problem::into_response)
        } else {
            Arc::clone(&self).answer(request).await
        };
        if response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
            control.resume();
        }
        response
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        match self.forward(request).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        }
    }

    async fn forward(&self, mut request: Request<Incoming>) -> Result<Response<Body>, Problem> {
        let terms = self.prepare(&mut request).await?;
        exchange::send(&self.shared, request, terms, self.authority.host()).await
    }

    async fn upgrade<S>(&self, mut request: Request<Incoming>) -> Result<Response<Body>, Problem>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let handshake = websocket::Handshake::take(&mut request);
        let terms = self.prepare(&mut request).await?;
        websocket::open::<R, S>(
            &self.shared,
            request,
            handshake,
            terms.needles,
            self.authority.host(),
        )
        .await
    }

    /// Checks the request, puts the credential in where one belongs, and says what else holds.
    async fn prepare(&self, request: &mut Request<Incoming>) -> Result<Terms, Problem> {
        self.check_authority(request)?;
        let wanted = wanted_connection(request)?;
        exchange::rewrite(request, &self.authority)?;
        let target = Target {
            host: self.authority.host().to_owned(),
            port: self.authority.port(),
            path: request.uri().path().to_owned(),
        };
        let chosen = self.choose(&target, wanted.as_ref())?;
        let host = self.authority.host();
        let Some((provider, connection)) = chosen else {
            // Without the real value no placeholder is of use here, not even the provider's own.
            exchange::check_head(&self.shared, request, &BTreeSet::new(), host)?;
            return Ok(Terms {
                at_home: self.shared.at_home(&self.authority),
                needles: self.shared.known.needles(&self.authority),
                injected: Vec::new(),
                again: None,
            });
        };
        exchange::check_head(
            &self.shared,
            request,
            &self.shared.at_home(&self.authority),
            host,
        )?;
        let answer = self
            .shared
            .resolve(&provider, &connection, &target)
            .await
            .map_err(|refusal| Problem::refused(&refusal, &provider))?;
        exchange::inject(&self.shared, request, &answer, &provider)?;
        Ok(Terms {
            at_home: self.shared.at_home(&self.authority),
            needles: self.shared.known.learn(&self.authority, &answer.injection),
            injected: inject::header_names(&answer.injection),
            again: answer.injection.refreshable.then(|| Again {
                authority: self.authority.clone(),
                provider,
                connection,
                target,
                used: answer.injection.clone(),
            }),
        })
    }

    fn choose(
        &self,
        target: &Target,
        wanted: Option<&ConnectionName>,
    ) -> Result<Option<(ProviderName, ConnectionName)>, Problem> {
        match self.shared.table.decide(target, wanted) {
            Decision::Inject {
                provider,
                connection,
            } => Ok(Some((provider, connection))),
            Decision::RefusePath => Err(Problem::ambiguous_path(&target.host)),
            Decision::RefuseConnection { provider } => {
                Err(Problem::no_such_connection(&provider, wanted))
            }
            Decision::Pass(PassReason::Ambiguous(candidates)) => {
                let host = target.host.clone();
                self.shared
                    .notices
                    .tell(Notice::Ambiguous { host, candidates });
                Ok(None)
            }
            Decision::Pass(PassReason::NoRoute | PassReason::OAuthEndpoint) => Ok(None),
        }
    }

    /// Everything that names a host names this tunnel's.
    fn check_authority(&self, request: &Request<Incoming>) -> Result<(), Problem> {
        if request.method() == Method::CONNECT {
            return Err(Problem::bad_request(
                "a tunnel inside a tunnel is not opened",
            ));
        }
        if request.version() == Version::HTTP_2 && request.uri().authority().is_none() {
            return Err(Problem::misdirected("the request names no host"));
        }
        let uri = request.uri();
        if uri.scheme_str().is_some_and(|scheme| scheme != "https") {
            return Err(Problem::misdirected(
                "the request inside this tunnel is not for https",
            ));
        }
        let hosts = request
            .headers()
            .get_all(HOST)
            .iter()
            .map(|value| value.to_str().unwrap_or(""));
        for name in uri
            .authority()
            .map(http::uri::Authority::as_str)
            .into_iter()
            .chain(hosts)
        {
            if Authority::parse(name, 443).as_ref() != Some(&self.authority) {
                return Err(Problem::misdirected(format!(
                    "this tunnel is to {}, and a request in it names another host",
                    self.authority
                )));
            }
        }
        Ok(())
    }
}

fn wanted_connection(request: &mut Request<Incoming>) -> Result<Option<ConnectionName>, Problem> {
    let Some(value) = request.headers_mut().remove(WANTED) else {
        return Ok(None);
    };
    let name = value.to_str().ok().and_then(|text| text.parse().ok());
    name.map(Some)
        .ok_or_else(|| Problem::bad_request("authsome-connection is not a connection name"))
}
