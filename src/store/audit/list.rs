//! Pages of the log.
//!
//! A page costs a bounded time whatever is asked for: at most [`EXAMINED`] rows are looked at. Where
//! that many were looked at before the page was full, it says how far it came, and the next page goes
//! on from there.

use super::cursor::AuditCursor;
use super::filter::{AuditFilter, Conditions, way};
use crate::clock::{from_unix_millis, to_unix_millis};
use crate::model::audit::EventSource;
use crate::model::{AuditEvent, AuditRecord, EventId, EventName, Outcome};
use crate::store::value::{Row, Value};
use crate::store::{Error, Reader};
use time::OffsetDateTime;

/// The most records one page holds.
pub const MAX_PAGE: usize = 1000;
/// The most rows that are looked at for one page where no index holds just what is asked for.
pub const EXAMINED: usize = 10_000;
pub(super) const COLUMNS: &str =
    "seq, id, at, event, source, outcome, identity, principal_id, provider, connection, metadata";

/// A page of the list, newest first.
#[derive(Debug, Clone)]
pub struct AuditPage {
    pub records: Vec<AuditRecord>,
    /// Where older records go on; `None` at the end.
    pub next: Option<AuditCursor>,
    /// Where newer records go on; `None` where the page begins with the newest.
    pub previous: Option<AuditCursor>,
    /// The page is not full, and yet not the last: this far back (or ahead) was looked.
    pub searched_to: Option<OffsetDateTime>,
}

/// Which way a page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Older,
    Newer,
}

impl Direction {
    const fn order(self) -> &'static str {
        match self {
            Self::Older => "ORDER BY at DESC, seq DESC",
            Self::Newer => "ORDER BY at, seq",
        }
    }
}

impl Reader {
    /// A page of the audit log, newest first.
    pub async fn list_audit(&mut self, filter: &AuditFilter) -> Result<AuditPage, Error> {
        let limit = filter.limit.clamp(1, MAX_PAGE);
        let direction = match filter.before {
            Some(_) => Direction::Newer,
            None => Direction::Older,
        };
        let (conditions, edge) = self.walk(filter, direction).await?;
        let mut values = conditions.values.clone();
        values.push(Value::from(i64::try_from(limit).unwrap_or(1) + 1));
        let statement = format!(
            "SELECT {COLUMNS} FROM audit_events {} {} LIMIT ${}",
            conditions.text(),
            direction.order(),
            values.len()
        );
        let rows = self.all(statement, values).await?;
        let mut records = Vec::with_capacity(rows.len().min(limit));
        for row in rows.iter().take(limit) {
            records.push(read(row)?);
        }
        let is_full = rows.len() > limit;
        let onward = if is_full {
            records.last().map(place)
        } else {
            edge
        };
        let searched_to = edge.filter(|_| !is_full);
        Ok(page(filter, direction, records, (onward, searched_to)))
    }

    /// What is asked of the rows, and the last row that will be looked at if it is not the last of all.
    async fn walk(
        &mut self,
        filter: &AuditFilter,
        direction: Direction,
    ) -> Result<(Conditions, Option<AuditCursor>), Error> {
        let equals = filter.equals();
        let way = way(&equals);
        let (lower, upper) = filter.bounds();
        let mut conditions = Conditions::default();
        if let Some((column, text)) = way {
            conditions.indexed(column, text);
        }
        conditions.newer_than(lower);
        conditions.older_than(upper);
        let asked: Vec<_> = equals.into_iter().filter(|p| Some(*p) != way).collect();
        if asked.is_empty() && filter.text.is_none() {
            return Ok((conditions, None));
        }
        let edge = self.edge(&conditions, direction).await?;
        // The edge itself is looked at.
        match (edge, direction) {
            (Some(AuditCursor { at, seq }), Direction::Older) => {
                conditions.newer_than(Some(AuditCursor { at, seq: seq - 1 }));
            }
            (Some(AuditCursor { at, seq }), Direction::Newer) => {
                conditions.older_than(Some(AuditCursor { at, seq: seq + 1 }));
            }
            (None, _) => {}
        }
        for (column, text) in asked {
            conditions.asked(column, text);
        }
        if let Some(text) = &filter.text {
            // SQLite's LIKE takes ASCII letters in either case by itself.
            let like = if self.is_sqlite() { "LIKE" } else { "ILIKE" };
            conditions.contains(text, like);
        }
        Ok((conditions, edge))
    }

    /// The last of the rows that may be looked at, if there are more than that.
    async fn edge(
        &mut self,
        conditions: &Conditions,
        direction: Direction,
    ) -> Result<Option<AuditCursor>, Error> {
        let mut values = conditions.values.clone();
        values.push(Value::from(i64::try_from(EXAMINED).unwrap_or(1) - 1));
        let statement = format!(
            "SELECT at, seq FROM audit_events {} {} LIMIT 1 OFFSET ${}",
            conditions.text(),
            direction.order(),
            values.len()
        );
        let row = self.one(statement, values).await?;
        row.map(|row| {
            let mut c = row.columns("audit event");
            Ok(AuditCursor {
                at: c.int()?,
                seq: c.int()?,
            })
        })
        .transpose()
    }

    /// The ids of the events from `first` to `last`, both included.
    pub async fn list_event_ids(
        &mut self,
        first: OffsetDateTime,
        last: OffsetDateTime,
    ) -> Result<Vec<EventId>, Error> {
        let rows = self
            .all(
                "SELECT id FROM audit_events WHERE at >= $1 AND at <= $2",
                vec![Value::from(first), Value::from(last)],
            )
            .await?;
        rows.iter()
            .map(|row| row.columns("audit event").name())
            .collect()
    }

    /// How many events there are.
    pub async fn count_audit(&mut self) -> Result<i64, Error> {
        let row = self
            .one("SELECT COUNT(*) FROM audit_events", Vec::new())
            .await?;
        row.map_or(Ok(0), |row| row.columns("count").int())
    }
}

/// Puts a page together from what was read in `direction`.
fn page(
    filter: &AuditFilter,
    direction: Direction,
    mut records: Vec<(i64, AuditRecord)>,
    (onward, searched_to): (Option<AuditCursor>, Option<AuditCursor>),
) -> AuditPage {
    let (previous, next) = match direction {
        Direction::Older => {
            let first = records.first().map(place);
            (first.filter(|_| filter.after.is_some()), onward)
        }
        Direction::Newer => {
            records.reverse();
            (onward, records.last().map(place).or(filter.before))
        }
    };
    AuditPage {
        records: records.into_iter().map(|(_, record)| record).collect(),
        next,
        previous,
        searched_to: searched_to.map(|edge| from_unix_millis(edge.at)),
    }
}

fn place((seq, record): &(i64, AuditRecord)) -> AuditCursor {
    AuditCursor {
        at: to_unix_millis(record.at),
        seq: *seq,
    }
}

/// Reads [`COLUMNS`].
pub(super) fn read(row: &Row) -> Result<(i64, AuditRecord), Error> {
    let mut c = row.columns("audit event");
    let seq = c.int()?;
    let id = c.name()?;
    let at = c.time()?;
    let event = AuditEvent {
        event: c.word(|text| Some(EventName::from_stored(text)))?,
        source: c.word(|text| Some(EventSource::from_stored(text)))?,
        outcome: c.word(Outcome::from_stored)?,
        identity: c.opt_name()?,
        principal: c.opt_name()?,
        provider: c.opt_name()?,
        connection: c.opt_name()?,
        metadata: c.json()?,
    };
    Ok((seq, AuditRecord { id, at, event }))
}
