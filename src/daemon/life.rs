//! The life of a daemon: lock, listen, compose, serve, and end in order.

use super::compose::{Daemon, compose, open_store};
use super::{Error, LogTo, check_roots, observe, trails};
use crate::clock::{Clock, SystemClock, to_unix_millis};
use crate::config::Config;
use crate::files;
use crate::services::AuditLogFile;
use crate::store::{Holder, HomeLock, Store};
use crate::telemetry::AuditExporter;
use crate::{server, telemetry};
use nix::sys::signal::{Signal as NixSignal, raise};
use sd_notify::NotifyState;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Between two looks at what is about to expire.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// So many looks are between two clean-ups of what has expired.
const LOOKS: u32 = 4;
/// How long the copies of the audit log may take to write what is queued.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long telemetry may take to send what is queued.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Runs a daemon until it is told to stop (SIGTERM, SIGINT).
pub async fn run(config: Config, log: LogTo) -> Result<(), Error> {
    config.check_daemon()?;
    check_roots(&config)?;
    // Before anything secret is read. Where the system refuses it, the daemon still works.
    let hidden = telemetry::forbid_core_dumps();
    prepare_home(&config)?;
    let telemetry = observe::start(&config, log)?;
    telemetry::log_panics();
    if let Err(error) = hidden {
        tracing::warn!(error.cause = %error, "core dumps could not be switched off");
    }
    let mut lock = HomeLock::take(&config.home.daemon_lock(), this_process())?;
    let ended = live(&config, &mut lock, telemetry.audit_exporter()).await;
    // Blocks, and last: it sends what the rest of the shutdown said.
    let sent = tokio::task::spawn_blocking(move || telemetry.shutdown(LAST_SPANS));
    let _ = sent.await;
    ended
}

/// From the first thing that can be refused to the last that has to be put away, however it ends.
async fn live(
    config: &Config,
    lock: &mut HomeLock,
    exporter: Option<AuditExporter>,
) -> Result<(), Error> {
    let listener = listen(config.listen).await?;
    let address = listener.local_addr().map_err(|source| Error::Listen {
        address: config.listen,
        source,
    })?;
    let audit_log = open_audit_log(config)?;
    let store = open_store(config).await?;
    let mut trails = trails::follow(&store, audit_log, exporter);
    let served = open_and_serve(config, &store, lock, (listener, address)).await;
    let _ = std::fs::remove_file(config.home.daemon_pid());
    store.close().await;
    let all = async { while trails.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, all).await.is_err() {
        tracing::warn!("the copies of the audit log are behind; the database has every event");
    }
    tracing::info!("stopped");
    served
}

/// Whatever may still be refused comes before anybody is told that requests are answered.
async fn open_and_serve(
    config: &Config,
    store: &Store,
    lock: &mut HomeLock,
    (listener, address): (TcpListener, SocketAddr),
) -> Result<(), Error> {
    let daemon = compose(config, store, address).await?;
    let stop = stop_on_signal()?;
    lock.set_address(address)?;
    write_pid(config)?;
    announce(&daemon, store, address);
    serve(daemon, listener, stop).await;
    Ok(())
}

pub(super) fn this_process() -> Holder {
    Holder {
        pid: std::process::id(),
        started_at: to_unix_millis(SystemClock.now()),
        address: None,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

pub(super) fn prepare_home(config: &Config) -> Result<(), Error> {
    config.home.prepare()?;
    for path in [config.home.server_dir(), config.home.daemon_dir()] {
        files::create_private_dir(&path).map_err(|source| Error::Directory { path, source })?;
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => Error::AddressInUse { address },
            _ => Error::Listen { address, source },
        })
}

fn write_pid(config: &Config) -> Result<(), Error> {
    let path = config.home.daemon_pid();
    let text = format!("{}\n", std::process::id());
    files::replace_private(&path, text.as_bytes()).map_err(|source| Error::File { path, source })
}

pub(super) fn open_audit_log(config: &Config) -> Result<AuditLogFile, Error> {
    let path = config.home.audit_log();
    AuditLogFile::open(&path).map_err(|source| Error::File { path, source })
}

/// Tells the log and whoever started us (systemd, `daemon start`) that requests are answered.
fn announce(daemon: &Daemon, store: &Store, address: SocketAddr) {
    tracing::info!(
        server.address = %address,
        server.base_url = daemon.server.origins.base(),
        store.backend = store.backend(),
        version = env!("CARGO_PKG_VERSION"),
        "ready"
    );
    if let Some(token) = &daemon.setup_token {
        // The one secret that is meant to be read from the output: it opens the first account, once.
        let base = daemon.server.origins.base();
        let _ = std::io::Write::write_all(
            &mut std::io::stderr().lock(),
            format!("setup: open {base}/auth/register?token={} once to make the administrator's account\n", token.reveal())
                .as_bytes(),
        );
    }
    let status = format!("listening on {address}");
    let news = [
        NotifyState::Ready,
        NotifyState::MainPid(std::process::id()),
        NotifyState::Status(&status),
    ];
    if let Err(error) = sd_notify::notify(&news) {
        tracing::warn!(error.cause = %error, "could not tell the service manager that the daemon is ready");
    }
}

async fn serve(daemon: Daemon, listener: TcpListener, stop: CancellationToken) {
    let services = daemon.services;
    let keeping = services.clone();
    let keeper = tokio::spawn(keep_clean(services.clone(), stop.clone()));
    server::serve(daemon.server, services, listener, stop.clone()).await;
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    stop.cancel();
    let _ = keeper.await;
    keeping.settle().await;
}

/// Removes what has expired, and renews what is about to, now and then.
async fn keep_clean(services: Arc<crate::services::Services>, stop: CancellationToken) {
    let mut looks = 0;
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let round = async {
            ticks.tick().await;
            looks += 1;
            match looks % LOOKS {
                1 => services.tick().await.map(drop),
                _ => services.keep_fresh().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            done = round => {
                if let Err(error) = done {
                    tracing::warn!(error.cause = %error, "could not keep the store clean and the credentials fresh; trying again soon");
                }
            }
        }
    }
}

/// Cancelled by the first SIGTERM or SIGINT; a second one ends the process at once.
fn stop_on_signal() -> Result<CancellationToken, Error> {
    let mut term = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut int = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        either(&mut term, &mut int).await;
        cancelled.cancel();
        either(&mut term, &mut int).await;
        // Whatever was acknowledged is on the disk already.
        let _ = raise(NixSignal::SIGKILL);
    });
    Ok(stop)
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
