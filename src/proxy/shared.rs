//! What every connection of one run's proxy has in common.

use super::ca::RunAuthority;
use super::host::Authority;
use super::known::Known;
use super::matcher::RouteTable;
use super::placeholders::Placeholders;
use super::resolve::{Refusal, Resolve};
use super::start::Notice;
use super::upstream::Upstream;
use crate::model::{ConnectionName, Injection, ProviderName, Target};
use crate::secret::ProxySecret;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One for all connections.
#[derive(Debug)]
pub(super) struct Shared<R> {
    pub(super) resolver: R,
    pub(super) table: RouteTable,
    pub(super) placeholders: Arc<Placeholders>,
    pub(super) ca: RunAuthority,
    pub(super) upstream: Upstream,
    pub(super) secret: ProxySecret,
    pub(super) notices: Notices,
    pub(super) answers: Answers,
    pub(super) known: Known,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

impl<R: Resolve> Shared<R> {
    /// Runs a connection until it is done or the run is over.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// The providers whose placeholders may go to a place.
    pub(super) fn at_home(&self, authority: &Authority) -> BTreeSet<ProviderName> {
        self.table.providers_of(authority)
    }

    /// Asks for a credential, unless the last answer for the same place is still leased.
    pub(super) async fn resolve(
        &self,
        provider: &ProviderName,
        connection: &ConnectionName,
        target: &Target,
    ) -> Result<Answer, Refusal> {
        let key = key(provider, connection, target);
        if let Some(answer) = self.answers.leased(&key) {
            return Ok(answer);
        }
        let injection = self
            .resolver
            .resolve(provider, Some(connection), target)
            .await?;
        Ok(self.answers.remember(key, injection))
    }

    /// Asks for another one than the last; a lease does not count.
    pub(super) async fn renew(
        &self,
        provider: &ProviderName,
        connection: &ConnectionName,
        target: &Target,
    ) -> Result<Answer, Refusal> {
        let renewed = self.resolver.renew(provider, Some(connection), target);
        let injection = renewed.await?;
        Ok(self
            .answers
            .remember(key(provider, connection, target), injection))
    }
}

type Key = (ProviderName, ConnectionName, String, u16);

fn key(provider: &ProviderName, connection: &ConnectionName, target: &Target) -> Key {
    let (host, port) = (target.host.clone(), target.port);
    (provider.clone(), connection.clone(), host, port)
}

/// A credential, and until when it may be used again.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) injection: Arc<Injection>,
    until: Instant,
}

/// Answers under lease.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<HashMap<Key, Answer>>);

/// Places remembered at one time.
const MOST: usize = 256;

impl Answers {
    fn leased(&self, key: &Key) -> Option<Answer> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(key)
            .filter(|answer| Instant::now() < answer.until)
            .cloned()
    }

    fn remember(&self, key: Key, injection: Injection) -> Answer {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = Duration::from_secs(injection.lease_seconds.into());
        let answer = Answer {
            injection: Arc::new(injection),
            until: Instant::now() + lease,
        };
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, answer.clone());
        answer
    }
}

/// Tells the user of the run; says each thing once.
#[derive(Debug)]
pub(super) struct Notices {
    to: Option<mpsc::Sender<Notice>>,
    told: Mutex<BTreeSet<String>>,
}

impl Notices {
    pub(super) const fn new(to: Option<mpsc::Sender<Notice>>) -> Self {
        Self {
            to,
            told: Mutex::new(BTreeSet::new()),
        }
    }

    pub(super) fn tell(&self, notice: Notice) {
        let Some(to) = &self.to else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < MOST && told.insert(notice.to_string()) {
            let _ = to.try_send(notice);
        }
    }
}
