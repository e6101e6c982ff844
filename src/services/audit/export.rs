//! A copy of what a filter shows, a batch at a time.

use super::csv;
use super::line::line;
use super::service::{Audit, AuditQuery, READ, filter};
use crate::model::{AuditEvent, AuditRecord, EventName};
use crate::services::{Actor, Error};
use crate::store::{AuditFilter, MAX_PAGE, Store};
use std::fmt;

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFormat {
    /// As in `audit.log`.
    JsonLines,
    Csv,
}

impl AuditFormat {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
        }
    }

    pub fn from_word(text: &str) -> Option<Self> {
        match text {
            "jsonl" => Some(Self::JsonLines),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }

    fn write(self, record: &AuditRecord) -> String {
        match self {
            Self::JsonLines => line(record),
            Self::Csv => csv::row(record),
        }
    }
}

/// An export under way, newest first. It holds one batch at a time, and nothing of the store between two.
pub struct AuditExport {
    store: Store,
    filter: AuditFilter,
    format: AuditFormat,
    has_begun: bool,
    is_done: bool,
}

impl fmt::Debug for AuditExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditExport")
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl Audit {
    /// Begins an export, after writing that down. What happens from then on is not in it, and all
    /// before that is, wherever in the list somebody stood. Administrators only.
    pub async fn export<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        query: AuditQuery,
        format: AuditFormat,
    ) -> Result<AuditExport, Error> {
        let actor = actor.into();
        actor.require_admin(READ)?;
        let mut filter = filter(AuditQuery {
            cursor: None,
            newer_than: None,
            ..query
        })?;
        let now = self.core.now();
        filter.until = Some(filter.until.map_or(now, |until| until.min(now)));
        filter.limit = MAX_PAGE;
        let event = AuditEvent::new(EventName::AuditExported).with("format", format.as_str());
        let event = actor.sign(described(event, &filter));
        self.core.store.audit(vec![event]).await?;
        Ok(AuditExport {
            store: self.core.store.clone(),
            filter,
            format,
            has_begun: false,
            is_done: false,
        })
    }
}

/// What was asked for belongs to what is known of an export.
fn described(event: AuditEvent, filter: &AuditFilter) -> AuditEvent {
    let asked = [
        ("event", filter.event.clone()),
        ("status", filter.outcome.map(|o| o.as_str().to_owned())),
        (
            "identity",
            filter.identity.as_ref().map(ToString::to_string),
        ),
        (
            "principal_id",
            filter.principal.as_ref().map(ToString::to_string),
        ),
        (
            "provider",
            filter.provider.as_ref().map(ToString::to_string),
        ),
        (
            "connection",
            filter.connection.as_ref().map(ToString::to_string),
        ),
        ("q", filter.text.as_ref().map(ToString::to_string)),
        ("since", filter.since.map(|at| at.to_string())),
        ("until", filter.until.map(|at| at.to_string())),
    ];
    let asked: serde_json::Map<_, _> = asked
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), text?.into())))
        .collect();
    event.with("filter", serde_json::Value::Object(asked))
}

impl AuditExport {
    /// The next piece of the file; `None` at its end. A piece may be empty where nothing was found in
    /// the part that was looked through.
    pub async fn next(&mut self) -> Result<Option<String>, Error> {
        if self.is_done {
            return Ok(None);
        }
        let page = self.store.read().await?.list_audit(&self.filter).await?;
        let mut text = String::new();
        if !std::mem::replace(&mut self.has_begun, true) && self.format == AuditFormat::Csv {
            text.push_str(csv::HEAD);
        }
        for record in &page.records {
            text.push_str(&self.format.write(record));
        }
        // A place that is not further back would be read again and again.
        let here = self.filter.after;
        let next = page
            .next
            .filter(|next| here.is_none_or(|here| *next < here));
        self.is_done = next.is_none();
        self.filter.after = next;
        Ok(Some(text))
    }
}
