//! The filter of the list: read from the address, shown in the form, written into links.
//!
//! The address is the filter, so what somebody sees can be bookmarked and sent to a colleague. Times that
//! are meant from now on (`range`) stay so in the link.

use crate::api::paths;
use crate::model::{EventName, NameError, Outcome, SearchText};
use crate::services::AuditQuery;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::str::FromStr;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};
use url::form_urlencoded::Serializer;

/// The query of the page, as it came. An empty field is one that was left empty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::server::pages) struct Asked {
    pub(super) q: String,
    pub(super) range: String,
    pub(super) since: String,
    pub(super) until: String,
    pub(super) event: String,
    pub(super) outcome: String,
    pub(super) agent: String,
    pub(super) principal: String,
    pub(super) provider: String,
    pub(super) connection: String,
    /// A place in the list: what is older than it.
    pub(super) older: String,
    /// What is newer than a place.
    pub(super) newer: String,
    /// Of an export.
    pub(super) format: String,
}

/// A choice of a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) name: &'static str,
}

const fn choice(value: &'static str, name: &'static str) -> Choice {
    Choice { value, name }
}

pub(super) const RANGES: [Choice; 5] = [
    choice("", "Any time"),
    choice("1h", "Last hour"),
    choice("24h", "Last 24 hours"),
    choice("7d", "Last 7 days"),
    choice("30d", "Last 30 days"),
];

pub(super) const OUTCOMES: [Choice; 4] = [
    choice("", "Any"),
    choice("success", "Success"),
    choice("failure", "Failure"),
    choice("refused", "Refused"),
];

/// The filter as it is asked for, and as it is understood.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) asked: Asked,
    pub(super) query: AuditQuery,
    /// What is wrong with a field, by its name.
    problems: BTreeMap<&'static str, String>,
}

impl Filter {
    pub(super) fn read(mut asked: Asked, now: OffsetDateTime) -> Self {
        let mut reading = Reading::default();
        let length = reading.take("range", &asked.range, range);
        let from = reading.take("since", &asked.since, moment);
        let until = reading.take("until", &asked.until, moment);
        // However it was written: a field for times takes no other spelling.
        for (field, at) in [(&mut asked.since, from), (&mut asked.until, until)] {
            if let Some(at) = at {
                *field = local(at);
            }
        }
        let query = AuditQuery {
            limit: None,
            cursor: given(&asked.older),
            newer_than: given(&asked.newer),
            event: reading.take("event", &asked.event, event),
            outcome: reading.take("outcome", &asked.outcome, outcome),
            identity: reading.take("agent", &asked.agent, name),
            principal: reading.take("principal", &asked.principal, name),
            provider: reading.take("provider", &asked.provider, name),
            connection: reading.take("connection", &asked.connection, name),
            text: reading.take("q", &asked.q, name::<SearchText>),
            // Both narrow: the later of the two counts.
            since: from.max(length.map(|length| now - length)),
            until,
        };
        Self {
            asked,
            query,
            problems: reading.problems,
        }
    }

    /// The field that is wrong, and what is wrong with it.
    pub(super) fn first_problem(&self) -> Option<(&'static str, &str)> {
        let (field, problem) = self.problems.first_key_value()?;
        Some((field, problem))
    }

    pub(super) fn problem(&self, field: &str) -> Option<&str> {
        self.problems.get(field).map(String::as_str)
    }

    /// Whether anything narrows the list.
    pub(super) fn is_set(&self) -> bool {
        !self.pairs().is_empty()
    }

    /// Whether one of the fields is in use that are not seen at first.
    pub(super) fn is_exact(&self) -> bool {
        let asked = &self.asked;
        [
            &asked.since,
            &asked.until,
            &asked.principal,
            &asked.connection,
        ]
        .into_iter()
        .any(|text| !text.is_empty())
    }

    pub(super) fn is_first_page(&self) -> bool {
        self.query.cursor.is_none() && self.query.newer_than.is_none()
    }

    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let asked = &self.asked;
        let all: [(&'static str, &str); 10] = [
            ("q", &asked.q),
            ("range", &asked.range),
            ("since", &asked.since),
            ("until", &asked.until),
            ("event", &asked.event),
            ("outcome", &asked.outcome),
            ("agent", &asked.agent),
            ("principal", &asked.principal),
            ("provider", &asked.provider),
            ("connection", &asked.connection),
        ];
        all.into_iter()
            .filter(|(_, text)| !text.is_empty())
            .collect()
    }

    /// The page of this filter at another place.
    pub(super) fn page(&self, place: &str, cursor: &str) -> String {
        let mut pairs = self.pairs();
        pairs.push((place, cursor));
        address(paths::AUDIT_PAGE, &pairs)
    }

    pub(super) fn first_page(&self) -> String {
        address(paths::AUDIT_PAGE, &self.pairs())
    }

    /// What this filter shows, as a file.
    pub(super) fn export(&self, format: &str) -> String {
        let mut pairs = self.pairs();
        pairs.push(("format", format));
        address(EXPORT, &pairs)
    }
}

pub(super) const EXPORT: &str = "/audit/export";

/// The list with nothing but this filter.
pub(super) fn only(pairs: &[(&str, &str)]) -> String {
    address(paths::AUDIT_PAGE, pairs)
}

fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}

#[derive(Default)]
struct Reading {
    problems: BTreeMap<&'static str, String>,
}

impl Reading {
    fn take<T>(
        &mut self,
        field: &'static str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        parse(text)
            .map_err(|problem| self.problems.insert(field, problem))
            .ok()
    }
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn name<T: FromStr<Err = NameError>>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|wrong: NameError| format!("This takes {}.", wrong.expected))
}

fn event(text: &str) -> Result<String, String> {
    match EventName::external(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("Write the whole name of an event, such as credential.resolved.".to_owned()),
    }
}

fn outcome(text: &str) -> Result<Outcome, String> {
    Outcome::from_stored(text).ok_or_else(|| "Choose success, failure or refused.".to_owned())
}

fn range(text: &str) -> Result<Duration, String> {
    match text {
        "1h" => Ok(Duration::hours(1)),
        "24h" => Ok(Duration::hours(24)),
        "7d" => Ok(Duration::days(7)),
        "30d" => Ok(Duration::days(30)),
        _ => Err("Choose one of these: 1h, 24h, 7d, 30d.".to_owned()),
    }
}

/// Years that can be asked for: nothing happened before, and at the end of time nothing can be added.
const YEARS: RangeInclusive<i32> = 1970..=9998;

/// As browsers write it, to the minute or second and in UTC; a date alone, or RFC 3339.
fn moment(text: &str) -> Result<OffsetDateTime, String> {
    let minutes = format_description!("[year]-[month]-[day]T[hour]:[minute]");
    let seconds = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let day = format_description!("[year]-[month]-[day]");
    let local = PrimitiveDateTime::parse(text, minutes)
        .or_else(|_| PrimitiveDateTime::parse(text, seconds))
        .or_else(|_| {
            Date::parse(text, day).map(|date| PrimitiveDateTime::new(date, Time::MIDNIGHT))
        });
    local
        .map(PrimitiveDateTime::assume_utc)
        .or_else(|_| OffsetDateTime::parse(text, &Rfc3339))
        .ok()
        .and_then(|at| at.checked_to_offset(UtcOffset::UTC))
        .filter(|at| YEARS.contains(&at.year()))
        .ok_or_else(|| "Write a time in UTC, such as 2026-03-01T12:00.".to_owned())
}

/// As a field for times takes it, in UTC and to the second.
pub(super) fn local(at: OffsetDateTime) -> String {
    let seconds = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let utc = at.to_offset(UtcOffset::UTC);
    utc.format(&seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-21 10:30 UTC);

    fn read(set: impl FnOnce(&mut Asked)) -> Filter {
        let mut asked = Asked::default();
        set(&mut asked);
        Filter::read(asked, NOW)
    }

    #[test]
    fn times_are_read_as_browsers_and_people_write_them() {
        for text in [
            "2026-03-01T12:00",
            "2026-03-01T12:00:00",
            "2026-03-01T12:00:00Z",
        ] {
            assert_eq!(moment(text), Ok(datetime!(2026-03-01 12:00 UTC)), "{text}");
        }
        assert_eq!(moment("2026-03-01"), Ok(datetime!(2026-03-01 0:00 UTC)));
        for text in ["yesterday", "2026-13-01", "275760-09-13T00:00", "0"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_that_cannot_be_calculated_with_are_no_times() {
        for text in [
            "9999-12-31T23:59:59-23:59",
            "9999-01-01",
            "0000-01-01T00:00:00+23:59",
            "-9999-01-01",
            "1969-12-31T23:59",
        ] {
            assert!(moment(text).is_err(), "{text}");
        }
        assert!(moment("1970-01-01").is_ok() && moment("9998-12-31T23:59").is_ok());
    }

    #[test]
    fn a_wrong_field_is_told_and_stays_in_the_form() {
        let filter = read(|asked| {
            asked.agent = "<script>".to_owned();
            asked.event = "two words".to_owned();
            asked.q = "\u{0}".to_owned();
            asked.range = "1y".to_owned();
            asked.outcome = "perhaps".to_owned();
        });
        for field in ["agent", "event", "q", "range", "outcome"] {
            assert!(filter.problem(field).is_some(), "{field}");
        }
        assert_eq!(filter.problem("since"), None);
        assert_eq!(filter.asked.agent, "<script>");
    }

    #[test]
    fn the_later_of_two_beginnings_counts() {
        let filter = read(|asked| {
            asked.range = "24h".to_owned();
            asked.since = "2026-01-01".to_owned();
        });
        assert_eq!(filter.query.since, Some(NOW - Duration::hours(24)));
    }

    #[test]
    fn a_link_holds_the_filter_and_nothing_that_is_empty() {
        let filter = read(|asked| {
            asked.q = "a&b =c".to_owned();
            asked.older = "5.1".to_owned();
        });
        assert_eq!(filter.first_page(), "/audit?q=a%26b+%3Dc");
        assert_eq!(filter.page("older", "9.2"), "/audit?q=a%26b+%3Dc&older=9.2");
        assert_eq!(
            filter.export("csv"),
            "/audit/export?q=a%26b+%3Dc&format=csv"
        );
        assert_eq!(read(|_| ()).first_page(), "/audit");
    }
}
