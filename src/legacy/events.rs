//! Audit events of the old home, with their own id and time, marked as what they are. Pure.

use super::home::{Kind, OldHome};
use super::sqlite::{Row, Rows, Table};
use super::text::{moment, shown};
use crate::model::audit::EventSource;
use crate::model::{AuditEvent, AuditRecord, EventName, Outcome};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Largest payload that is kept (bytes).
const LARGEST_PAYLOAD: usize = 16 * 1024;

pub(super) const TABLE: Table = Table {
    name: "audit_events",
    columns: &[
        "event_id",
        "timestamp",
        "event",
        "source",
        "principal_id",
        "identity",
        "provider",
        "connection",
        "payload_json",
    ],
    order: "timestamp",
    most: 200_000,
};

pub(super) fn read(rows: &Rows, into: &mut OldHome) {
    let mut seen = BTreeSet::new();
    for row in &rows.rows {
        match record(row) {
            Ok(record) if seen.insert(record.id.clone()) => into.events.push(record),
            Ok(_) => into.skip(Kind::Events, row.name(), "another event has the same id"),
            Err(reason) => into.skip(Kind::Events, row.name(), reason),
        }
    }
    if rows.left_out > 0 {
        let reason = format!("{} older events are more than is taken over", rows.left_out);
        into.skip(Kind::Events, "(older)", reason);
    }
    into.events
        .sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
}

fn record(row: &Row) -> Result<AuditRecord, &'static str> {
    let text = |column| row.text(column);
    let id = text(0)
        .and_then(|id| id.parse().ok())
        .ok_or("its id is not one we take")?;
    let at = text(1).and_then(moment).ok_or("its time is no time")?;
    let name = text(2).ok_or("it has no name")?.to_ascii_lowercase();
    // The shape is checked as for every event from outside; a name that is ours is ours again.
    let checked = EventName::external(&name).ok_or("its name is not one we take")?;
    let source = text(3).unwrap_or_default();
    let mut metadata = Map::new();
    metadata.insert("imported_from".to_owned(), "0.5".into());
    metadata.insert("source".to_owned(), shown(source).into());
    let mut named = |field: &str, column: usize| {
        if let Some(text) = row.text(column).filter(|text| !text.is_empty()) {
            metadata.insert(field.to_owned(), shown(text).into());
        }
    };
    let principal = text(4).and_then(|text| text.parse().ok());
    let identity = text(5).and_then(|text| text.parse().ok());
    let provider = text(6).and_then(|text| text.parse().ok());
    let connection = text(7).and_then(|text| text.parse().ok());
    for (field, column, is_lost) in [
        ("principal_id", 4, principal.is_none()),
        ("identity", 5, identity.is_none()),
        ("provider", 6, provider.is_none()),
        ("connection", 7, connection.is_none()),
    ] {
        if is_lost {
            named(field, column);
        }
    }
    let outcome = payload(row, &mut metadata);
    Ok(AuditRecord {
        id,
        at,
        event: AuditEvent {
            event: EventName::from_stored(checked.as_str()),
            source: EventSource::from_stored(source),
            outcome,
            identity,
            principal,
            provider,
            connection,
            metadata,
        },
    })
}

/// Keeps the payload below a name of its own, so that it cannot pretend to be a mark of ours.
fn payload(row: &Row, metadata: &mut Map<String, Value>) -> Outcome {
    let text = row.text(8).filter(|text| text.len() <= LARGEST_PAYLOAD);
    let read = text.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let Some(payload) = read else {
        if !row.is_null(8) {
            metadata.insert("payload_dropped".to_owned(), true.into());
        }
        return Outcome::Success;
    };
    let status = payload.get("status").and_then(Value::as_str);
    let outcome = match status {
        Some("failure" | "failed" | "error") => Outcome::Failure,
        Some("refused" | "denied") => Outcome::Refused,
        _ => Outcome::Success,
    };
    if !payload.is_empty() {
        metadata.insert("payload".to_owned(), Value::Object(payload));
    }
    outcome
}
