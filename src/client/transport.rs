//! Bytes out, bytes in: plain HTTP to the local daemon, TLS with the system's roots to any other.

use super::Error;
use crate::api::MAX_BODY_BYTES;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use std::io;
use std::time::Duration;
use url::Url;

/// How long the way to the daemon may take.
const CONNECT_LOCAL: Duration = Duration::from_millis(900);
const CONNECT_REMOTE: Duration = Duration::from_secs(10);

/// One answer, whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A way to one daemon; connections are kept and used again.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    way: Way,
    /// Host and port, for messages.
    pub(super) address: String,
    pub(super) local: bool,
}

#[derive(Debug, Clone)]
enum Way {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl Transport {
    pub(super) fn to(url: &Url) -> Result<Self, Error> {
        let local = url.scheme() == "http" && is_loopback(url);
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(if local { CONNECT_LOCAL } else { CONNECT_REMOTE }));
        let way = if url.scheme() == "https" {
            connector.enforce_http(false);
            Way::Tls(builder().build(tls(connector)?))
        } else {
            Way::Plain(builder().build(connector))
        };
        Ok(Self {
            way,
            address: address_of(url),
            local,
        })
    }

    /// Sends one request and reads its whole answer within `limit`.
    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        limit: Duration,
    ) -> Result<Answer, Error> {
        let exchange = async {
            let response = self.request(request).await?;
            self.read(response).await
        };
        match tokio::time::timeout(limit, exchange).await {
            Ok(done) => done,
            Err(_) => Err(Error::TimedOut {
                address: self.address.clone(),
                seconds: limit.as_secs().max(1),
            }),
        }
    }

    async fn request(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Error> {
        match &self.way {
            Way::Plain(client) => client.request(request).await,
            Way::Tls(client) => client.request(request).await,
        }
        .map_err(|source| self.failed(source))
    }

    /// A connection that was made but carried no HTTP belongs to something else.
    fn failed(&self, source: hyper_util::client::legacy::Error) -> Error {
        if source.is_connect() {
            return Error::Unreachable {
                address: self.address.clone(),
                local: self.local,
                source: Box::new(source),
            };
        }
        let cause =
            std::error::Error::source(&source).and_then(|c| c.downcast_ref::<hyper::Error>());
        if cause.is_some_and(|c| c.is_parse() || c.is_incomplete_message()) {
            return self.foreign();
        }
        Error::Unreachable {
            address: self.address.clone(),
            local: self.local,
            source: Box::new(source),
        }
    }

    pub(super) fn foreign(&self) -> Error {
        Error::NotAuthsome {
            address: self.address.clone(),
            local: self.local,
        }
    }

    async fn read(&self, response: Response<Incoming>) -> Result<Answer, Error> {
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(|source| Error::Malformed {
                address: self.address.clone(),
                source,
            })?
            .to_bytes();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
}

/// Answers may list thousands of connections and definitions; requests stay at the daemon's own limit.
const MAX_ANSWER_BYTES: usize = 16 * MAX_BODY_BYTES;

fn builder() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_idle_timeout(Duration::from_secs(20));
    builder.pool_timer(hyper_util::rt::TokioTimer::new());
    builder
}

fn tls(connector: HttpConnector) -> Result<HttpsConnector<HttpConnector>, Error> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(Error::Prepare(Box::new(io::Error::new(
            io::ErrorKind::NotFound,
            "this machine has no root certificates; install ca-certificates or set SSL_CERT_FILE",
        ))));
    }
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|source| Error::Prepare(Box::new(source)))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1()
        .wrap_connector(connector))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn address_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
