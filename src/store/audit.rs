//! The audit log: written with what it records, read newest first, followed by subscribers.

use super::Error;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Row, Value, to_json};
use crate::clock::to_unix_millis;
use crate::model::audit::EventSource;
use crate::model::{
    AuditEvent, AuditRecord, ConnectionName, EventId, EventName, Handle, Outcome, PrincipalId,
    ProviderName,
};
use std::fmt;
use std::str::FromStr;
use time::OffsetDateTime;

const ROWS: usize = 128;
const COLUMNS: usize = 10;
/// The most records one page holds.
pub const MAX_PAGE: usize = 1000;

/// Which records to list. Everything that is set must match.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Not older than this.
    pub since: Option<OffsetDateTime>,
    /// Older than this.
    pub until: Option<OffsetDateTime>,
    pub event: Option<String>,
    pub outcome: Option<Outcome>,
    pub identity: Option<Handle>,
    pub principal: Option<PrincipalId>,
    pub provider: Option<ProviderName>,
    pub connection: Option<ConnectionName>,
    /// Only what comes after this place of an earlier page.
    pub after: Option<AuditCursor>,
    /// At most this many; 1 to [`MAX_PAGE`].
    pub limit: usize,
}

/// A place in the newest-first list; its text form travels over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCursor {
    at: i64,
    seq: i64,
}

impl fmt::Display for AuditCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.seq)
    }
}

/// A cursor that none of our pages gave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of an earlier page")]
pub struct BadCursor;

impl FromStr for AuditCursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (at, seq) = text.split_once('.').ok_or(BadCursor)?;
        let number = |part: &str| match part.parse::<i64>() {
            Ok(number) if number >= 0 => Ok(number),
            _ => Err(BadCursor),
        };
        Ok(Self {
            at: number(at)?,
            seq: number(seq)?,
        })
    }
}

/// A page of the list, newest first.
#[derive(Debug, Clone)]
pub struct AuditPage {
    pub records: Vec<AuditRecord>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<AuditCursor>,
}

impl Tx {
    /// Writes an event as part of this change. Without it nothing of the change stands.
    pub async fn audit(&mut self, event: AuditEvent) -> Result<EventId, Error> {
        let before = self.events_so_far();
        let id = self.record(event)?.id.clone();
        self.write_events_after(before).await?;
        Ok(id)
    }

    /// Writes the rows of the events recorded after the first `count`.
    pub(super) async fn write_events_after(&mut self, count: usize) -> Result<(), Error> {
        let batches = batches(self.events_after(count))?;
        self.write_batches(batches).await
    }

    /// Writes events of another log under the ids and times they had there. Subscribers are not
    /// told: nothing of it happened now. The caller has marked them.
    pub async fn insert_past_events(&mut self, records: &[AuditRecord]) -> Result<(), Error> {
        self.write_batches(batches(records)?).await
    }

    async fn write_batches(&mut self, batches: Vec<(usize, Vec<Value>)>) -> Result<(), Error> {
        for (rows, values) in batches {
            let statement = format!(
                "{} INTO audit_events (id, at, event, source, outcome, identity, principal_id, \
                 provider, connection, metadata) VALUES {}",
                self.insert(),
                self.rows(rows, COLUMNS)
            );
            self.run(statement, values).await?;
        }
        Ok(())
    }
}

/// The values of several rows each, with how many rows they are.
fn batches(records: &[AuditRecord]) -> Result<Vec<(usize, Vec<Value>)>, Error> {
    let mut batches = Vec::new();
    for chunk in records.chunks(ROWS) {
        let mut values = Vec::with_capacity(chunk.len() * COLUMNS);
        for record in chunk {
            values.extend(row_values(record)?);
        }
        batches.push((chunk.len(), values));
    }
    Ok(batches)
}

fn row_values(record: &AuditRecord) -> Result<[Value; COLUMNS], Error> {
    let event = &record.event;
    Ok([
        Value::from(record.id.as_str()),
        Value::from(record.at),
        Value::from(event.event.as_str()),
        Value::from(event.source.as_str()),
        Value::from(event.outcome.as_str()),
        Value::from(event.identity.as_ref().map(Handle::as_str)),
        Value::from(event.principal.as_ref().map(PrincipalId::as_str)),
        Value::from(event.provider.as_ref().map(ProviderName::as_str)),
        Value::from(event.connection.as_ref().map(ConnectionName::as_str)),
        Value::from(to_json(&event.metadata)?),
    ])
}

impl Reader {
    /// A page of the audit log, newest first.
    pub async fn list_audit(&mut self, filter: &AuditFilter) -> Result<AuditPage, Error> {
        let limit = filter.limit.clamp(1, MAX_PAGE);
        let (conditions, mut values) = conditions(filter);
        values.push(Value::from(i64::try_from(limit).unwrap_or(1) + 1));
        let statement = format!(
            "SELECT seq, id, at, event, source, outcome, identity, principal_id, provider, connection, \
             metadata FROM audit_events {conditions} ORDER BY at DESC, seq DESC LIMIT ${}",
            values.len()
        );
        let rows = self.all(statement, values).await?;
        let more = rows.len() > limit;
        let mut next = None;
        let mut records = Vec::with_capacity(rows.len().min(limit));
        for row in rows.iter().take(limit) {
            let (seq, record) = read(row)?;
            next = Some(AuditCursor {
                at: to_unix_millis(record.at),
                seq,
            });
            records.push(record);
        }
        Ok(AuditPage {
            records,
            next: next.filter(|_| more),
        })
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

fn conditions(filter: &AuditFilter) -> (String, Vec<Value>) {
    let equals = [
        ("event", filter.event.as_deref()),
        ("outcome", filter.outcome.map(Outcome::as_str)),
        ("identity", filter.identity.as_ref().map(Handle::as_str)),
        (
            "principal_id",
            filter.principal.as_ref().map(PrincipalId::as_str),
        ),
        (
            "provider",
            filter.provider.as_ref().map(ProviderName::as_str),
        ),
        (
            "connection",
            filter.connection.as_ref().map(ConnectionName::as_str),
        ),
    ];
    let mut parts = Vec::new();
    let mut values = Vec::new();
    for (column, text) in equals {
        if let Some(text) = text {
            values.push(Value::from(text));
            parts.push(format!("{column} = ${}", values.len()));
        }
    }
    for (comparison, at) in [("at >=", filter.since), ("at <", filter.until)] {
        if let Some(at) = at {
            values.push(Value::from(at));
            parts.push(format!("{comparison} ${}", values.len()));
        }
    }
    if let Some(cursor) = filter.after {
        values.push(Value::from(cursor.at));
        values.push(Value::from(cursor.seq));
        let count = values.len();
        parts.push(format!("(at, seq) < (${}, ${count})", count - 1));
    }
    if parts.is_empty() {
        return (String::new(), values);
    }
    (format!("WHERE {}", parts.join(" AND ")), values)
}

fn read(row: &Row) -> Result<(i64, AuditRecord), Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_a_made_up_one_does_not() {
        let cursor = AuditCursor { at: 12, seq: 3 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in [
            "",
            ".",
            "1",
            "1.",
            "-1.2",
            "1.2.3",
            "1.99999999999999999999",
        ] {
            assert_eq!(text.parse::<AuditCursor>(), Err(BadCursor), "{text}");
        }
    }
}
