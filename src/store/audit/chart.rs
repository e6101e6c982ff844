//! How many events there were in each hour or day, from the counts and what is not in them yet.

use super::filter::Conditions;
use crate::clock::{from_unix_millis, to_unix_millis};
use crate::model::{Handle, Outcome, PrincipalId, ProviderName};
use crate::store::value::{Row, Value, args};
use crate::store::{Error, Reader};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// The most events that are counted for one answer because they are in no count yet.
const FRESH: i64 = 5_000;
/// The most counts that are added up for one answer.
const ADDED: i64 = 20_000;

/// What one figure is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Hour,
    Day,
}

impl Span {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    pub const fn millis(self) -> i64 {
        match self {
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    /// The beginning of the span that `millis` is in, in UTC.
    pub(super) const fn start_of(self, millis: i64) -> i64 {
        millis - millis.rem_euclid(self.millis())
    }

    /// The beginning of the span that a time is in, in UTC.
    pub fn start(self, at: OffsetDateTime) -> OffsetDateTime {
        from_unix_millis(self.start_of(to_unix_millis(at)))
    }
}

/// Which events to count. Everything that is set must match.
#[derive(Debug, Clone)]
pub struct CountFilter {
    pub span: Span,
    /// The beginning of the first span.
    pub from: OffsetDateTime,
    /// The end of the last one, not included.
    pub until: OffsetDateTime,
    pub event: Option<String>,
    pub outcome: Option<Outcome>,
    pub identity: Option<Handle>,
    pub principal: Option<PrincipalId>,
    pub provider: Option<ProviderName>,
}

/// Figures by the beginning of their span; spans without events are not in it.
#[derive(Debug, Clone, Default)]
pub struct AuditCounts {
    pub bars: BTreeMap<OffsetDateTime, Vec<(Outcome, u64)>>,
    /// Events after this one are not in it yet; `None` where all are.
    pub counted_to: Option<OffsetDateTime>,
}

impl AuditCounts {
    fn add(&mut self, row: &Row) -> Result<(), Error> {
        let mut c = row.columns("audit count");
        let at = c.time()?;
        let outcome = c.word(Outcome::from_stored)?;
        let events = u64::try_from(c.int()?).unwrap_or(0);
        self.bars.entry(at).or_default().push((outcome, events));
        Ok(())
    }
}

impl CountFilter {
    /// The kind of figure, its column in the log, and the value asked for.
    fn dimensions(&self) -> Vec<(&'static str, &'static str, &str)> {
        let all = [
            ("event", "event", self.event.as_deref()),
            (
                "identity",
                "identity",
                self.identity.as_ref().map(AsRef::as_ref),
            ),
            (
                "principal",
                "principal_id",
                self.principal.as_ref().map(AsRef::as_ref),
            ),
            (
                "provider",
                "provider",
                self.provider.as_ref().map(AsRef::as_ref),
            ),
        ];
        all.into_iter()
            .filter_map(|(kind, column, value)| Some((kind, column, value?)))
            .collect()
    }

    fn range(&self, conditions: &mut Conditions, column: &str) {
        let (from, until) = (conditions.bind(self.from), conditions.bind(self.until));
        conditions.add(format!("{column} >= {from}"));
        conditions.add(format!("{column} < {until}"));
    }

    fn outcome(&self, conditions: &mut Conditions) {
        if let Some(outcome) = self.outcome {
            conditions.asked("outcome", outcome.as_str());
        }
    }
}

impl Reader {
    /// The figures; `None` where too many counts would have to be added up for them.
    pub async fn chart_audit(
        &mut self,
        filter: &CountFilter,
    ) -> Result<Option<AuditCounts>, Error> {
        let mut counts = AuditCounts::default();
        let counted = match filter.dimensions().as_slice() {
            [] => self.counts_of(filter, "all", "").await?,
            [(kind, _, value)] => self.counts_of(filter, kind, value).await?,
            _ => match self.counts_of_each(filter).await? {
                Some(rows) => rows,
                None => return Ok(None),
            },
        };
        for row in &counted {
            counts.add(row)?;
        }
        let mark = self.audit_counted_to().await?;
        if self.is_far_behind(mark).await? {
            let row = self
                .one("SELECT at FROM audit_events WHERE seq = $1", args![mark])
                .await?;
            let at = row.map(|row| row.columns("audit event").time()).transpose();
            counts.counted_to = Some(at?.unwrap_or(OffsetDateTime::UNIX_EPOCH));
            return Ok(Some(counts));
        }
        for row in &self.fresh_counts(filter, mark).await? {
            counts.add(row)?;
        }
        Ok(Some(counts))
    }

    async fn counts_of(
        &mut self,
        filter: &CountFilter,
        kind: &str,
        value: &str,
    ) -> Result<Vec<Row>, Error> {
        let mut conditions = Conditions::default();
        for (column, text) in [
            ("kind", kind),
            ("value", value),
            ("span", filter.span.as_str()),
        ] {
            let place = conditions.bind(text);
            conditions.add(format!("{column} = {place}"));
        }
        filter.range(&mut conditions, "at");
        filter.outcome(&mut conditions);
        let statement = format!(
            "SELECT at, outcome, events FROM audit_counts {}",
            conditions.text()
        );
        self.all(statement, conditions.values).await
    }

    async fn counts_of_each(&mut self, filter: &CountFilter) -> Result<Option<Vec<Row>>, Error> {
        let mut conditions = Conditions::default();
        let span = conditions.bind(filter.span.as_str());
        conditions.add(format!("span = {span}"));
        filter.range(&mut conditions, "at");
        let many = format!(
            "SELECT at FROM audit_counts_each {} LIMIT 1 OFFSET {ADDED}",
            conditions.text()
        );
        if self.one(many, conditions.values.clone()).await?.is_some() {
            return Ok(None);
        }
        for (_, column, value) in filter.dimensions() {
            conditions.asked(column, value);
        }
        filter.outcome(&mut conditions);
        let statement = format!(
            "SELECT at, outcome, CAST(SUM(events) AS BIGINT) FROM audit_counts_each {} GROUP BY at, outcome",
            conditions.text()
        );
        self.all(statement, conditions.values).await.map(Some)
    }

    /// Whether more events are uncounted than are counted for one answer.
    async fn is_far_behind(&mut self, mark: i64) -> Result<bool, Error> {
        let statement = format!(
            "SELECT seq FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT 1 OFFSET {FRESH}"
        );
        Ok(self.one(statement, args![mark]).await?.is_some())
    }

    async fn fresh_counts(&mut self, filter: &CountFilter, mark: i64) -> Result<Vec<Row>, Error> {
        let mut conditions = Conditions::default();
        let place = conditions.bind(Value::from(mark));
        conditions.add(format!("seq > {place}"));
        // Not by the index of times: what is uncounted is little, and lies together.
        filter.range(&mut conditions, "COALESCE(at, 0)");
        for (_, column, value) in filter.dimensions() {
            conditions.asked(column, value);
        }
        filter.outcome(&mut conditions);
        let size = filter.span.millis();
        let statement = format!(
            "SELECT at / {size} * {size}, outcome, COUNT(*) FROM audit_events {} GROUP BY 1, 2",
            conditions.text()
        );
        self.all(statement, conditions.values).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_with_its_hour_or_day() {
        let at = from_unix_millis(1_800_000_123_456);
        assert_eq!(Span::Hour.start(at), from_unix_millis(1_800_000_000_000));
        assert_eq!(Span::Day.start(at).hour(), 0);
    }
}
