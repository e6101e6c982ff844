//! The use over time of what a filter shows.

use super::service::{Audit, AuditQuery, READ, filter};
use crate::model::Outcome;
use crate::services::{Actor, Error};
use crate::store::{AuditCounts, AuditFilter, CountFilter, Span};
use time::{Duration, OffsetDateTime};

/// A filter of no more than this is told by the hour.
const BY_THE_HOUR: Duration = Duration::hours(48);
/// Hours are told no further back than this; they are kept a little longer.
const HOURS_BACK: Duration = Duration::days(30);
const FEWEST_HOURS: Duration = Duration::hours(24);
const FEWEST_DAYS: Duration = Duration::days(7);
const MOST_DAYS: Duration = Duration::days(92);
/// What is told where the filter names no time.
const USUAL: Duration = Duration::days(30);

/// Events by the hour or the day, in UTC, oldest first and without a gap.
#[derive(Debug, Clone)]
pub struct AuditChart {
    pub is_by_the_hour: bool,
    pub bars: Vec<AuditBar>,
    /// What was written after this is not in it yet; `None` where all is.
    pub counted_to: Option<OffsetDateTime>,
}

/// The events of one hour or day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditBar {
    /// Its beginning.
    pub start: OffsetDateTime,
    pub success: u64,
    pub failure: u64,
    pub refused: u64,
}

impl AuditBar {
    pub const fn all(&self) -> u64 {
        self.success + self.failure + self.refused
    }
}

impl Audit {
    /// What a query shows, over time. `None` where it cannot be counted: for free text, for one
    /// connection, and where it would take too long. Administrators only.
    pub async fn chart<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        query: AuditQuery,
    ) -> Result<Option<AuditChart>, Error> {
        actor.into().require_admin(READ)?;
        let filter = filter(query)?;
        if filter.text.is_some() || filter.connection.is_some() {
            return Ok(None);
        }
        let wanted = wanted(filter, self.core.now());
        let mut reader = self.core.store.read().await?;
        let counts = reader.chart_audit(&wanted).await?;
        Ok(counts.map(|counts| chart(&wanted, &counts)))
    }
}

fn wanted(filter: AuditFilter, now: OffsetDateTime) -> CountFilter {
    let (span, from, until) = window(filter.since, filter.until, now);
    CountFilter {
        span,
        from,
        until,
        event: filter.event,
        outcome: filter.outcome,
        identity: filter.identity,
        principal: filter.principal,
        provider: filter.provider,
    }
}

/// Whole hours or days around the time of a filter; at least a day and at most a quarter of a year.
fn window(
    since: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> (Span, OffsetDateTime, OffsetDateTime) {
    // Nothing happened before 1970, and the first of all times has none before it to count from.
    let [since, until] = [since, until].map(|at| at.map(|at| at.max(OffsetDateTime::UNIX_EPOCH)));
    // The end itself is not included; what ends at a full hour does not begin the next.
    let last = until.map_or(now, |until| (until - Duration::milliseconds(1)).min(now));
    let since = since.unwrap_or(last - USUAL).min(last);
    let is_short = last - since <= BY_THE_HOUR && now - since <= HOURS_BACK;
    let (span, fewest, most) = if is_short {
        (Span::Hour, FEWEST_HOURS, BY_THE_HOUR + Duration::hours(1))
    } else {
        (Span::Day, FEWEST_DAYS, MOST_DAYS)
    };
    let one = Duration::milliseconds(span.millis());
    let until = span.start(last) + one;
    let from = span.start(since).min(until - fewest).max(until - most);
    (span, from, until)
}

fn chart(wanted: &CountFilter, counts: &AuditCounts) -> AuditChart {
    let one = Duration::milliseconds(wanted.span.millis());
    let mut bars = Vec::new();
    let mut start = wanted.from;
    while start < wanted.until {
        let found = counts.bars.get(&start).map_or(&[][..], Vec::as_slice);
        bars.push(bar(start, found));
        start += one;
    }
    AuditChart {
        is_by_the_hour: wanted.span == Span::Hour,
        bars,
        counted_to: counts.counted_to,
    }
}

fn bar(start: OffsetDateTime, found: &[(Outcome, u64)]) -> AuditBar {
    let mut bar = AuditBar {
        start,
        success: 0,
        failure: 0,
        refused: 0,
    };
    for (outcome, events) in found {
        let sum = match outcome {
            Outcome::Success => &mut bar.success,
            Outcome::Failure => &mut bar.failure,
            Outcome::Refused => &mut bar.refused,
        };
        *sum += events;
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::PrimitiveDateTime;
    use time::macros::{datetime, offset};

    const NOW: OffsetDateTime = datetime!(2026-11-21 10:30 UTC);

    #[test]
    fn a_day_is_told_by_the_hour_and_a_month_by_the_day() {
        let (span, from, until) = window(Some(NOW - Duration::hours(24)), None, NOW);
        assert_eq!(span, Span::Hour);
        assert_eq!(from, datetime!(2026-11-20 10:00 UTC));
        assert_eq!(until, datetime!(2026-11-21 11:00 UTC));
        let (span, from, until) = window(None, None, NOW);
        assert_eq!(span, Span::Day);
        assert_eq!(from, datetime!(2026-10-22 0:00 UTC));
        assert_eq!(until, datetime!(2026-11-22 0:00 UTC));
    }

    #[test]
    fn what_is_long_ago_is_told_by_the_day_and_never_too_long() {
        let then = datetime!(2020-02-01 0:00 UTC);
        let (span, from, until) = window(Some(then), Some(then + Duration::hours(1)), NOW);
        assert_eq!((span, until), (Span::Day, then + Duration::DAY));
        assert_eq!(until - from, FEWEST_DAYS);
        let (_, from, until) = window(Some(then), None, NOW);
        assert_eq!(until - from, MOST_DAYS);
        // A filter that cannot match anything still has a window.
        let (_, from, until) = window(Some(NOW + Duration::days(9)), Some(then), NOW);
        assert!(from < until);
    }

    #[test]
    fn the_first_and_the_last_of_all_times_have_a_window() {
        let first = PrimitiveDateTime::MIN.assume_offset(offset!(+23:59));
        let last = PrimitiveDateTime::MAX.assume_offset(offset!(-23:59));
        for since in [None, Some(first), Some(last)] {
            for end in [None, Some(first), Some(last)] {
                let (_, from, until) = window(since, end, NOW);
                assert!(from < until, "{since:?} {end:?}");
            }
        }
    }
}
