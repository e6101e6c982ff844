//! The door: a credential that is good now, whatever it takes.

use super::failure::{has_ended, in_vain, postponed, still_at_it};
use super::flights::{Flight, Flights, Outcome};
use super::schedule::Uses;
use super::timing::{Facts, Verdict, Wish};
use crate::crypto::random;
use crate::model::{Connection, ConnectionKey, ConnectionState, Credential};
use crate::services::setup::Core;
use crate::services::{Error, Providers, connections, opening};
use crate::store::SealedConnection;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// Left of a token's life, that is enough for the request that it is given for: nobody waits for another.
const ENOUGH: Duration = Duration::from_secs(30);
/// How long a request waits for a new token while the old one is good, and near its end.
const SHORT: Duration = Duration::from_secs(2);
/// How long it waits when there is nothing else to give; our clients wait for half a minute.
const LONG: Duration = Duration::from_secs(25);

/// A credential to be given out.
#[derive(Debug, Clone)]
pub(in crate::services) struct Fresh {
    pub(in crate::services) connection: Connection,
    pub(in crate::services) credential: Credential,
    /// When to ask again, where the credential renews itself.
    pub(in crate::services) again_at: Option<OffsetDateTime>,
}

/// Keeps credentials fresh. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::services) struct Refresher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    core: Arc<Core>,
    providers: Providers,
    /// The name of this process, as leases have it.
    us: String,
    flights: Arc<Flights>,
    uses: Uses,
}

impl Refresher {
    pub(in crate::services) fn new(core: Arc<Core>, providers: Providers) -> Self {
        Self(Arc::new(Inner {
            core,
            providers,
            us: random::id("refresher"),
            flights: Arc::default(),
            uses: Uses::default(),
        }))
    }

    /// The credential of a connection as it may be given out now. One that does not renew itself is
    /// given as it is, ended or not.
    pub(in crate::services) async fn fresh(&self, found: SealedConnection) -> Result<Fresh, Error> {
        self.get(found, Wish::Due).await
    }

    /// The same after an upstream did not take it: a new one, if the last is not of this very moment.
    pub(in crate::services) async fn renewed(
        &self,
        found: SealedConnection,
    ) -> Result<Fresh, Error> {
        self.get(found, Wish::Rejected).await
    }

    /// A new one because its person asks for it; what goes wrong is told, also where the old one is good.
    pub(in crate::services) async fn asked_for(
        &self,
        found: SealedConnection,
    ) -> Result<Fresh, Error> {
        self.get(found, Wish::Asked).await
    }

    /// Ends when no refresh is in progress any more: what a provider has given is written down.
    pub(in crate::services) async fn landed(&self) {
        self.0.flights.landed().await;
    }

    pub(super) async fn get(&self, found: SealedConnection, wish: Wish) -> Result<Fresh, Error> {
        let credential = opening::try_open(self.core(), &found).await?;
        let mut fresh = Fresh {
            connection: found.connection,
            credential,
            again_at: None,
        };
        if !fresh.credential.is_refreshable() {
            return Ok(fresh);
        }
        let key = fresh.connection.key();
        let mut reader = self.core().store.read().await?;
        let lease = reader.find_refresh_lease(&key).await?;
        drop(reader);
        if !matches!(fresh.connection.state, ConnectionState::Connected { .. }) {
            return Err(has_ended(&fresh.connection, lease.as_ref()));
        }
        let now = self.core().now();
        let open = self.0.flights.find(&key);
        let settling = open.as_ref().is_some_and(|open| open.settles);
        let facts = Facts {
            connection: &fresh.connection,
            expires_at: fresh.credential.expires_at(),
            lease: lease.as_ref(),
            us: self.us(),
            in_flight: open.is_some(),
            settling,
            alone: self.is_alone(),
        };
        let is_over = fresh.credential.is_expired(now);
        match facts.judge(wish, now) {
            Verdict::Good { until } => {
                fresh.again_at = until;
                Ok(fresh)
            }
            Verdict::Later { at } if is_over || wish == Wish::Asked => {
                let reason = lease.as_ref().and_then(|lease| lease.last_error.as_deref());
                Err(if is_over {
                    postponed(&fresh.connection, reason, at, now)
                } else {
                    in_vain(&fresh.connection, reason)
                })
            }
            Verdict::Later { at } => {
                fresh.again_at = Some(at);
                Ok(fresh)
            }
            Verdict::Busy => self.wait(fresh, wish, is_over, settling).await,
            Verdict::Refresh { unsettled } => self.wait(fresh, wish, is_over, unsettled).await,
        }
    }

    /// Waits for a refresh, begun if there is none; a token that is good bridges what goes wrong.
    async fn wait(
        &self,
        mut fresh: Fresh,
        wish: Wish,
        is_over: bool,
        settles: bool,
    ) -> Result<Fresh, Error> {
        let flight = self.flight(&fresh.connection, wish, settles);
        let at = self.core().now() + ENOUGH;
        let patience = match wish {
            Wish::Due | Wish::Early if !settles && !fresh.credential.is_expired(at) => {
                Duration::ZERO
            }
            Wish::Due | Wish::Early if !is_over && !settles => SHORT,
            Wish::Due | Wish::Early | Wish::Rejected | Wish::Asked => LONG,
        };
        let outcome = tokio::time::timeout(patience, flight).await;
        let now = self.core().now();
        let is_good = !fresh.credential.is_expired(now);
        match outcome {
            Ok(Outcome::Fresh(renewed)) if renewed.credential.is_expired(now) => {
                Err(connections::expired(&renewed.connection))
            }
            Ok(Outcome::Fresh(renewed)) => Ok(Fresh::clone(&renewed)),
            Ok(Outcome::Gone) => Err(connections::not_found(
                &fresh.connection.provider,
                &fresh.connection.name,
            )),
            Ok(Outcome::Failed(failure))
                if is_good && wish == Wish::Asked && failure.is_passing() =>
            {
                Err(in_vain(&fresh.connection, Some(&failure.reason)))
            }
            Ok(Outcome::Failed(failure)) if is_good && failure.is_passing() => {
                fresh.again_at = Some(failure.again_at(now));
                Ok(fresh)
            }
            Ok(Outcome::Failed(failure)) => Err(failure.error(&fresh.connection, now)),
            Err(_) if is_good && wish != Wish::Asked => {
                fresh.again_at = Some(now);
                Ok(fresh)
            }
            Err(_) => Err(still_at_it(&fresh.connection)),
        }
    }

    fn flight(&self, connection: &Connection, wish: Wish, settles: bool) -> Flight {
        let key = connection.key();
        let begin = || self.clone().fly(key.clone(), connection.version, wish);
        self.0.flights.join(&key, settles, begin)
    }

    pub(super) fn find_flight(&self, key: &ConnectionKey) -> Option<Flight> {
        self.0.flights.find(key).map(|open| open.flight)
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.0.core
    }

    pub(super) fn providers(&self) -> &Providers {
        &self.0.providers
    }

    pub(super) fn us(&self) -> &str {
        &self.0.us
    }

    pub(super) fn uses(&self) -> &Uses {
        &self.0.uses
    }

    /// Whether no other process writes to the store: a lease that is not of this one is of the dead.
    pub(super) fn is_alone(&self) -> bool {
        self.0.core.store.generation().is_some()
    }
}
