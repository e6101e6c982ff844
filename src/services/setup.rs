//! What the services are told at start, and the bundle of them that the server holds.

use super::activity::Noted;
use super::refresh::{RefreshStops, Refresher};
use super::{
    Accounts, Activity, Audit, Connections, Error, Identities, Live, Logins, ProviderClients,
    Providers, Resolver, Scans, Status,
};
use crate::catalog::Catalog;
use crate::clock::{SharedClock, from_unix_millis, to_unix_millis};
use crate::oauth::Transport;
use crate::secret::Typed;
use crate::store::{Purged, Store};
use crate::vault::Vaults;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// How long one round of refreshes may take.
const ROUND: Duration = Duration::from_secs(50);
/// How long the last ones may take.
const LAST_REFRESHES: Duration = Duration::from_secs(8);
/// How long the last notes of what was used may take.
const LAST_NOTES: Duration = Duration::from_secs(3);

/// Who may use this daemon, and so how identities are claimed and people sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Loopback only; the person at the keyboard is the administrator.
    Local,
    /// Reached over a network; nothing happens without a sign-in.
    Hosted,
}

/// What the composition root knows and the services need.
#[derive(Debug, Clone)]
pub struct ServicesConfig {
    pub mode: Mode,
    /// The origin of our own pages, without a slash at the end: `http://127.0.0.1:7998`.
    pub base_url: String,
    /// Origins a full-URL proof may name: the base URL, loopback spellings, allowed origins.
    pub proof_origins: Vec<String>,
    /// Take the path-only proofs of 0.5 clients.
    pub legacy_proof: bool,
    /// `$AUTHSOME_HOME`, shown by `whoami`.
    pub home: PathBuf,
    /// `$AUTHSOME_HOME/providers`.
    pub providers_dir: PathBuf,
    /// `$AUTHSOME_HOME/server/bind.secret`; unused when hosted.
    pub bind_secret: PathBuf,
    pub version: &'static str,
    /// The way to providers.
    pub transport: Transport,
    /// Variables that our OAuth clients may be read from.
    pub client_variables: BTreeMap<String, Typed>,
    /// Where a test holds refreshes; nowhere.
    pub refresh_stops: RefreshStops,
}

/// Every use case, ready to run. Cheap to clone behind an `Arc`.
#[derive(Debug)]
pub struct Services {
    pub identities: Identities,
    pub accounts: Accounts,
    pub logins: Logins,
    pub connections: Connections,
    pub resolver: Resolver,
    pub scans: Scans,
    pub providers: Providers,
    pub clients: ProviderClients,
    pub audit: Audit,
    pub activity: Activity,
    pub live: Live,
    pub status: Status,
    refresher: Refresher,
    core: Arc<Core>,
}

/// What every service works with.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: ServicesConfig,
    pub(super) store: Store,
    pub(super) vaults: Vaults,
    pub(super) clock: SharedClock,
    /// Who used what, until it is written down.
    pub(super) noted: Noted,
}

impl Core {
    /// To the millisecond, as the store keeps times: what was written reads back equal.
    pub(super) fn now(&self) -> OffsetDateTime {
        from_unix_millis(to_unix_millis(self.clock.now()))
    }

    pub(super) fn is_local(&self) -> bool {
        self.config.mode == Mode::Local
    }

    /// A page of ours; `path` begins with a slash and holds nothing that needs escaping.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config.base_url.trim_end_matches('/'))
    }
}

impl Services {
    /// Makes the services ready. In local mode that includes the home's own administrator and the
    /// one-time secret that binds identities to it.
    pub async fn start(
        config: ServicesConfig,
        store: Store,
        vaults: Vaults,
        catalog: Catalog,
        clock: SharedClock,
    ) -> Result<Self, Error> {
        let core = Arc::new(Core {
            config,
            store,
            vaults,
            clock,
            noted: Noted::default(),
        });
        let providers = Providers::new(core.clone(), catalog);
        let identities = Identities::start(core.clone()).await?;
        let clients = ProviderClients::new(core.clone(), providers.clone());
        let noticed = clients.notice_environment().await?;
        let logins = Logins::new(core.clone(), providers.clone(), clients.clone());
        logins.resume_devices().await?;
        let refresher = Refresher::new(core.clone(), providers.clone());
        Ok(Self {
            accounts: Accounts::new(core.clone()),
            logins,
            connections: Connections::new(core.clone(), providers.clone(), refresher.clone()),
            resolver: Resolver::new(
                core.clone(),
                providers.clone(),
                refresher.clone(),
                identities.clone(),
            ),
            scans: Scans::new(core.clone(), providers.clone()),
            refresher,
            identities,
            audit: Audit::new(core.clone()),
            activity: Activity::new(core.clone()),
            live: Live::new(core.clone()),
            status: Status::new(core.clone(), providers.clone(), noticed),
            providers,
            clients,
            core,
        })
    }

    /// Who may use this daemon.
    pub fn mode(&self) -> Mode {
        self.core.config.mode
    }

    /// The time by the shared clock, for pages that say how long ago something was.
    pub fn now(&self) -> OffsetDateTime {
        self.core.now()
    }

    /// What the daemon does once a minute: forgets what time has made worthless, takes over what a
    /// replica left, writes down who used what, counts events, and renews what comes to its end. May be
    /// left at any time.
    pub async fn tick(&self) -> Result<Purged, Error> {
        self.logins.resume_devices().await?;
        let purged = self.core.store.purge_expired(self.core.now()).await?;
        self.activity.flush().await?;
        let (round, counted) = tokio::join!(self.keep_fresh(), self.audit.count_up());
        round?;
        counted?;
        Ok(purged)
    }

    /// What it does several times a minute: renews what was used lately and comes to its end, so that no
    /// request waits for a token endpoint.
    pub async fn keep_fresh(&self) -> Result<(), Error> {
        let round = self.refresher.look_after_all();
        // The next round goes on with what a slow provider has held up.
        match tokio::time::timeout(ROUND, round).await {
            Ok(done) => done,
            Err(_) => Ok(()),
        }
    }

    /// What the daemon does last: refreshes that a provider may have answered are written down, and who
    /// used what.
    pub async fn settle(&self) {
        if tokio::time::timeout(LAST_REFRESHES, self.refresher.landed())
            .await
            .is_err()
        {
            tracing::warn!("a refresh is still in progress; it is done over at the next start");
        }
        let flushed = tokio::time::timeout(LAST_NOTES, self.activity.flush()).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!(
                "when connections were last used was not written down; the audit log has it"
            );
        }
    }
}
