//! Reading and adding to the log.

use super::external;
use crate::model::{
    AuditRecord, Caller, ConnectionName, Email, EventId, EventName, Handle, Outcome, PrincipalId,
    ProviderName, SearchText,
};
use crate::services::setup::Core;
use crate::services::{Actor, Error};
use crate::store::{AuditCursor, AuditFilter, BadCursor};
use futures_util::FutureExt as _;
use std::sync::Arc;
use time::OffsetDateTime;

const PAGE: usize = 50;
pub(super) const READ: &str = "read the audit log";
/// What a filter for an event is told that could be no event's name.
const NOT_AN_EVENT: &str = "not the name of an event, such as `credential.resolved`";

/// Which events to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// 1 to 1,000; 50 when `None`.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before: what is older.
    pub cursor: Option<String>,
    /// `previous_cursor` of a page: what is newer.
    pub newer_than: Option<String>,
    pub event: Option<String>,
    pub outcome: Option<Outcome>,
    pub identity: Option<Handle>,
    pub principal: Option<PrincipalId>,
    pub provider: Option<ProviderName>,
    pub connection: Option<ConnectionName>,
    /// In the name of the event, agent, provider or connection, or in the metadata.
    pub text: Option<SearchText>,
    pub since: Option<OffsetDateTime>,
    pub until: Option<OffsetDateTime>,
}

/// A page of the log. It costs a bounded time: a search may have to go on with the next page before this
/// one is full, or has anything on it.
#[derive(Debug, Clone)]
pub struct AuditPage {
    pub entries: Vec<AuditRecord>,
    /// Where the next page begins; `None` at the end.
    pub next_cursor: Option<String>,
    /// Where newer entries go on; `None` where there are none.
    pub previous_cursor: Option<String>,
    /// Set where the page is not full and yet not the last: how far was looked.
    pub searched_to: Option<OffsetDateTime>,
}

/// An event an agent reports; everything else about it is the server's.
#[derive(Debug, Clone)]
pub struct ExternalEvent {
    pub event: String,
    pub provider: Option<ProviderName>,
    pub connection: Option<ConnectionName>,
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// Lists and records events.
#[derive(Debug, Clone)]
pub struct Audit {
    pub(super) core: Arc<Core>,
}

impl Audit {
    pub(in crate::services) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Administrators only.
    pub async fn list<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        query: AuditQuery,
    ) -> Result<AuditPage, Error> {
        actor.into().require_admin(READ)?;
        let filter = filter(query)?;
        let page = self.core.store.read().await?.list_audit(&filter).await?;
        Ok(AuditPage {
            entries: page.records,
            next_cursor: page.next.map(|cursor| cursor.to_string()),
            previous_cursor: page.previous.map(|cursor| cursor.to_string()),
            searched_to: page.searched_to,
        })
    }

    /// One event by its id. Administrators only.
    pub async fn get<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        id: &EventId,
    ) -> Result<AuditRecord, Error> {
        actor.into().require_admin(READ)?;
        let found = self.core.store.read().await?.find_audit(id).await?;
        found.ok_or_else(|| Error::not_found(format!("no event has the id {id}")))
    }

    /// The accounts that events may name, with their addresses. Administrators only.
    pub async fn accounts<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
    ) -> Result<Vec<(PrincipalId, Option<Email>)>, Error> {
        actor.into().require_admin(READ)?;
        let all = self.core.store.read().await?.list_principals().await?;
        let named = all.into_iter().map(|record| record.principal);
        Ok(named.map(|one| (one.id, one.email)).collect())
    }

    /// Counts what was written since the last time; part of the daemon's schedule.
    pub(in crate::services) async fn count_up(&self) -> Result<(), Error> {
        let now = self.core.now();
        Ok(self.core.store.count_up_audit(now).await?)
    }

    /// Records what an agent reports; over 16 KiB is `PayloadTooLarge`.
    pub async fn record(&self, caller: &Caller, event: ExternalEvent) -> Result<EventId, Error> {
        let event = external::checked(caller, event)?;
        let written = self
            .core
            .store
            .write(move |tx| async move { tx.audit(event).await }.boxed());
        written
            .await
            .map_err(|failed: crate::store::Error| failed.into())
    }
}

pub(super) fn filter(query: AuditQuery) -> Result<AuditFilter, Error> {
    let place = |text: Option<String>| -> Result<Option<AuditCursor>, Error> {
        text.map(|text| text.parse())
            .transpose()
            .map_err(|wrong: BadCursor| Error::invalid(wrong.to_string()))
    };
    if let Some(event) = &query.event
        && EventName::external(event).is_none()
    {
        return Err(Error::invalid(NOT_AN_EVENT));
    }
    Ok(AuditFilter {
        since: query.since,
        until: query.until,
        event: query.event,
        outcome: query.outcome,
        identity: query.identity,
        principal: query.principal,
        provider: query.provider,
        connection: query.connection,
        text: query.text,
        after: place(query.cursor)?,
        before: place(query.newer_than)?,
        limit: query
            .limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(PAGE),
    })
}
