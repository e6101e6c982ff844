//! One event as one line of text. Pure.
//!
//! JSON, with everything but printable ASCII escaped: a line end, an escape sequence of a terminal
//! or a direction mark inside a value stays inside its value, whatever program shows the file.

use crate::model::AuditRecord;
use serde::{Serialize, Serializer};
use std::fmt::Write as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The fields of a line, in their order.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(serialize_with = "rfc3339")]
    timestamp: OffsetDateTime,
    event_id: &'a str,
    event: &'a str,
    source: &'a str,
    status: &'a str,
    identity: Option<&'a str>,
    principal_id: Option<&'a str>,
    provider: Option<&'a str>,
    connection: Option<&'a str>,
    metadata: &'a serde_json::Map<String, serde_json::Value>,
}

/// The line, with its line end.
pub(super) fn line(record: &AuditRecord) -> String {
    let event = &record.event;
    let fields = Line {
        timestamp: record.at,
        event_id: record.id.as_str(),
        event: event.event.as_str(),
        source: event.source.as_str(),
        status: event.outcome.as_str(),
        identity: event.identity.as_ref().map(AsRef::as_ref),
        principal_id: event.principal.as_ref().map(AsRef::as_ref),
        provider: event.provider.as_ref().map(AsRef::as_ref),
        connection: event.connection.as_ref().map(AsRef::as_ref),
        metadata: &event.metadata,
    };
    // Text and the keys of an object are all there is: it cannot fail.
    let json = serde_json::to_string(&fields).unwrap_or_default();
    let mut text = ascii(json);
    text.push('\n');
    text
}

fn rfc3339<S: Serializer>(at: &OffsetDateTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.format(&Rfc3339).unwrap_or_default())
}

/// Outside strings JSON is ASCII anyway, so escaping everywhere is escaping inside strings.
pub(super) fn ascii(json: String) -> String {
    if json.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 1);
    for letter in json.chars() {
        if letter.is_ascii_graphic() || letter == ' ' {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AuditEvent, EventName};
    use serde_json::Value;

    fn record(note: &str) -> AuditRecord {
        AuditRecord {
            id: "evt_1".parse().unwrap(),
            at: OffsetDateTime::UNIX_EPOCH,
            event: AuditEvent::new(EventName::LoginStarted).with("note", note),
        }
    }

    #[test]
    fn a_hostile_value_stays_inside_its_line_and_reads_back() {
        let hostile = "a\r\n{\"event\":\"forged\"}\u{1b}[2J\u{7f}\u{9b}31m\u{2028}\u{202e}é😀";
        let text = line(&record(hostile));
        assert_eq!(text.matches('\n').count(), 1);
        assert!(
            text.trim_end()
                .bytes()
                .all(|c| c.is_ascii_graphic() || c == b' ')
        );
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["metadata"]["note"], hostile);
        assert_eq!(read["event"], "login.started");
    }

    #[test]
    fn a_line_has_the_fields_of_the_log() {
        insta::assert_snapshot!(line(&record("x")).trim_end(), @r#"{"timestamp":"1970-01-01T00:00:00Z","event_id":"evt_1","event":"login.started","source":"daemon","status":"success","identity":null,"principal_id":null,"provider":null,"connection":null,"metadata":{"note":"x"}}"#);
    }
}
