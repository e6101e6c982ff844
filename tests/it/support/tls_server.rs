//! What an HTTPS server of a story stands on: a port on loopback, a certificate from a CA of its
//! own, and a thread of its own, so that async tests and child processes can use it alike.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What a certificate is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// localhost and 127.0.0.1.
    Good,
    OtherName,
    Expired,
}

/// A port that nobody answers at yet.
#[derive(Debug)]
pub(crate) struct TlsPort {
    listener: std::net::TcpListener,
    pub(crate) config: ServerConfig,
    ca: PathBuf,
    home: tempfile::TempDir,
}

impl TlsPort {
    pub(crate) fn bind(kind: Certificate) -> Self {
        let home = tempfile::tempdir().unwrap();
        let ca = home.path().join("ca.pem");
        let (config, pem) = certificate(kind);
        std::fs::write(&ca, pem).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self {
            listener,
            config,
            ca,
            home,
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Runs `accept` on a thread of its own until it ends or the server is dropped.
    pub(crate) fn serve<F>(
        self,
        accept: impl FnOnce(TcpListener, TlsAcceptor) -> F + Send + 'static,
    ) -> TlsServer
    where
        F: Future<Output = ()>,
    {
        let (addr, listener) = (self.addr(), self.listener);
        let acceptor = TlsAcceptor::from(Arc::new(self.config));
        let (stop, stopped) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, acceptor) => {}
                    _ = stopped => {}
                }
            });
        });
        TlsServer {
            addr,
            ca: self.ca,
            _home: self.home,
            _stop: stop,
        }
    }
}

/// A running server; dropping it ends it.
#[derive(Debug)]
pub(crate) struct TlsServer {
    addr: SocketAddr,
    ca: PathBuf,
    _home: tempfile::TempDir,
    _stop: oneshot::Sender<()>,
}

impl TlsServer {
    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The PEM file of its CA.
    pub(crate) fn ca(&self) -> &Path {
        &self.ca
    }
}

/// A server's configuration, and the PEM of the CA that vouches for it.
fn certificate(kind: Certificate) -> (ServerConfig, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let names = match kind {
        Certificate::OtherName => vec!["elsewhere.example".to_owned()],
        _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
    };
    let mut leaf = CertificateParams::new(names).unwrap();
    if kind == Certificate::Expired {
        leaf.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let chain = vec![leaf.signed_by(&key, &ca).unwrap().der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (config, ca.pem())
}
