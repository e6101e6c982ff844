//! The third party of the demo: a small real HTTPS API on loopback, with a certificate of its own.
//!
//! It remembers the `Authorization` header of the last request, so that the demo can show what
//! arrived, and answers with nothing secret.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Why the API could not start.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("could not make a certificate for the demo API")]
    Certificate(#[from] rcgen::Error),
    #[error("could not set up TLS for the demo API")]
    Tls(#[from] rustls::Error),
    #[error("could not open a loopback port for the demo API")]
    Listen(#[from] std::io::Error),
}

/// What the API saw last.
type LastSeen = Arc<Mutex<Option<String>>>;

/// The running API; it stops when dropped.
#[derive(Debug)]
pub(super) struct DemoApi {
    /// `localhost:PORT`.
    pub(super) authority: String,
    /// The certificate authority a client has to trust.
    pub(super) ca_pem: String,
    last_seen: LastSeen,
    server: JoinHandle<()>,
}

impl DemoApi {
    pub(super) async fn start() -> Result<Self, Error> {
        let (acceptor, ca_pem) = certificate()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let authority = format!("localhost:{}", listener.local_addr()?.port());
        let last_seen = LastSeen::default();
        let server = tokio::spawn(accept(listener, acceptor, last_seen.clone()));
        Ok(Self {
            authority,
            ca_pem,
            last_seen,
            server,
        })
    }

    /// The `Authorization` header of the last request, if one came with any.
    pub(super) fn last_authorization(&self) -> Option<String> {
        self.last_seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for DemoApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn certificate() -> Result<(TlsAcceptor, String), Error> {
    let mut authority = CertificateParams::new(Vec::<String>::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), issuer.pem()))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, last_seen: LastSeen) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, acceptor.clone(), last_seen.clone()));
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, last_seen: LastSeen) {
    // A client that breaks off is no concern of the demo: what arrived is what counts.
    let Ok(tls) = acceptor.accept(stream).await else {
        return;
    };
    let service = hyper::service::service_fn(move |request| {
        let answer = answer(&request, &last_seen);
        async move { Ok::<_, Infallible>(answer) }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(tls), service)
        .await;
}

fn answer(request: &Request<Incoming>, last_seen: &LastSeen) -> Response<Full<Bytes>> {
    let sent = request.headers().get(header::AUTHORIZATION);
    let sent = sent
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    *last_seen.lock().unwrap_or_else(PoisonError::into_inner) = sent;
    let body = Full::new(Bytes::from_static(b"{\"hello\":\"agent\"}\n"));
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .body(body)
        .unwrap_or_default()
}
