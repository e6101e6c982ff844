//! The outer side: a connection of the child to the proxy, its password, and where it leads.
//!
//! `CONNECT` to a matched host is intercepted, any other is tunnelled untouched; a request in
//! cleartext is sent on without a credential. Nothing is done for who does not know the password.

use super::entry::Visit;
use super::guard::{Guard, GuardControl};
use super::host::Authority;
use super::prefixed::Prefixed;
use super::problem::{Body, Problem, empty};
use super::resolve::Resolve;
use super::shared::Shared;
use super::start::Notice;
use super::upstream::UpstreamError;
use super::{exchange, intercept, tunnel, websocket};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::PROXY_AUTHORIZATION;
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

/// How long a connection may wait for its next request.
const IDLE_TIME: Duration = Duration::from_mins(1);
const DIAL_TIME: Duration = Duration::from_secs(15);

/// One connection of the child.
pub(super) struct Front<R> {
    pub(super) shared: Arc<Shared<R>>,
    pub(super) own: SocketAddr,
    /// Until the password is shown.
    pub(super) visit: Visit,
    pub(super) places: Arc<Semaphore>,
    /// The connection's place under the limit from then on; a tunnel keeps it.
    pub(super) permit: OnceCell<Arc<OwnedSemaphorePermit>>,
}

/// Serves until the connection ends or becomes a tunnel.
pub(super) async fn serve<R: Resolve>(front: Front<R>, tcp: TcpStream) {
    let (guard, control) = Guard::new(tcp);
    let front = Arc::new(front);
    let visitor = Arc::clone(&front);
    let service = service_fn(move |request| {
        let (front, control) = (Arc::clone(&front), Arc::clone(&control));
        let defect = control.take_defect();
        async move {
            Ok::<_, Infallible>(match defect {
                Some(defect) => Problem::malformed(defect).into_last_response(),
                None => front.answer(request, &control).await,
            })
        }
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIME)
        .max_headers(130)
        .serve_connection(TokioIo::new(guard), service)
        .with_upgrades();
    let done = tokio::select! {
        done = serving => done,
        () = visitor.visit.out_of_time() => {
            tracing::debug!("a connection that did not show the password of the run was closed");
            return;
        }
    };
    if let Err(error) = done {
        tracing::debug!(error.cause = %error, "a connection to the proxy ended early");
    }
}

impl<R: Resolve> Front<R> {
    async fn answer(&self, request: Request<Incoming>, control: &GuardControl) -> Response<Body> {
        let connects = request.method() == Method::CONNECT;
        let result = if self.is_authentic(request.headers()) {
            let permit = self.enter().await;
            if connects {
                self.connect(request, permit).await
            } else {
                self.plain(request).await
            }
        } else {
            Err(Problem::unauthenticated())
        };
        let opened = connects && result.is_ok();
        if !opened {
            control.resume();
        }
        result.unwrap_or_else(Problem::into_response)
    }

    /// Takes a place among those who have shown the password; waits while there is none.
    async fn enter(&self) -> Option<Arc<OwnedSemaphorePermit>> {
        let take = || async {
            let permit = Arc::clone(&self.places).acquire_owned().await;
            permit.map(Arc::new)
        };
        self.visit.end();
        let permit = self.permit.get_or_try_init(take).await.ok().cloned();
        self.visit.leave();
        permit
    }

    fn is_authentic(&self, headers: &HeaderMap) -> bool {
        let mut given = headers.get_all(PROXY_AUTHORIZATION).iter();
        let (Some(value), None) = (given.next(), given.next()) else {
            return false;
        };
        basic_password(value.as_bytes())
            .is_some_and(|password| self.shared.secret.matches(&password))
    }

    async fn connect(
        &self,
        mut request: Request<Incoming>,
        permit: Option<Arc<OwnedSemaphorePermit>>,
    ) -> Result<Response<Body>, Problem> {
        let named = request
            .uri()
            .authority()
            .map_or("", http::uri::Authority::as_str)
            .to_owned();
        let Some(authority) = Authority::parse_with_port(&named) else {
            return Err(self.bad_target(&named));
        };
        self.refuse_self(&authority)?;
        let upgrade = hyper::upgrade::on(&mut request);
        let shared = Arc::clone(&self.shared);
        if self.shared.table.knows(&authority) {
            self.shared.spawn(async move {
                let _permit = permit;
                let Some((tcp, early)) =
                    upgrade.await.ok().and_then(websocket::unwrap::<TcpStream>)
                else {
                    return;
                };
                intercept::serve(shared, authority, Prefixed::new(early, tcp)).await;
            });
        } else {
            let upstream = dial(&authority).await?;
            self.shared.spawn(async move {
                let _permit = permit;
                let Some((tcp, early)) =
                    upgrade.await.ok().and_then(websocket::unwrap::<TcpStream>)
                else {
                    return;
                };
                if let Err(error) = tunnel::relay(tcp, &early, upstream).await {
                    tracing::debug!(error.cause = %error, "a tunnel ended early");
                }
            });
        }
        Ok(Response::new(empty()))
    }

    /// A target that is not one: most likely a trailing dot, which names a matched host twice.
    fn bad_target(&self, named: &str) -> Problem {
        let without_dot = named.replace(".:", ":");
        match Authority::parse_with_port(&without_dot) {
            Some(known) if self.shared.table.knows(&known) => {
                Problem::misdirected(format!("write {} without a dot at its end", known.host()))
            }
            _ => Problem::bad_request("CONNECT needs a host and a port"),
        }
    }

    fn refuse_self(&self, authority: &Authority) -> Result<(), Problem> {
        if authority.port() == self.own.port() && super::host::is_loopback(authority.host()) {
            return Err(Problem::not_a_server(
                "the proxy does not connect to itself",
            ));
        }
        Ok(())
    }

    async fn plain(&self, mut request: Request<Incoming>) -> Result<Response<Body>, Problem> {
        let uri = request.uri();
        let Some(named) = uri.authority() else {
            return Err(Problem::not_a_server(
                "this is a proxy, and the request names no host",
            ));
        };
        if uri.scheme_str() != Some("http") {
            return Err(Problem::not_a_server(
                "over https a tunnel is needed: CONNECT",
            ));
        }
        let Some(authority) = Authority::parse(named.as_str(), 80) else {
            return Err(Problem::bad_request(
                "the request names no host that can be looked up",
            ));
        };
        self.refuse_self(&authority)?;
        exchange::rewrite_plain(&mut request, &authority)?;
        exchange::check_head(&self.shared, &request, &BTreeSet::new(), authority.host())?;
        if self.shared.table.expects_tls(&authority) {
            self.shared.notices.tell(Notice::Cleartext {
                host: authority.host().to_owned(),
            });
        }
        exchange::send_plain(&self.shared, request, authority.host()).await
    }
}

/// The password of `Basic base64(user:password)`, whatever the user (RFC 7617).
fn basic_password(value: &[u8]) -> Option<String> {
    let (scheme, encoded) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    Some(decoded.split_once(':')?.1.to_owned())
}

async fn dial(authority: &Authority) -> Result<TcpStream, Problem> {
    let place = (authority.host(), authority.port());
    let dialled = tokio::time::timeout(DIAL_TIME, TcpStream::connect(place)).await;
    let failed = |error| Problem::upstream(error, authority.host());
    let tcp = dialled
        .map_err(|_| failed(UpstreamError::TimedOut))?
        .map_err(|_| failed(UpstreamError::Unreachable))?;
    tcp.set_nodelay(true)
        .map_err(|_| failed(UpstreamError::Unreachable))?;
    Ok(tcp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_basic_with_a_password_is_a_password() {
        assert_eq!(basic_password(b"Basic dTpwOnE=").as_deref(), Some("p:q"));
        assert_eq!(basic_password(b"bAsIc dTpw").as_deref(), Some("p"));
        for value in [
            &b"Bearer dTpw"[..],
            b"Basic",
            b"Basic !!",
            b"Basic dQ==",
            b"",
            b"\xff",
        ] {
            assert_eq!(basic_password(value), None, "{value:?}");
        }
    }
}
