//! Following the log for those who sit.

use super::hub::{Hub, Seat};
use crate::model::{AuditRecord, SignedIn};
use crate::services::Error;
use crate::services::setup::Core;
use crate::store::Store;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// Records that wait to be told; when there are more, everybody looks for himself.
const QUEUE: usize = 1_024;
const BATCH: usize = 256;
/// How often other processes' events are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(700);

/// Seats for open pages.
#[derive(Debug, Clone)]
pub struct Live {
    core: Arc<Core>,
    hub: Arc<Hub>,
}

impl Live {
    pub(in crate::services) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            hub: Arc::new(Hub::new()),
        }
    }

    /// Takes a seat for an open page of this person: told of what happens to the person, an
    /// administrator of everything. What happened before is for the caller to look at, afterwards.
    pub fn sit(&self, person: &SignedIn) -> Result<Seat, Error> {
        let (seat, starts) = self.hub.sit(person)?;
        if starts {
            let following = Following {
                hub: self.hub.clone(),
                store: self.core.store.clone(),
                last: None,
            };
            tokio::spawn(following.run());
        }
        Ok(seat)
    }
}

/// The one task that follows the log, while somebody sits.
struct Following {
    hub: Arc<Hub>,
    store: Store,
    /// The last event seen of those that any process wrote.
    last: Option<i64>,
}

impl Following {
    async fn run(mut self) {
        let mut own = self.store.subscribe_audit(QUEUE);
        let mut lost = 0;
        let is_shared = self.store.generation().is_none();
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // What happened before this subscription.
        self.hub.tell_everybody();
        loop {
            tokio::select! {
                records = own.next_batch(BATCH) => {
                    if records.is_empty() {
                        self.hub.is_left();
                        return;
                    }
                    self.tell(&records);
                    if own.lost() > lost {
                        lost = own.lost();
                        self.hub.tell_everybody();
                    }
                }
                _ = looks.tick(), if is_shared => self.look().await,
            }
            if !self.hub.is_wanted() {
                return;
            }
        }
    }

    fn tell(&self, records: &[Arc<AuditRecord>]) {
        let principals = records
            .iter()
            .filter_map(|record| record.event.principal.as_ref());
        let ends_sessions = records
            .iter()
            .any(|record| record.event.event.may_end_sessions());
        self.hub.tell(&principals.collect(), ends_sessions);
    }

    /// Looks at what other processes wrote. Our own is among it and is told twice, which whoever sits
    /// notices.
    async fn look(&mut self) {
        let looked = async {
            let mut reader = self.store.read().await?;
            if let Some(last) = self.last {
                return reader.list_news(last).await.map(Some);
            }
            self.last = Some(reader.last_event(None).await?);
            Ok(None)
        };
        match looked.await {
            Ok(Some(news)) if news.is_empty() => {}
            Ok(Some(news)) => {
                self.last = news.iter().map(|one| one.last).max();
                let principals = news.iter().filter_map(|one| one.principal.as_ref());
                let principals: HashSet<_> = principals.collect();
                let ends_sessions = news.iter().any(|one| one.ends_sessions);
                self.hub.tell(&principals, ends_sessions);
            }
            // What came between taking a seat and this first look.
            Ok(None) => self.hub.tell_everybody(),
            Err(error) => {
                tracing::debug!(error.cause = %error, "the audit log could not be looked at");
            }
        }
    }
}
