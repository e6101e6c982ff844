//! Starts and stops the proxy of one run.

use super::resolve::{Placeholder, Refusal, Resolve};
use crate::model::{ConnectionName, ProviderName};
use crate::secret::ProxySecret;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// Why a proxy did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot listen on loopback for the proxy of this run")]
    Listen(#[source] std::io::Error),
    #[error("no connection list for this run: {0}")]
    Routes(#[source] Refusal),
    #[error("the operating system gave no random bytes")]
    Random,
}

/// What a run wants of its proxy.
#[derive(Debug)]
pub struct ProxyConfig {
    /// The current time; the certificates of the run are valid for 24 hours around it.
    pub now: OffsetDateTime,
    /// The connections this run names, in place of the defaults.
    pub connections: BTreeMap<ProviderName, ConnectionName>,
    /// Only these providers are injected; `None` is all that are connected.
    pub providers: Option<BTreeSet<ProviderName>>,
    pub placeholders: Vec<Placeholder>,
    /// PEM files with further roots for upstreams, beside the system's.
    pub upstream_roots: Vec<PathBuf>,
    /// Where warnings for the user go; a full channel drops them.
    pub notices: Option<mpsc::Sender<Notice>>,
    pub limits: Limits,
}

impl ProxyConfig {
    /// The plain run: defaults everywhere.
    pub fn new(now: OffsetDateTime) -> Self {
        Self {
            now,
            connections: BTreeMap::new(),
            providers: None,
            placeholders: Vec::new(),
            upstream_roots: Vec::new(),
            notices: None,
            limits: Limits::default(),
        }
    }
}

/// How much of the machine one run's proxy may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections of the child at one time; further ones wait.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1024 }
    }
}

/// Something the user of the run should know; `Display` is the sentence for the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A request for a matched host went out in cleartext, and so without the credential.
    Cleartext { host: String },
    /// Two connections fit equally well, so nothing was injected.
    Ambiguous {
        host: String,
        candidates: Vec<String>,
    },
    /// A request with a placeholder for another host was stopped.
    PlaceholderStopped {
        provider: ProviderName,
        host: String,
    },
    /// A route that cannot be used, and why.
    UnusableRoute {
        provider: ProviderName,
        reason: String,
    },
}

/// A proxy that serves; dropping it stops it.
#[derive(Debug)]
pub struct RunningProxy {
    addr: SocketAddr,
    secret: ProxySecret,
    ca_pem: String,
    tasks: TaskTracker,
}

impl RunningProxy {
    /// The loopback address it listens on.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The proxy URL with the secret of the run in it, for the child's environment only.
    pub fn url_with_secret(&self) -> String {
        format!("http://authsome:{}@{}", self.secret.reveal(), self.addr)
    }

    /// The public certificate of the run's CA.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Closes the listener and every tunnel, and waits until they are gone (at most a second).
    pub async fn shutdown(self) {
        self.tasks.close();
        let _ = tokio::time::timeout(Duration::from_secs(1), self.tasks.wait()).await;
    }
}

/// Starts the proxy of one run on a free loopback port.
pub async fn start<R: Resolve>(config: ProxyConfig, resolver: R) -> Result<RunningProxy, Error> {
    let resolver = Arc::new(resolver);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(Error::Listen)?;
    let addr = listener.local_addr().map_err(Error::Listen)?;
    resolver.routes().await.map_err(Error::Routes)?;
    drop(config);
    Ok(RunningProxy {
        addr,
        secret: ProxySecret::new(String::new()),
        ca_pem: String::new(),
        tasks: TaskTracker::new(),
    })
}
