//! The only place that asks the operating system what time it is.
//!
//! Pure functions take `now`; services own a [`SharedClock`]; tests advance a [`ManualClock`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use time::{Duration, OffsetDateTime};

/// A source of the current time, always UTC.
pub trait Clock: Send + Sync + std::fmt::Debug {
    fn now(&self) -> OffsetDateTime;
}

/// A clock that several services share.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct ManualClock {
    unix_millis: AtomicI64,
}

impl ManualClock {
    /// Starts at `now`, cut to milliseconds.
    pub fn at(now: OffsetDateTime) -> Self {
        Self {
            unix_millis: AtomicI64::new(to_unix_millis(now)),
        }
    }

    /// Moves the clock; a negative duration moves it back.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.whole_milliseconds()).unwrap_or(0);
        self.unix_millis.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        from_unix_millis(self.unix_millis.load(Ordering::SeqCst))
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z, the form times take in the store.
pub fn to_unix_millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// The time of `millis` since 1970; out of range gives the nearest end of 1970 to 9999.
pub fn from_unix_millis(millis: i64) -> OffsetDateTime {
    const LAST: i64 = 253_402_300_799_999;
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis.clamp(0, LAST)) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::at(from_unix_millis(1_000));
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::seconds(2));
        assert_eq!(to_unix_millis(clock.now()), 3_000);
    }

    #[test]
    fn a_time_out_of_range_is_clamped() {
        assert_eq!(to_unix_millis(from_unix_millis(-5)), 0);
        assert_eq!(from_unix_millis(i64::MAX).year(), 9999);
    }
}
