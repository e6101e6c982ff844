//! The lease in the store: had, kept, given back. Each step is one transaction.

use super::failure::Kind;
use super::refresher::Refresher;
use super::timing::{Facts, LEASE, Verdict, Wish, pause};
use crate::crypto::random;
use crate::model::{
    AuditEvent, Connection, ConnectionKey, ConnectionState, EventName, Outcome as Ended,
};
use crate::services::Error;
use crate::store::{Held, RefreshLease, SealedConnection, Tx};
use futures_util::FutureExt as _;
use time::OffsetDateTime;

/// What came of asking for the lease.
#[derive(Debug)]
pub(super) enum Taken {
    /// It is ours; the connection as it is now.
    Ours(SealedConnection),
    /// There is nothing to do any more.
    Current(SealedConnection),
    Busy,
    Later(RefreshLease, OffsetDateTime),
    Gone,
}

/// What came of writing a new credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Written,
    /// There was a login, a logout or another refresh since; the row is as they left it.
    Overtaken,
}

impl Refresher {
    /// Asks for the lease on the connection, which the asker saw at version `seen`.
    pub(super) async fn take(
        &self,
        key: &ConnectionKey,
        seen: i64,
        wish: Wish,
    ) -> Result<Taken, Error> {
        let (key, us, alone) = (key.clone(), self.us().to_owned(), self.is_alone());
        let write = self.core().store.write(move |tx| {
            async move {
                let found = tx.find_connection(&key.vault, &key.provider, &key.name);
                let Some(found) = found.await? else {
                    return Ok(Taken::Gone);
                };
                let ConnectionState::Connected { expires_at } = found.connection.state else {
                    return Ok(Taken::Current(found));
                };
                if found.connection.version != seen {
                    return Ok(Taken::Current(found));
                }
                let lease = tx.find_refresh_lease(&key).await?;
                let facts = Facts {
                    connection: &found.connection,
                    expires_at,
                    lease: lease.as_ref(),
                    us: &us,
                    in_flight: false,
                    settling: false,
                    alone,
                };
                let now = tx.now();
                match facts.judge(wish, now) {
                    Verdict::Good { .. } => Ok(Taken::Current(found)),
                    Verdict::Busy => Ok(Taken::Busy),
                    Verdict::Later { at } => Ok(lease.map_or(Taken::Busy, |l| Taken::Later(l, at))),
                    Verdict::Refresh { .. } => {
                        let taken = taken(&found.connection, lease, us, now);
                        tx.put_refresh_lease(&key, &taken).await?;
                        Ok(Taken::Ours(found))
                    }
                }
            }
            .boxed()
        });
        write.await
    }

    /// Writes the new credential, its event, and the end of the lease.
    pub(super) async fn keep(
        &self,
        connection: Connection,
        sealed: Vec<u8>,
        from_version: i64,
        event: AuditEvent,
    ) -> Result<Kept, Error> {
        let write = self.core().store.write(move |tx| {
            async move {
                let key = connection.key();
                let replaced = tx.replace_connection(&connection, &sealed, from_version);
                if !replaced.await? {
                    return overtaken(tx, &connection).await;
                }
                let rest = RefreshLease {
                    version: connection.version,
                    held: None,
                    tried_at: tx.now(),
                    failures: 0,
                    not_before: None,
                    last_error: None,
                };
                tx.put_refresh_lease(&key, &rest).await?;
                tx.audit(event).await?;
                Ok(Kept::Written)
            }
            .boxed()
        });
        write.await
    }

    /// Gives the lease back after a refresh that came to nothing. What kind of failure it is in the end.
    pub(super) async fn give_back(
        &self,
        connection: &Connection,
        reason: &str,
        is_final: bool,
    ) -> Result<Option<Kind>, Error> {
        let (key, version) = (connection.key(), connection.version);
        let (us, reason) = (self.us().to_owned(), reason.to_owned());
        let event = event(EventName::CredentialRefreshFailed, connection)
            .ended(Ended::Failure)
            .with("reason", reason.clone())
            .with("final", is_final);
        let dice = random::bytes::<1>()[0];
        let write = self.core().store.write(move |tx| {
            async move {
                let found = tx.find_connection(&key.vault, &key.provider, &key.name);
                let is_same = found
                    .await?
                    .is_some_and(|f| f.connection.version == version);
                let lease = tx.find_refresh_lease(&key).await?;
                let is_ours =
                    |lease: &RefreshLease| lease.held.as_ref().is_some_and(|held| held.by == us);
                let Some(lease) = lease.filter(is_ours).filter(|_| is_same) else {
                    return Ok(None);
                };
                let failures = lease.failures.saturating_add(1);
                let until = tx.now() + pause(failures, dice);
                let rest = RefreshLease {
                    held: None,
                    failures,
                    not_before: Some(until),
                    last_error: Some(reason),
                    ..lease
                };
                tx.put_refresh_lease(&key, &rest).await?;
                if is_final {
                    let state = ConnectionState::Expired { since: tx.now() };
                    let (vault, provider) = (&key.vault, &key.provider);
                    tx.set_connection_state(vault, provider, &key.name, &state)
                        .await?;
                }
                tx.audit(event).await?;
                Ok(Some(if is_final {
                    Kind::Ended
                } else {
                    Kind::Postponed { until }
                }))
            }
            .boxed()
        });
        write.await
    }
}

fn taken(
    connection: &Connection,
    before: Option<RefreshLease>,
    us: String,
    now: OffsetDateTime,
) -> RefreshLease {
    let before = before.filter(|lease| lease.version == connection.version);
    RefreshLease {
        version: connection.version,
        held: Some(Held {
            by: us,
            until: now + LEASE,
        }),
        tried_at: now,
        failures: before.as_ref().map_or(0, |lease| lease.failures),
        not_before: None,
        last_error: before.and_then(|lease| lease.last_error),
    }
}

/// A commit whose answer was lost is found again by its version.
async fn overtaken(tx: &mut Tx, connection: &Connection) -> Result<Kept, Error> {
    let at = connection;
    let found = tx.find_connection(&at.vault, &at.provider, &at.name);
    let is_written = found
        .await?
        .is_some_and(|found| found.connection.version == at.version);
    Ok(if is_written {
        Kept::Written
    } else {
        Kept::Overtaken
    })
}

/// An event of the daemon's own doing, in the name of who owns the connection.
pub(super) fn event(name: EventName, connection: &Connection) -> AuditEvent {
    let mut event = AuditEvent::new(name).on(&connection.provider, Some(&connection.name));
    event.principal = Some(connection.principal.clone());
    event
}
