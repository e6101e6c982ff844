//! Starts and stops the proxy of one run.

use super::ca::RunAuthority;
use super::entry::Entry;
use super::known::Known;
use super::matcher::{Choice, RouteTable};
use super::placeholders::Placeholders;
use super::resolve::{Placeholder, Refusal, Resolve};
use super::serve::{self, Front};
use super::shared::{Answers, Notices, Shared};
use super::upstream::Upstream;
use crate::model::{ConnectionName, ProviderName};
use crate::secret::ProxySecret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{OnceCell, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

const BACKLOG: u32 = 1024;
/// The longest file of root certificates that is read, in bytes; those of a system have a quarter MiB.
const LONGEST_ROOTS: u64 = 16 * 1024 * 1024;
/// How long `shutdown` waits for tunnels to go.
const SHUTDOWN_TIME: Duration = Duration::from_secs(1);

/// Why a proxy did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot listen on loopback for the proxy of this run")]
    Listen(#[source] std::io::Error),
    #[error("the connections of this run are not known")]
    Routes(#[source] Refusal),
    #[error("the operating system gave no random bytes")]
    Random,
    #[error("cannot make the certificate authority of this run")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("cannot use the root certificates in {}", path.display())]
    UpstreamRoots {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
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
    /// Connections that have not shown the password of the run yet; they wait beside the others.
    pub strangers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            strangers: 256,
        }
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

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cleartext { host } => write!(
                f,
                "a request to http://{host} went out in cleartext and without the credential; use https"
            ),
            Self::Ambiguous { host, candidates } => write!(
                f,
                "nothing is injected for {host}: {} fit equally well; choose with --provider or --connection",
                candidates.join(" and ")
            ),
            Self::PlaceholderStopped { provider, host } => {
                write!(
                    f,
                    "a request to {host} was stopped: it carried the placeholder for {provider}"
                )
            }
            Self::UnusableRoute { provider, reason } => {
                write!(f, "an api_url of {provider} is not used: {reason}")
            }
        }
    }
}

/// A proxy that serves; dropping it stops it.
#[derive(Debug)]
pub struct RunningProxy {
    addr: SocketAddr,
    secret: ProxySecret,
    ca_pem: String,
    bypass: Vec<&'static str>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl RunningProxy {
    /// The loopback address it listens on.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The proxy URL with the secret of the run in it, for the child's environment only.
    pub fn url_with_secret(&self) -> Zeroizing<String> {
        Zeroizing::new(format!(
            "http://authsome:{}@{}",
            self.secret.reveal(),
            self.addr
        ))
    }

    /// The public certificate of the run's CA.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The names of this machine that a child may reach without the proxy: all but those that a
    /// route names by port.
    pub fn bypass(&self) -> &[&'static str] {
        &self.bypass
    }

    /// Closes the listener and every tunnel, and waits until they are gone (at most a second).
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        let _ = tokio::time::timeout(SHUTDOWN_TIME, self.tasks.wait()).await;
    }
}

impl Drop for RunningProxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Starts the proxy of one run on a free loopback port.
pub async fn start<R: Resolve>(config: ProxyConfig, resolver: R) -> Result<RunningProxy, Error> {
    for path in &config.upstream_roots {
        check_root_file(path).map_err(|source| Error::UpstreamRoots {
            path: path.clone(),
            source,
        })?;
    }
    let (listener, addr) = listen().map_err(Error::Listen)?;
    let routes = resolver.routes().await.map_err(Error::Routes)?;
    let choice = Choice {
        connections: config.connections,
        providers: config.providers,
    };
    let (table, unusable) = RouteTable::new(&routes, &choice);
    let notices = Notices::new(config.notices);
    for (provider, reason) in unusable {
        notices.tell(Notice::UnusableRoute { provider, reason });
    }
    let (hosts, open) = table.hosts();
    let ca = RunAuthority::new(config.now, &hosts, open)
        .map_err(|error| Error::Certificate(Box::new(error)))?;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let running = RunningProxy {
        addr,
        secret: random_secret()?,
        ca_pem: ca.pem().to_owned(),
        bypass: ["localhost", "127.0.0.1", "::1"]
            .into_iter()
            .filter(|name| !hosts.contains(name))
            .collect(),
        tasks: tasks.clone(),
        stop: stop.clone(),
    };
    let shared = Arc::new(Shared {
        resolver,
        table,
        placeholders: Arc::new(Placeholders::new(config.placeholders)),
        ca,
        upstream: Upstream::new(config.upstream_roots),
        secret: running.secret.clone(),
        notices,
        answers: Answers::default(),
        known: Known::default(),
        tasks,
        stop,
    });
    let accepting = accept(Arc::clone(&shared), listener, addr, config.limits);
    shared.spawn(accepting);
    Ok(running)
}

/// Looks whether a PEM file holds a root certificate, and no further: a start waits for it.
///
/// A file without one is an error: whoever named it would find out at the first upstream that is not
/// trusted.
pub fn check_root_file(file: &Path) -> io::Result<()> {
    let mut pem = Vec::new();
    File::open(file)?
        .take(LONGEST_ROOTS)
        .read_to_end(&mut pem)?;
    let mut certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
    if certificates.any(|one| RootCertStore::empty().add(one).is_ok()) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        "there is no certificate in it",
    ))
}

/// Small segments go out at once on every accepted connection: they inherit the option.
fn listen() -> std::io::Result<(TcpListener, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_nodelay(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

fn random_secret() -> Result<ProxySecret, Error> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(&mut *bytes).map_err(|_| Error::Random)?;
    Ok(ProxySecret::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

async fn accept<R: Resolve>(
    shared: Arc<Shared<R>>,
    listener: TcpListener,
    own: SocketAddr,
    limits: Limits,
) {
    let places = Arc::new(Semaphore::new(limits.connections.max(1)));
    let mut entry = Entry::new(limits.strangers);
    loop {
        let visit = entry.place().await;
        let tcp = match listener.accept().await {
            Ok((tcp, _)) => tcp,
            Err(error) => {
                // Out of descriptors, most likely: let some go before the next try.
                tracing::warn!(error.cause = %error, "the proxy could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = tcp.set_nodelay(true);
        let front = Front {
            shared: Arc::clone(&shared),
            own,
            visit,
            places: Arc::clone(&places),
            permit: OnceCell::new(),
        };
        shared.spawn(serve::serve(front, tcp));
    }
}
