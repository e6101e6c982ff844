//! The HTTP client under every exporter: hyper and rustls on a small runtime of its own.
//!
//! One thread serves all signals, apart from the daemon's own runtime, so that a slow collector
//! slows nothing else. It follows no redirect, reads at most 64 KiB of an answer, and trusts the
//! system's roots or the ones it is given. gRPC is one unary call to the three services of OTLP,
//! so `grpc` translates it here, over the same client, instead of bringing a gRPC stack.

use super::grpc;
use super::{Endpoint, Error, OtelSettings, Protocol};
use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

const LARGEST_ANSWER: usize = 64 * 1024;

/// The thread that all exporters share; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) handle: Handle,
    ended: CancellationToken,
}

impl Worker {
    pub(super) fn start() -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::Thread)?;
        let worker = Self {
            handle: runtime.handle().clone(),
            ended: CancellationToken::new(),
        };
        let ended = worker.ended.clone();
        std::thread::Builder::new()
            .name("otlp".to_owned())
            .spawn(move || {
                runtime.block_on(ended.cancelled());
                runtime.shutdown_background();
            })
            .map_err(Error::Thread)?;
        Ok(worker)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

/// What is sent: each has its own endpoint and its own service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Logs,
    Metrics,
}

impl Signal {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
    }
}

/// Posts one request at a time for one signal; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    signal: Signal,
    protocol: Protocol,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    worker: Handle,
    timeout: Duration,
}

impl Transport {
    /// Builds the client; roots are loaded only where the endpoint is https.
    pub(super) fn new(
        worker: &Worker,
        signal: Signal,
        endpoint: &Endpoint,
        settings: &OtelSettings,
    ) -> Result<Self, Error> {
        let roots = if endpoint.url.starts_with("https:") {
            load_roots(settings.ca_file.as_deref())?
        } else {
            rustls::RootCertStore::empty()
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .build();
        Ok(Self {
            signal,
            protocol: settings.protocol,
            client: Client::builder(TokioExecutor::new())
                .pool_idle_timeout(Duration::from_secs(90))
                .http2_only(settings.protocol == Protocol::Grpc)
                .build(connector),
            worker: worker.handle.clone(),
            timeout: endpoint.timeout,
        })
    }
}

fn load_roots(ca_file: Option<&Path>) -> Result<rustls::RootCertStore, Error> {
    let mut roots = rustls::RootCertStore::empty();
    let Some(path) = ca_file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let unreadable = |source| Error::Certificates {
        path: path.to_owned(),
        source,
    };
    let found: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
        .map_err(unreadable)?
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    if found.is_empty() {
        return Err(unreadable(rustls_pki_types::pem::Error::NoItemsFound));
    }
    for certificate in found {
        roots.add(certificate).map_err(Error::Tls)?;
    }
    Ok(roots)
}

#[async_trait]
impl HttpClient for Transport {
    /// Runs on the worker's thread whoever waits: exporters call from threads without a runtime.
    async fn send_bytes(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let is_grpc = self.protocol == Protocol::Grpc;
        let request = if is_grpc {
            grpc::call(self.signal, request)
        } else {
            request
        };
        let exchange = async move {
            let answer = client.request(request.map(Full::new)).await?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, LARGEST_ANSWER).collect().await?;
            Ok(if is_grpc {
                grpc::answer(&parts, body)
            } else {
                http::Response::from_parts(parts, body.to_bytes())
            })
        };
        let timeout = self.timeout;
        // A timer is made on a runtime: on the worker's, since the caller may have none.
        let bounded = async move { tokio::time::timeout(timeout, exchange).await };
        self.worker.spawn(bounded).await??
    }
}
