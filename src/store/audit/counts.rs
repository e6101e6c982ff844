//! Counting the log by hour and day, a bounded step at a time.
//!
//! Every event is counted once, in the order it was written and whatever time it bears, so events taken
//! over from elsewhere and those of a clock that was set back are in it as well. Reading is done aside;
//! the writer only adds the sums, and only where no other replica has done that step.

use super::chart::Span;
use crate::store::value::{Row, Value, args};
use crate::store::{Error, Reader, Store, Tx};
use futures_util::FutureExt as _;
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};

/// How many events one step counts, unless they are all different.
const STEP: i64 = 10_000;
/// A step of fewer is not made smaller.
const SMALLEST: i64 = 500;
/// The most sums that one commit adds, so that nobody feels it.
const SUMS: usize = 1_000;
/// Rows of one statement.
const ROWS: usize = 64;
/// Steps of one round; the next round goes on.
const STEPS: usize = 500;
/// Hours are kept this long, days for ever.
pub(super) const KEEP_HOURS: Duration = Duration::days(31);
/// The most hours forgotten in one round.
const FORGET: usize = 48;

/// Events that have everything in common that is counted.
#[derive(Debug, Clone)]
struct Group {
    hour: i64,
    event: String,
    outcome: String,
    identity: String,
    principal: String,
    provider: String,
    events: i64,
}

impl Group {
    fn read(row: &Row) -> Result<Self, Error> {
        let mut c = row.columns("audit count");
        Ok(Self {
            hour: c.int()? * Span::Hour.millis(),
            event: c.text()?,
            outcome: c.text()?,
            identity: c.text()?,
            principal: c.text()?,
            provider: c.text()?,
            events: c.int()?,
        })
    }
}

impl Store {
    /// Counts what is not counted yet, and forgets hours that nobody looks at any more. Called by the
    /// daemon's schedule; doing it twice at once, or from two replicas, counts nothing twice.
    pub async fn count_up_audit(&self, now: OffsetDateTime) -> Result<(), Error> {
        for _ in 0..STEPS {
            if !self.count_step().await? {
                break;
            }
        }
        for _ in 0..FORGET {
            let forget = self.write(move |tx| tx.forget_hour(now - KEEP_HOURS).boxed());
            if !forget.await? {
                break;
            }
        }
        Ok(())
    }

    /// Answers whether there was anything to count.
    async fn count_step(&self) -> Result<bool, Error> {
        let mut reading = self.read().await?;
        let from = reading.audit_counted_to().await?;
        let mut step = STEP;
        let (to, groups) = loop {
            let Some(to) = reading.end_of_step(from, step).await? else {
                return Ok(false);
            };
            let groups = reading.group_events(from, to).await?;
            if groups.len() <= SUMS || step <= SMALLEST {
                break (to, groups);
            }
            step /= 4;
        };
        drop(reading);
        self.write(move |tx| async move { tx.add_counts((from, to), &groups).await }.boxed())
            .await?;
        Ok(true)
    }
}

impl Reader {
    /// The last event that is in the counts, by its sequence; 0 at the beginning.
    pub(super) async fn audit_counted_to(&mut self) -> Result<i64, Error> {
        let row = self.one("SELECT seq FROM audit_counted", args![]).await?;
        row.map_or(Ok(0), |row| row.columns("audit count").int())
    }

    async fn end_of_step(&mut self, from: i64, rows: i64) -> Result<Option<i64>, Error> {
        let statement = "SELECT MAX(seq) FROM \
             (SELECT seq FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT $2) AS step";
        let row = self.one(statement, args![from, rows]).await?;
        row.map_or(Ok(None), |row| row.columns("audit count").opt_int())
    }

    async fn group_events(&mut self, from: i64, to: i64) -> Result<Vec<Group>, Error> {
        let statement = format!(
            "SELECT at / {}, event, outcome, COALESCE(identity, ''), COALESCE(principal_id, ''), \
             COALESCE(provider, ''), COUNT(*) FROM audit_events WHERE seq > $1 AND seq <= $2 \
             GROUP BY 1, 2, 3, 4, 5, 6",
            Span::Hour.millis()
        );
        let rows = self.all(statement, args![from, to]).await?;
        rows.iter().map(Group::read).collect()
    }
}

type Sums = BTreeMap<Vec<Key>, i64>;

/// A value of a primary key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Text(String),
    At(i64),
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Text(text) => Self::from(text),
            Key::At(at) => Self::from(at),
        }
    }
}

/// What the groups add to `audit_counts` and to `audit_counts_each`.
fn sums(groups: &[Group]) -> (Sums, Sums) {
    let (mut kinds, mut each) = (Sums::new(), Sums::new());
    for group in groups {
        for span in [Span::Hour, Span::Day] {
            let at = Key::At(span.start_of(group.hour));
            let named = [
                ("all", ""),
                ("event", &group.event),
                ("identity", &group.identity),
                ("principal", &group.principal),
                ("provider", &group.provider),
            ];
            for (kind, value) in named {
                if kind != "all" && value.is_empty() {
                    continue;
                }
                let outcome = Key::from(group.outcome.as_str());
                let key = vec![kind.into(), value.into(), span.as_str().into(), at.clone()];
                let key = key.into_iter().chain([outcome]).collect();
                *kinds.entry(key).or_default() += group.events;
            }
            let key = vec![
                span.as_str().into(),
                at,
                group.event.as_str().into(),
                group.outcome.as_str().into(),
                group.identity.as_str().into(),
                group.principal.as_str().into(),
                group.provider.as_str().into(),
            ];
            *each.entry(key).or_default() += group.events;
        }
    }
    (kinds, each)
}

impl Tx {
    /// Adds a step, unless another replica was faster.
    async fn add_counts(&mut self, (from, to): (i64, i64), groups: &[Group]) -> Result<(), Error> {
        let ours = self
            .run(
                "UPDATE audit_counted SET seq = $2 WHERE seq = $1",
                args![from, to],
            )
            .await?;
        if ours == 0 {
            return Ok(());
        }
        let (kinds, each) = sums(groups);
        self.add_sums("audit_counts", "kind, value, span, at, outcome", kinds)
            .await?;
        let columns = "span, at, event, outcome, identity, principal_id, provider";
        self.add_sums("audit_counts_each", columns, each).await
    }

    async fn add_sums(
        &mut self,
        table: &'static str,
        key: &'static str,
        sums: Sums,
    ) -> Result<(), Error> {
        let sums: Vec<_> = sums.into_iter().collect();
        for chunk in sums.chunks(ROWS) {
            let width = chunk.first().map_or(0, |(key, _)| key.len() + 1);
            let mut values = Vec::with_capacity(chunk.len() * width);
            for (key, events) in chunk {
                values.extend(key.iter().cloned().map(Value::from));
                values.push(Value::from(*events));
            }
            let statement = format!(
                "INSERT INTO {table} ({key}, events) VALUES {} ON CONFLICT ({key}) \
                 DO UPDATE SET events = {table}.events + excluded.events",
                self.rows(chunk.len(), width)
            );
            self.run(statement, values).await?;
        }
        Ok(())
    }

    /// Forgets the oldest hour from before `then`; answers whether there was one.
    async fn forget_hour(&mut self, then: OffsetDateTime) -> Result<bool, Error> {
        let oldest = "SELECT MIN(at) FROM audit_counts WHERE span = 'hour' AND at < $1";
        let row = self.one(oldest, args![then]).await?;
        let Some(at) = row.map_or(Ok(None), |row| row.columns("audit count").opt_int())? else {
            return Ok(false);
        };
        for table in ["audit_counts", "audit_counts_each"] {
            let statement = format!("DELETE FROM {table} WHERE span = 'hour' AND at = $1");
            self.run(statement, args![at]).await?;
        }
        Ok(true)
    }
}
