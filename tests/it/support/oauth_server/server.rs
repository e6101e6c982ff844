//! The server itself: its accept loop and its routes.

use super::super::tls_server::{Certificate, TlsPort, TlsServer};
use super::faults::Traffic;
use super::settings::Settings;
use super::store::Store;
use super::token::TokenCall;
use super::{assertion, authorize, device, resources, token, well_known};
use axum::Router;
use axum::body::Body;
use axum::routing::{any, get, post};
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// What every request sees. Whoever takes both locks takes `store` before `settings`.
#[derive(Debug)]
pub(super) struct Shared {
    origin: String,
    pub(super) settings: Mutex<Settings>,
    pub(super) store: Mutex<Store>,
    pub(super) calls: Mutex<Vec<TokenCall>>,
    /// The content type of each request for a device code.
    pub(super) device_requests: Mutex<Vec<String>>,
    pub(super) traffic: Traffic,
}

impl Shared {
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    pub(super) fn issuer(&self, settings: &Settings) -> String {
        self.url(&settings.issuer_path)
    }
}

/// The server; dropping it ends it.
#[derive(Debug)]
pub(crate) struct OAuthServer {
    pub(super) server: TlsServer,
    pub(super) shared: Arc<Shared>,
}

impl OAuthServer {
    pub(crate) fn start() -> Self {
        let port = TlsPort::bind(Certificate::Good);
        let shared = Arc::new(Shared {
            origin: format!("https://localhost:{}", port.addr().port()),
            settings: Mutex::default(),
            store: Mutex::default(),
            calls: Mutex::default(),
            device_requests: Mutex::default(),
            traffic: Traffic::default(),
        });
        let state = Arc::clone(&shared);
        let server = port.serve(|listener, acceptor| serve(listener, acceptor, state));
        Self { server, shared }
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.server.addr()
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(
            "/authorize",
            get(authorize::consent).post(authorize::decision),
        )
        .route("/token", post(token::token))
        .route("/device/authorize", post(device::start))
        .route("/device", get(device::form).post(device::decision))
        .route("/register", post(well_known::register))
        .route("/revoke", post(resources::revoke))
        .route(
            "/app/installations/{id}/access_tokens",
            post(assertion::installation),
        )
        .route("/userinfo", get(resources::userinfo))
        .route("/mcp", any(resources::mcp))
        .route("/api/{*path}", any(resources::api))
        // The documents of an issuer with a path are in places a router cannot name.
        .fallback(get(well_known::documents))
        .with_state(shared)
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let router = router(Arc::clone(&shared));
    while let Ok((tcp, _)) = listener.accept().await {
        tcp.set_nodelay(true).unwrap();
        let (shared, router) = (Arc::clone(&shared), router.clone());
        tokio::spawn(attend(tcp, acceptor.clone(), shared, router));
    }
}

/// Serves one connection until it ends, or is ended by a fault.
async fn attend(tcp: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>, router: Router) {
    let Ok(tls) = acceptor.accept(tcp).await else {
        return;
    };
    let cut = Arc::new(Notify::new());
    let ending = Arc::clone(&cut);
    let service = service_fn(move |request: Request<Incoming>| {
        let (shared, router, cut) = (Arc::clone(&shared), router.clone(), Arc::clone(&cut));
        async move {
            let well = |request| async move {
                let Ok(answer) = router.oneshot(request).await;
                answer
            };
            let request = request.map(Body::new);
            Ok::<_, Infallible>(shared.traffic.answer(request, &cut, well).await)
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    tokio::select! {
        _ = builder.serve_connection(TokioIo::new(tls), service) => {}
        () = ending.notified() => {}
    }
}
