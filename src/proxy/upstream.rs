//! The way out: verified TLS to matched hosts, plain HTTP for what the child sends in cleartext.
//!
//! Nothing is sent before the certificate is checked, no redirect is followed, and the TLS set-up
//! (reading the system's roots) waits for the first request that needs it.

use super::problem::{Body, BoxError};
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::error::Error as StdError;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpStream;
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// TCP and TLS together.
const HANDSHAKE_TIME: Duration = Duration::from_secs(20);
const IDLE_TIME: Duration = Duration::from_mins(1);

/// Why an upstream gave no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum UpstreamError {
    #[error("its certificate is not trusted, so nothing was sent")]
    Certificate,
    #[error("no trusted root certificate could be read on this machine")]
    Roots,
    #[error("no connection in time")]
    TimedOut,
    #[error("could not be reached")]
    Unreachable,
    #[error("broke off before it answered")]
    Broken,
}

type Secure = Client<Connector, Body>;
type Connector = BoxCloneSyncService<Uri, MaybeHttpsStream<TokioIo<TcpStream>>, BoxError>;
type Plain = Client<HttpConnector, Body>;

/// Clients with their connection pools, each made when first needed.
#[derive(Debug)]
pub(super) struct Upstream {
    roots: Vec<PathBuf>,
    tls: OnceLock<Option<ClientConfig>>,
    secure: OnceLock<Secure>,
    http1: OnceLock<Secure>,
    plain: OnceLock<Plain>,
}

impl Upstream {
    pub(super) const fn new(roots: Vec<PathBuf>) -> Self {
        Self {
            roots,
            tls: OnceLock::new(),
            secure: OnceLock::new(),
            http1: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    /// HTTP/1.1 or HTTP/2, as the upstream likes.
    pub(super) fn secure(&self) -> Result<&Secure, UpstreamError> {
        let tls = self.tls()?;
        Ok(self.secure.get_or_init(|| {
            let https = HttpsConnectorBuilder::new()
                .with_tls_config(tls.clone())
                .https_only()
                .enable_all_versions()
                .wrap_connector(tcp());
            client(https)
        }))
    }

    /// HTTP/1.1 only, for upgrades.
    pub(super) fn http1(&self) -> Result<&Secure, UpstreamError> {
        let tls = self.tls()?;
        Ok(self.http1.get_or_init(|| {
            let https = HttpsConnectorBuilder::new()
                .with_tls_config(tls.clone())
                .https_only()
                .enable_http1()
                .wrap_connector(tcp());
            client(https)
        }))
    }

    pub(super) fn plain(&self) -> &Plain {
        self.plain.get_or_init(|| builder().build(tcp()))
    }

    fn tls(&self) -> Result<&ClientConfig, UpstreamError> {
        self.tls
            .get_or_init(|| trusting(&self.roots))
            .as_ref()
            .ok_or(UpstreamError::Roots)
    }
}

fn client(https: HttpsConnector<HttpConnector>) -> Secure {
    builder().build(BoxCloneSyncService::new(Timeout::new(
        https,
        HANDSHAKE_TIME,
    )))
}

fn builder() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new());
    builder
        .pool_idle_timeout(IDLE_TIME)
        .pool_max_idle_per_host(32);
    builder
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT_TIME));
    tcp.set_keepalive(Some(IDLE_TIME));
    tcp
}

/// TLS that trusts what the system trusts, and the certificates in the given files; `None` where there
/// is nothing to trust.
pub fn trusting(files: &[PathBuf]) -> Option<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for file in files {
        if let Ok(certificates) = CertificateDer::pem_file_iter(file) {
            roots.add_parsable_certificates(certificates.filter_map(Result::ok));
        } else {
            tracing::warn!(file.path = %file.display(), "no certificates in this file");
        }
    }
    if roots.is_empty() {
        return None;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Some(
        builder
            .ok()?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}

/// What went wrong, from the chain of causes.
pub(super) fn classify(error: &hyper_util::client::legacy::Error) -> UpstreamError {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(this) = cause {
        if this.is::<tower::timeout::error::Elapsed>() {
            return UpstreamError::TimedOut;
        }
        if is_tls(this) {
            return UpstreamError::Certificate;
        }
        let io = this.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut) {
            return UpstreamError::TimedOut;
        }
        // `source` of an I/O error skips the error it holds.
        cause = match io.and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => this.source(),
        };
    }
    if error.is_connect() {
        UpstreamError::Unreachable
    } else {
        UpstreamError::Broken
    }
}

fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    matches!(
        error.downcast_ref::<rustls::Error>(),
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)
    )
}

/// Whether the child's own request body was at fault.
pub(super) fn is_request_body(error: &hyper_util::client::legacy::Error) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(this) = cause {
        if this
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_user)
        {
            return true;
        }
        cause = this.source();
    }
    false
}
