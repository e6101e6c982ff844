//! Which records to list, as conditions of a statement.
//!
//! One of the conditions picks the index that is walked in order of time; the others are asked of each
//! row on the way. They are spelt so that no database takes another index for them: how far a walk goes
//! is then known beforehand.

use super::cursor::AuditCursor;
use crate::clock::to_unix_millis;
use crate::model::{ConnectionName, Handle, Outcome, PrincipalId, ProviderName, SearchText};
use crate::store::value::Value;
use time::OffsetDateTime;

/// The event that is in no index of its own: most of the log is nothing else.
pub(super) const COMMON: &str = "credential.resolved";

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
    /// In the name of the event, agent, provider or connection, or in the metadata; ASCII letters in
    /// either case.
    pub text: Option<SearchText>,
    /// Only what is older than this place of an earlier page.
    pub after: Option<AuditCursor>,
    /// Only what is newer than this place, the nearest of it.
    pub before: Option<AuditCursor>,
    /// At most this many; 1 to [`MAX_PAGE`](super::MAX_PAGE).
    pub limit: usize,
}

impl AuditFilter {
    /// Columns that must hold a text.
    pub(super) fn equals(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("event", self.event.as_deref()),
            ("outcome", self.outcome.map(Outcome::as_str)),
            ("provider", self.provider.as_ref().map(AsRef::as_ref)),
            ("principal_id", self.principal.as_ref().map(AsRef::as_ref)),
            ("identity", self.identity.as_ref().map(AsRef::as_ref)),
            ("connection", self.connection.as_ref().map(AsRef::as_ref)),
        ];
        let set = all.into_iter();
        set.filter_map(|(column, text)| Some((column, text?)))
            .collect()
    }

    /// Everything listed is between these places, neither included.
    pub(super) fn bounds(&self) -> (Option<AuditCursor>, Option<AuditCursor>) {
        // Sequences begin at 1: a place with 0 is before all rows of its millisecond.
        let place = |at: OffsetDateTime| AuditCursor {
            at: to_unix_millis(at),
            seq: 0,
        };
        let lower = self.since.map(place).max(self.before);
        let until = self.until.map(place);
        let upper = match (until, self.after) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        (lower, upper)
    }
}

/// Conditions with their arguments.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    parts: Vec<String>,
    pub(super) values: Vec<Value>,
}

impl Conditions {
    /// Remembers an argument; answers its placeholder.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    pub(super) fn add(&mut self, condition: impl Into<String>) {
        self.parts.push(condition.into());
    }

    /// For an index to be walked.
    pub(super) fn indexed(&mut self, column: &str, text: &str) {
        let place = self.bind(text);
        self.add(format!("{column} = {place}"));
        // A partial index is taken only where its own condition is in the statement.
        match column {
            "event" => self.add(format!("event <> '{COMMON}'")),
            "outcome" => self.add("outcome <> 'success'"),
            _ => {}
        }
    }

    /// Asked of each row; no index is taken for it.
    pub(super) fn asked(&mut self, column: &str, text: &str) {
        let place = self.bind(text);
        self.add(format!("COALESCE({column}, '') = {place}"));
    }

    pub(super) fn newer_than(&mut self, place: Option<AuditCursor>) {
        self.compare(">", place);
    }

    pub(super) fn older_than(&mut self, place: Option<AuditCursor>) {
        self.compare("<", place);
    }

    fn compare(&mut self, sign: &str, place: Option<AuditCursor>) {
        let Some(place) = place else { return };
        let (at, seq) = (self.bind(place.at), self.bind(place.seq));
        self.add(format!("(at, seq) {sign} ({at}, {seq})"));
    }

    /// `like` is the word of the database for a comparison in either case.
    pub(super) fn contains(&mut self, text: &SearchText, like: &str) {
        let plain = self.bind(pattern(text.as_str()));
        let mut parts: Vec<String> = ["event", "provider", "identity", "connection", "metadata"]
            .map(|column| format!("{column} {like} {plain} ESCAPE '!'"))
            .to_vec();
        let inside = as_written_in_json(text.as_str());
        if inside != text.as_str() {
            let inside = self.bind(pattern(&inside));
            parts.push(format!("metadata {like} {inside} ESCAPE '!'"));
        }
        self.add(format!("({})", parts.join(" OR ")));
    }

    /// `WHERE …`, or nothing.
    pub(super) fn text(&self) -> String {
        if self.parts.is_empty() {
            return String::new();
        }
        format!("WHERE {}", self.parts.join(" AND "))
    }
}

/// Anything with `text` in it, whatever characters that has.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Metadata is kept as JSON, where quotes and backslashes are escaped.
fn as_written_in_json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    let inside = quoted.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    inside.unwrap_or(text).to_owned()
}

/// The condition whose index is walked: the rarest first.
pub(super) fn way<'f>(equals: &[(&'static str, &'f str)]) -> Option<(&'static str, &'f str)> {
    let is_indexed = |(column, text): &(&str, &str)| match *column {
        "event" => *text != COMMON,
        "outcome" => *text != Outcome::Success.as_str(),
        "provider" | "principal_id" => true,
        _ => false,
    };
    equals.iter().copied().find(|pair| is_indexed(pair))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EventName;

    #[test]
    fn what_somebody_searches_for_is_never_a_pattern() {
        assert_eq!(pattern("100%_!"), "%100!%!_!!%");
        assert_eq!(as_written_in_json("a\"b\\"), "a\\\"b\\\\");
    }

    #[test]
    fn the_common_event_is_the_one_that_is_written_most() {
        assert_eq!(COMMON, EventName::CredentialResolved.as_str());
        assert!(
            include_str!("../migrations/0004_audit.sql").contains(&format!("event <> '{COMMON}'"))
        );
    }

    #[test]
    fn the_nearer_of_two_bounds_counts() {
        let at = |seconds| Some(OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds));
        let filter = AuditFilter {
            since: at(1),
            until: at(9),
            after: "5000.7".parse().ok(),
            before: "500.3".parse().ok(),
            ..AuditFilter::default()
        };
        let (lower, upper) = filter.bounds();
        assert_eq!(lower.map(|place| place.to_string()).unwrap(), "1000.0");
        assert_eq!(upper.map(|place| place.to_string()).unwrap(), "5000.7");
    }
}
