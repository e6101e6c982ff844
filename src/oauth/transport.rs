//! The way to a provider: verified TLS, no redirect, no private address, bounded in time and size.

use super::address::is_public;
use super::error::TransportError;
use super::sent::Sent;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

/// From the first byte sent to the last one read.
const ANSWER_TIME: Duration = Duration::from_secs(20);
const CONNECT_TIME: Duration = Duration::from_secs(8);
/// In bytes; the largest answer that makes sense is a metadata document.
const LARGEST_ANSWER: usize = 1024 * 1024;

type Allowed = dyn Fn(&str, Option<IpAddr>) -> bool + Send + Sync;

/// Which private addresses an operator has opened.
#[derive(Clone)]
pub struct Reach(Arc<Allowed>);

impl Reach {
    /// `allowed` answers for a host as it was named and, once known, for one of its addresses.
    pub fn new(allowed: impl Fn(&str, Option<IpAddr>) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(allowed))
    }

    /// The public Internet and nothing else.
    pub fn public() -> Self {
        Self::new(|_, _| false)
    }

    fn may_connect(&self, host: &str, address: IpAddr) -> bool {
        is_public(address) || (self.0)(host, Some(address))
    }

    /// The addresses that a name leads to, if it may be followed at all.
    fn judge(&self, name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NoAddress> {
        if found.is_empty() {
            return Err(NoAddress::Unknown);
        }
        if !found.iter().all(|at| self.may_connect(name, at.ip())) {
            return Err(NoAddress::Private);
        }
        Ok(found)
    }
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reach(..)")
    }
}

type HttpsClient = Client<HttpsConnector<HttpConnector<GuardedResolver>>, Full<Bytes>>;
type MakeTls = dyn Fn() -> Option<rustls::ClientConfig> + Send + Sync;

/// Asks providers; cheap to clone.
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    client: OnceLock<Option<HttpsClient>>,
    tls: Box<MakeTls>,
    reach: Reach,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport(..)")
    }
}

impl Transport {
    /// `tls` is called for the first request, as reading a machine's roots takes a while; `None` where
    /// nothing is trusted.
    pub fn new(
        tls: impl Fn() -> Option<rustls::ClientConfig> + Send + Sync + 'static,
        reach: Reach,
    ) -> Self {
        Self(Arc::new(Inner {
            client: OnceLock::new(),
            tls: Box::new(tls),
            reach,
        }))
    }

    fn client(&self) -> Option<&HttpsClient> {
        let inner = &self.0;
        let make = || Some(https_client((inner.tls)()?, inner.reach.clone()));
        inner.client.get_or_init(make).as_ref()
    }

    /// Sends one request and reads the whole answer.
    pub async fn send(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let host = self.check(&request)?;
        let sent = Sent::of(&request);
        let exchange = self.exchange(request, &host);
        let answered = tokio::time::timeout(ANSWER_TIME, exchange).await;
        let mut response = answered.map_err(|_| TransportError::TimedOut {
            host: host.clone(),
            seconds: ANSWER_TIME.as_secs(),
        })??;
        if response.status().is_redirection() {
            return Err(TransportError::Redirect { host });
        }
        response.extensions_mut().insert(sent);
        Ok(response)
    }

    /// The host, if it may be asked at all. A literal address is never seen by the resolver, so it
    /// is judged here.
    fn check(&self, request: &Request<Vec<u8>>) -> Result<String, TransportError> {
        let uri = request.uri();
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>()
            && !self.0.reach.may_connect(bare, address)
        {
            return Err(TransportError::Private { host });
        }
        let is_secure = uri.scheme_str() == Some("https");
        let may_be_plain = is_this_machine(bare) && (self.0.reach.0)(bare, None);
        if !is_secure && !may_be_plain {
            return Err(TransportError::NotHttps { host });
        }
        Ok(host)
    }

    async fn exchange(
        &self,
        request: Request<Vec<u8>>,
        host: &str,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let client = self.client().ok_or_else(|| TransportError::Certificate {
            host: host.to_owned(),
        })?;
        let response = client
            .request(request)
            .await
            .map_err(|error| why(&error, host))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await;
        let body = body.map_err(|error| {
            let host = host.to_owned();
            if error.is::<LengthLimitError>() {
                TransportError::TooLarge { host }
            } else {
                TransportError::Broken { host }
            }
        })?;
        Ok(Response::from_parts(head, body.to_bytes().to_vec()))
    }
}

fn https_client(tls: rustls::ClientConfig, reach: Reach) -> HttpsClient {
    let mut tcp = HttpConnector::new_with_resolver(GuardedResolver(reach));
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIME));
    tcp.enforce_http(false);
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(tcp);
    let mut builder = Client::builder(TokioExecutor::new());
    builder.timer(TokioTimer::new());
    builder.pool_timer(TokioTimer::new());
    builder.pool_idle_timeout(Duration::from_secs(30));
    // A request is never sent twice: a code or a refresh token works once.
    builder.retry_canceled_requests(false);
    builder.build(https)
}

/// Plain HTTP is for a provider on this very machine that the operator has opened: a test, a proxy.
fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn why(error: &hyper_util::client::legacy::Error, host: &str) -> TransportError {
    let host = host.to_owned();
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(one) = cause {
        if let Some(refused) = one.downcast_ref::<NoAddress>() {
            return match refused {
                NoAddress::Private => TransportError::Private { host },
                NoAddress::Unknown => TransportError::Unknown { host },
            };
        }
        if let Some(rustls::Error::InvalidCertificate(_)) = one.downcast_ref() {
            return TransportError::Certificate { host };
        }
        // An `io::Error` hides what it wraps from `source`, and may wrap another.
        let wrapped = one.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = wrapped.map_or_else(|| one.source(), |inner| Some(inner));
    }
    if error.is_connect() {
        TransportError::Unreachable { host }
    } else {
        TransportError::Broken { host }
    }
}

/// Why a name leads nowhere.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum NoAddress {
    #[error("private address")]
    Private,
    #[error("unknown name")]
    Unknown,
}

/// Resolves a name and gives only addresses that were looked at: a name with one private answer
/// among public ones is refused whole (it is how a guard is led astray).
#[derive(Debug, Clone)]
struct GuardedResolver(Reach);

impl tower::Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = NoAddress;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, NoAddress>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoAddress>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.0.clone();
        Box::pin(async move {
            let name = name.as_str().to_ascii_lowercase();
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|_| NoAddress::Unknown)?.collect();
            reach.judge(&name, found).map(Vec::into_iter)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(reach: &Reach, name: &str, found: &[&str]) -> Result<usize, &'static str> {
        let found = found
            .iter()
            .map(|at| SocketAddr::new(at.parse().unwrap(), 443));
        match reach.judge(name, found.collect()) {
            Ok(kept) => Ok(kept.len()),
            Err(NoAddress::Private) => Err("private"),
            Err(NoAddress::Unknown) => Err("unknown"),
        }
    }

    #[test]
    fn a_name_with_one_private_answer_is_refused_whole() {
        let public = Reach::public();
        let at = |found: &[&str]| judged(&public, "rebound.example", found);
        assert_eq!(at(&["93.184.216.34", "2606:4700::1111"]), Ok(2));
        for private in [
            "169.254.169.254",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "::1",
            "0.0.0.0",
            "fd00:ec2::254",
        ] {
            assert_eq!(at(&[private]), Err("private"), "{private}");
            assert_eq!(at(&["93.184.216.34", private]), Err("private"), "{private}");
            assert_eq!(at(&[private, "93.184.216.34"]), Err("private"), "{private}");
        }
        assert_eq!(at(&[]), Err("unknown"));
    }

    #[test]
    fn the_operators_list_opens_an_address_or_a_name_and_no_neighbour() {
        let one: IpAddr = "10.0.0.1".parse().unwrap();
        let by_address = Reach::new(move |_, address| address == Some(one));
        let at = |found: &[&str]| judged(&by_address, "git.corp.example", found);
        assert_eq!(at(&["10.0.0.1"]), Ok(1));
        assert_eq!(at(&["10.0.0.1", "10.0.0.2"]), Err("private"));
        let by_name = Reach::new(|name, _| name == "git.corp.example");
        assert_eq!(judged(&by_name, "git.corp.example", &["10.0.0.2"]), Ok(1));
        assert_eq!(
            judged(&by_name, "git.corp.example.evil.example", &["10.0.0.2"]),
            Err("private")
        );
    }
}
