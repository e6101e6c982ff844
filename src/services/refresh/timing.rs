//! When a token is due, and when a provider may be asked again. Pure.

use crate::model::Connection;
use crate::store::RefreshLease;
use std::time::Duration;
use time::OffsetDateTime;

/// Before its end a token is renewed by the request that needs it…
const LEAD: Duration = Duration::from_mins(5);
/// …or, where it is used all the time, by the schedule, which comes by every minute.
const EARLY_LEAD: Duration = Duration::from_mins(7);
/// How long a process may hold a lease: longer than the longest exchange, and the difference of clocks.
pub(super) const LEASE: Duration = Duration::from_secs(40);
/// Between two refreshes that an upstream's 401 asked for.
const FORCED_AGAIN: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// Why somebody wants a new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// The one there is comes to its end.
    Due,
    /// The same, a little earlier.
    Early,
    /// The upstream did not take the one there is.
    Rejected,
}

/// What is known when a credential is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) connection: &'a Connection,
    pub(super) expires_at: Option<OffsetDateTime>,
    pub(super) lease: Option<&'a RefreshLease>,
    /// The name of this process.
    pub(super) us: &'a str,
    /// Whether no other process writes to the store.
    pub(super) alone: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The credential is good; the time is when to ask again.
    Good { until: Option<OffsetDateTime> },
    /// A refresh; `unsettled` when nobody knows how the last one ended.
    Refresh { unsettled: bool },
    /// Somebody else is at it.
    Busy,
    /// The last one failed; not before that time.
    Later { at: OffsetDateTime },
}

impl Facts<'_> {
    pub(super) fn judge(&self, wish: Wish, now: OffsetDateTime) -> Verdict {
        let version = self.connection.version;
        let lease = self.lease.filter(|lease| lease.version == version);
        let held = lease.and_then(|lease| lease.held.as_ref());
        let alive = held.is_some_and(|held| {
            let is_other = held.by != self.us;
            let in_time = held.until > now && held.until <= now + 2 * LEASE;
            is_other && in_time && !self.alone
        });
        if held.is_some() && !alive {
            return Verdict::Refresh { unsettled: true };
        }
        if !self.is_wanted(wish, lease, now) {
            return Verdict::Good {
                until: self.due_at(LEAD),
            };
        }
        if alive {
            return Verdict::Busy;
        }
        // A clock that was set back must not keep us waiting for ever.
        let later = lease.and_then(|lease| lease.not_before);
        let later = later.filter(|at| *at > now && *at <= now + 2 * LONGEST_PAUSE);
        later.map_or(Verdict::Refresh { unsettled: false }, |at| Verdict::Later {
            at,
        })
    }

    fn is_wanted(&self, wish: Wish, lease: Option<&RefreshLease>, now: OffsetDateTime) -> bool {
        let is_due = |lead| self.due_at(lead).is_some_and(|at| at <= now);
        let is_recent = |at: OffsetDateTime| (at..at + FORCED_AGAIN).contains(&now);
        match wish {
            Wish::Due => is_due(LEAD),
            Wish::Early => is_due(EARLY_LEAD),
            Wish::Rejected => {
                is_due(LEAD)
                    || !is_recent(self.connection.obtained_at)
                        && !lease.is_some_and(|lease| is_recent(lease.tried_at))
            }
        }
    }

    fn due_at(&self, lead: Duration) -> Option<OffsetDateTime> {
        due_at(self.connection.obtained_at, self.expires_at?, lead).into()
    }
}

/// When the schedule looks after a token.
pub(super) fn early(connection: &Connection, expires_at: OffsetDateTime) -> OffsetDateTime {
    due_at(connection.obtained_at, expires_at, EARLY_LEAD)
}

/// `lead` before the end, but never more than a part of the life: a fifth for five minutes.
fn due_at(obtained: OffsetDateTime, expires: OffsetDateTime, lead: Duration) -> OffsetDateTime {
    let life = Duration::try_from(expires - obtained).unwrap_or_default();
    let part = life / 5 * u32::from(lead > LEAD).saturating_add(2) / 2;
    expires - lead.min(part)
}

/// How long a provider that failed so often is left alone; `dice` spreads those who failed together.
pub(super) fn pause(failures: i64, dice: u8) -> Duration {
    let doublings = u32::try_from(failures.clamp(1, 10) - 1).unwrap_or(0);
    let pause = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
    pause + pause * u32::from(dice) / 1024
}
