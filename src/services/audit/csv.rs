//! Events as rows of a table (RFC 4180). Pure.
//!
//! A spreadsheet takes a cell that begins like a formula for one, and runs it: such a cell gets an
//! apostrophe in front, which spreadsheets take for "this is text".

use super::line::ascii;
use crate::model::AuditRecord;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;

pub(super) const HEAD: &str =
    "timestamp,event_id,event,source,status,identity,principal_id,provider,connection,metadata\r\n";

/// The row, with its line end.
pub(super) fn row(record: &AuditRecord) -> String {
    let event = &record.event;
    let text = |name: Option<&str>| cell(name.unwrap_or_default());
    let metadata = Value::Object(event.metadata.clone()).to_string();
    let cells = [
        cell(&record.at.format(&Rfc3339).unwrap_or_default()),
        cell(record.id.as_str()),
        cell(event.event.as_str()),
        cell(event.source.as_str()),
        cell(event.outcome.as_str()),
        text(event.identity.as_ref().map(AsRef::as_ref)),
        text(event.principal.as_ref().map(AsRef::as_ref)),
        text(event.provider.as_ref().map(AsRef::as_ref)),
        text(event.connection.as_ref().map(AsRef::as_ref)),
        cell(&ascii(metadata)),
    ];
    let mut row = cells.join(",");
    row.push_str("\r\n");
    row
}

fn cell(text: &str) -> String {
    let begins_a_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let guard = if begins_a_formula { "'" } else { "" };
    if text.contains(['"', ',', '\r', '\n']) {
        return format!("\"{guard}{}\"", text.replace('"', "\"\""));
    }
    format!("{guard}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AuditEvent, EventName};
    use time::OffsetDateTime;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("two\r\nlines"), "\"two\r\nlines\"");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(cell(formula).trim_start_matches('"').starts_with('\''));
        }
    }

    #[test]
    fn a_row_has_the_columns_of_the_head_and_one_line() {
        let hostile = "=HYPERLINK(\"http://evil\")\r\n\u{202e}é";
        let record = AuditRecord {
            id: "-1".parse().unwrap(),
            at: OffsetDateTime::UNIX_EPOCH,
            event: AuditEvent::new(EventName::LoginStarted).with("note", hostile),
        };
        insta::assert_snapshot!(row(&record).trim_end(), @r#"1970-01-01T00:00:00Z,'-1,login.started,daemon,success,,,,,"{""note"":""=HYPERLINK(\""http://evil\"")\r\n\u202e\u00e9""}""#);
        assert_eq!(row(&record).matches('\n').count(), 1);
        assert_eq!(HEAD.split(',').count(), 10);
    }
}
