//! Refreshes ahead of time, so that no request waits for a token endpoint: of what was used lately,
//! and of what a dead process left unsettled.

use super::refresher::Refresher;
use super::timing::{Wish, early};
use crate::model::{ConnectionKey, ErrorCode};
use crate::services::Error;
use futures_util::StreamExt as _;
use futures_util::stream;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use time::{Duration, OffsetDateTime};

/// What was not used for so long is renewed when it is used again.
const LATELY: Duration = Duration::hours(1);
/// Connections whose use is remembered; the others are renewed when they are used.
const MOST: usize = 10_000;
/// Providers asked at the same time.
const AT_ONCE: usize = 8;
/// Unsettled refreshes looked at in one round.
const MOST_HELD: i64 = 100;

#[derive(Debug, Clone, Copy)]
struct Use {
    last: OffsetDateTime,
    /// When the schedule is to look after it.
    due: OffsetDateTime,
}

/// Which connections were used lately; in memory, as a restart costs one wait at most.
#[derive(Debug, Default)]
pub(super) struct Uses(Mutex<HashMap<ConnectionKey, Use>>);

impl Uses {
    fn note(&self, key: &ConnectionKey, last: OffsetDateTime, due: OffsetDateTime) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = uses.get_mut(key) {
            *known = Use { last, due };
        } else if uses.len() < MOST {
            uses.insert(key.clone(), Use { last, due });
        }
    }

    /// A new token: it is due later.
    pub(super) fn renewed(&self, key: &ConnectionKey, due: OffsetDateTime) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = uses.get_mut(key) {
            known.due = due;
        }
    }

    fn forget(&self, key: &ConnectionKey) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.remove(key);
    }

    /// Those to be looked after now. What was not used for long is forgotten, and so is a use of the
    /// future: the clock was set back.
    fn due(&self, now: OffsetDateTime) -> Vec<ConnectionKey> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.retain(|_, known| (known.last..known.last + LATELY).contains(&now));
        let due = uses.iter().filter(|(_, known)| known.due <= now);
        due.map(|(key, _)| key.clone()).collect()
    }
}

impl Refresher {
    /// Notes that a credential was given out. Costs no query.
    pub(in crate::services) fn used(
        &self,
        key: &ConnectionKey,
        obtained: OffsetDateTime,
        expires: OffsetDateTime,
    ) {
        let due = early(obtained, expires);
        self.uses().note(key, self.core().now(), due);
    }

    /// One round; ends when all its refreshes have.
    pub(in crate::services) async fn look_after_all(&self) -> Result<(), Error> {
        let mut keys = self.uses().due(self.core().now());
        let mut reader = self.core().store.read().await?;
        let held = reader.list_held_refreshes(MOST_HELD).await?;
        drop(reader);
        let held = held.into_iter().map(|(key, _)| key);
        let more: Vec<_> = held.filter(|key| !keys.contains(key)).collect();
        keys.extend(more);
        let all = stream::iter(keys).for_each_concurrent(AT_ONCE, |key| async move {
            if let Err(error) = self.look_after(&key).await {
                tracing::debug!(
                    provider.name = key.provider.as_str(),
                    error.kind = error.code().class(),
                    "a connection could not be looked after"
                );
            }
        });
        all.await;
        Ok(())
    }

    async fn look_after(&self, key: &ConnectionKey) -> Result<(), Error> {
        let mut reader = self.core().store.read().await?;
        let found = reader.find_connection(&key.vault, &key.provider, &key.name);
        let found = found.await?;
        drop(reader);
        let Some(found) = found else {
            self.uses().forget(key);
            return Ok(());
        };
        let done = self.get(found, Wish::Early).await;
        // While the old token is good its caller has that; the new one is noted by the refresh itself.
        if let Some(flight) = self.find_flight(key) {
            flight.await;
            return done.map(drop);
        }
        match done {
            Ok(fresh) => {
                if let Some(expires) = fresh.credential.expires_at() {
                    let due = early(fresh.connection.obtained_at, expires);
                    self.uses().renewed(key, due);
                }
                Ok(())
            }
            Err(error) => {
                if error.code() == ErrorCode::TokenExpired {
                    self.uses().forget(key);
                }
                Err(error)
            }
        }
    }
}
