//! When a token is due, and when a provider may be asked again. Pure.

use crate::model::Connection;
use crate::store::RefreshLease;
use std::time::Duration;
use time::OffsetDateTime;

/// How long before its end a token is renewed, but never more than a part of its life.
#[derive(Debug, Clone, Copy)]
struct Lead {
    longest: Duration,
    /// In hundredths of the life.
    most: u32,
}

impl Lead {
    fn of(self, life: Duration) -> Duration {
        self.longest.min(life * self.most / 100)
    }
}

/// By the request that needs it.
const LEAD: Lead = Lead {
    longest: Duration::from_mins(5),
    most: 20,
};
/// By the schedule, which comes by several times a minute: so no request has to wait.
const EARLY_LEAD: Lead = Lead {
    longest: Duration::from_mins(7),
    most: 30,
};
/// The schedule is never less than that ahead of the request, but for a life too short for it: longer than
/// between two of its rounds.
const AHEAD: Duration = Duration::from_secs(20);
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
    /// Its person asks for one.
    Asked,
}

/// What is known when a credential is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) connection: &'a Connection,
    pub(super) expires_at: Option<OffsetDateTime>,
    pub(super) lease: Option<&'a RefreshLease>,
    /// The name of this process.
    pub(super) us: &'a str,
    /// Whether this process is at it.
    pub(super) in_flight: bool,
    /// Whether that is to find out what became of an earlier one.
    pub(super) settling: bool,
    /// Whether no other process writes to the store.
    pub(super) alone: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The credential is good; the time is when to ask again.
    Good { until: Option<OffsetDateTime> },
    /// A refresh. It is `unsettled` when nobody knows how the last one ended.
    Refresh { unsettled: bool },
    /// Somebody is at it.
    Busy,
    /// The last one failed; not before that time.
    Later { at: OffsetDateTime },
}

impl Facts<'_> {
    pub(super) fn judge(&self, wish: Wish, now: OffsetDateTime) -> Verdict {
        // What was said of an earlier version is void: there was a login since.
        let version = self.connection.version;
        let lease = self.lease.filter(|lease| lease.version == version);
        let is_held = lease.is_some_and(|lease| lease.held.is_some());
        let is_alive = lease.is_some_and(|lease| self.is_alive(lease, now));
        if is_held && !is_alive {
            return Verdict::Refresh { unsettled: true };
        }
        if is_alive && self.settling {
            return Verdict::Busy;
        }
        if !self.is_wanted(wish, lease, now) {
            let until = self.due();
            return Verdict::Good { until };
        }
        if is_alive {
            return Verdict::Busy;
        }
        let later = match wish {
            // A person may know that the provider is back; it is still not asked twice in a row.
            Wish::Asked => {
                let failed = lease.filter(|lease| lease.failures > 0);
                failed.map(|lease| lease.tried_at + FORCED_AGAIN)
            }
            Wish::Due | Wish::Early | Wish::Rejected => lease.and_then(|lease| lease.not_before),
        };
        // A clock that was set back must not make us wait for ever.
        match later.filter(|at| *at > now && *at <= now + 2 * LONGEST_PAUSE) {
            Some(at) => Verdict::Later { at },
            None => Verdict::Refresh { unsettled: false },
        }
    }

    /// Whether the one who holds the lease can still be at it.
    fn is_alive(&self, lease: &RefreshLease, now: OffsetDateTime) -> bool {
        lease.held.as_ref().is_some_and(|held| {
            let in_time = held.until > now && held.until <= now + 2 * LEASE;
            let is_there = if held.by == self.us {
                self.in_flight
            } else {
                !self.alone
            };
            in_time && is_there
        })
    }

    fn is_wanted(&self, wish: Wish, lease: Option<&RefreshLease>, now: OffsetDateTime) -> bool {
        let is_past = |at: Option<OffsetDateTime>| at.is_some_and(|at| at <= now);
        let is_recent = |at: OffsetDateTime| (at..at + FORCED_AGAIN).contains(&now);
        match wish {
            Wish::Due => is_past(self.due()),
            Wish::Early => is_past(self.early()),
            Wish::Rejected => {
                let just_tried = lease.is_some_and(|lease| is_recent(lease.tried_at));
                is_past(self.due()) || !just_tried
            }
            Wish::Asked => {
                let done = lease.filter(|lease| lease.failures == 0);
                is_past(self.due()) || !done.is_some_and(|lease| is_recent(lease.tried_at))
            }
        }
    }

    fn due(&self) -> Option<OffsetDateTime> {
        Some(due(self.connection.obtained_at, self.expires_at?))
    }

    fn early(&self) -> Option<OffsetDateTime> {
        Some(early(self.connection.obtained_at, self.expires_at?))
    }
}

/// When the request that needs it renews a token.
pub(super) fn due(obtained: OffsetDateTime, expires: OffsetDateTime) -> OffsetDateTime {
    expires - LEAD.of(life(obtained, expires))
}

/// When the schedule looks after a token.
pub(super) fn early(obtained: OffsetDateTime, expires: OffsetDateTime) -> OffsetDateTime {
    let life = life(obtained, expires);
    let least = (LEAD.of(life) + AHEAD).min(life / 2);
    expires - EARLY_LEAD.of(life).max(least)
}

fn life(obtained: OffsetDateTime, expires: OffsetDateTime) -> Duration {
    Duration::try_from(expires - obtained).unwrap_or_default()
}

/// How long a provider that failed so often is left alone; `dice` spreads those who failed together.
pub(super) fn pause(failures: i64, dice: u8) -> Duration {
    let doublings = u32::try_from(failures.clamp(1, 10) - 1).unwrap_or(0);
    let pause = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
    pause + pause * u32::from(dice) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_unix_millis;
    use crate::model::ConnectionState;
    use crate::model::connection::Account;
    use crate::model::provider::AuthType;
    use crate::store::Held;
    use proptest::prelude::*;

    fn at(seconds: i64) -> OffsetDateTime {
        from_unix_millis(1_800_000_000_000 + seconds * 1000)
    }

    fn connection() -> Connection {
        Connection {
            vault: "vault_1".parse().unwrap(),
            provider: "acme".parse().unwrap(),
            name: "default".parse().unwrap(),
            is_default: true,
            auth_type: AuthType::OAuth2,
            state: ConnectionState::Connected { expires_at: None },
            scopes: Vec::new(),
            base_url: None,
            api_url: None,
            account: Account::default(),
            principal: "principal_1".parse().unwrap(),
            obtained_at: at(0),
            refreshable: true,
            version: 3,
        }
    }

    fn lease(held: Option<(&str, i64)>) -> RefreshLease {
        RefreshLease {
            version: 3,
            held: held.map(|(by, until)| Held {
                by: by.to_owned(),
                until: at(until),
            }),
            tried_at: at(3_400),
            failures: 1,
            not_before: held.is_none().then(|| at(3_500)),
            last_error: None,
        }
    }

    /// A token that lives from 0 to 3600, wanted at `now`.
    fn judged(lease: Option<&RefreshLease>, alone: bool, wish: Wish, now: i64) -> Verdict {
        let facts = Facts {
            connection: &connection(),
            expires_at: Some(at(3_600)),
            lease,
            us: "us",
            in_flight: false,
            settling: false,
            alone,
        };
        facts.judge(wish, at(now))
    }

    const REFRESH: Verdict = Verdict::Refresh { unsettled: false };
    const UNSETTLED: Verdict = Verdict::Refresh { unsettled: true };

    #[test]
    fn a_token_is_due_some_minutes_before_its_end() {
        let good = Verdict::Good {
            until: Some(at(3_300)),
        };
        assert_eq!(judged(None, true, Wish::Due, 3_299), good);
        assert_eq!(judged(None, true, Wish::Due, 3_300), REFRESH);
        assert_eq!(judged(None, true, Wish::Early, 3_179), good);
        assert_eq!(judged(None, true, Wish::Early, 3_180), REFRESH);
        assert_eq!(judged(None, true, Wish::Due, 99_999), REFRESH);
        assert_eq!(due(at(0), at(60)), at(48));
        assert_eq!(due(at(9), at(9)), at(9));
        assert_eq!(due(at(9), at(2)), at(2));
    }

    #[test]
    fn a_refused_token_is_renewed_at_any_time_but_not_all_the_time() {
        assert_eq!(judged(None, true, Wish::Rejected, 0), REFRESH);
        let mut tried = lease(None);
        (tried.tried_at, tried.not_before) = (at(100), None);
        let again = |now| judged(Some(&tried), true, Wish::Rejected, now);
        assert!(matches!(again(129), Verdict::Good { .. }));
        assert_eq!(again(130), REFRESH);
        // The clock was set back.
        assert_eq!(again(99), REFRESH);
    }

    #[test]
    fn a_provider_that_failed_is_left_alone_for_a_while() {
        let failed = lease(None);
        let now = |now| judged(Some(&failed), true, Wish::Due, now);
        assert_eq!(now(3_450), Verdict::Later { at: at(3_500) });
        assert_eq!(now(3_500), REFRESH);
        let mut far = lease(None);
        far.not_before = Some(at(99_999));
        assert_eq!(judged(Some(&far), true, Wish::Due, 3_450), REFRESH);
        let mut earlier = lease(None);
        earlier.version = 2;
        assert_eq!(judged(Some(&earlier), true, Wish::Due, 3_450), REFRESH);
    }

    #[test]
    fn a_lease_of_the_living_is_waited_for_and_one_of_the_dead_is_settled() {
        let other = lease(Some(("other", 3_440)));
        assert_eq!(judged(Some(&other), false, Wish::Due, 3_410), Verdict::Busy);
        // Whatever the age of the token: it may have been rotated away.
        assert_eq!(judged(Some(&other), false, Wish::Due, 3_440), UNSETTLED);
        assert_eq!(judged(Some(&other), true, Wish::Due, 3_410), UNSETTLED);
        assert_eq!(judged(Some(&other), true, Wish::Due, 10), UNSETTLED);
        let ours = lease(Some(("us", 3_440)));
        let early = lease(Some(("us", 40)));
        assert_eq!(judged(Some(&ours), false, Wish::Due, 3_410), UNSETTLED);
        let facts = Facts {
            connection: &connection(),
            expires_at: Some(at(3_600)),
            lease: Some(&ours),
            us: "us",
            in_flight: true,
            settling: false,
            alone: true,
        };
        assert_eq!(facts.judge(Wish::Due, at(3_410)), Verdict::Busy);
        // One that is not due yet bridges a refresh, but not the settling of one.
        let good = Verdict::Good {
            until: Some(at(3_300)),
        };
        let facts = Facts {
            lease: Some(&early),
            ..facts
        };
        assert_eq!(facts.judge(Wish::Due, at(10)), good);
        let facts = Facts {
            settling: true,
            ..facts
        };
        assert_eq!(facts.judge(Wish::Due, at(10)), Verdict::Busy);
    }

    #[test]
    fn the_schedule_comes_by_before_a_request_has_to() {
        for (life, ahead) in [(3_600, 120), (600, 60), (300, 30), (100, 20), (60, 18)] {
            let between = due(at(0), at(life)) - early(at(0), at(life));
            assert_eq!(between.whole_seconds(), ahead, "{life}");
        }
    }

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour() {
        let seconds: Vec<u64> = (1..=8).map(|n| pause(n, 0).as_secs()).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 900, 900, 900]);
    }

    proptest! {
        #[test]
        fn a_pause_is_never_shorter_than_half_a_minute(failures: i64, dice: u8) {
            let pause = pause(failures, dice);
            prop_assert!(pause >= FIRST_PAUSE && pause <= LONGEST_PAUSE * 5 / 4);
        }

        #[test]
        fn a_token_is_due_within_its_life(life in 0_i64..400_000_000) {
            let (due, early) = (due(at(0), at(life)), early(at(0), at(life)));
            prop_assert!(at(0) <= early && early <= due && due <= at(life));
        }
    }
}
