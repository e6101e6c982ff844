//! Reading and adding to the log.

use super::external;
use crate::model::{
    AuditRecord, Caller, ConnectionName, EventId, Handle, Outcome, PrincipalId, ProviderName,
};
use crate::services::setup::Core;
use crate::services::{Actor, Error};
use crate::store::{AuditCursor, AuditFilter, BadCursor};
use futures_util::FutureExt as _;
use std::sync::Arc;
use time::OffsetDateTime;

const PAGE: usize = 50;

/// Which events to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// 1 to 1,000; 50 when `None`.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    pub event: Option<String>,
    pub outcome: Option<Outcome>,
    pub identity: Option<Handle>,
    pub principal: Option<PrincipalId>,
    pub provider: Option<ProviderName>,
    pub connection: Option<ConnectionName>,
    pub since: Option<OffsetDateTime>,
    pub until: Option<OffsetDateTime>,
}

#[derive(Debug, Clone)]
pub struct AuditPage {
    pub entries: Vec<AuditRecord>,
    /// Where the next page begins; `None` at the end.
    pub next_cursor: Option<String>,
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
    core: Arc<Core>,
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
        actor.into().require_admin("read the audit log")?;
        let filter = filter(query)?;
        let page = self.core.store.read().await?.list_audit(&filter).await?;
        Ok(AuditPage {
            entries: page.records,
            next_cursor: page.next.map(|cursor| cursor.to_string()),
        })
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

fn filter(query: AuditQuery) -> Result<AuditFilter, Error> {
    let after: Option<AuditCursor> = query
        .cursor
        .map(|text| text.parse())
        .transpose()
        .map_err(|wrong: BadCursor| Error::invalid(wrong.to_string()))?;
    Ok(AuditFilter {
        since: query.since,
        until: query.until,
        event: query.event,
        outcome: query.outcome,
        identity: query.identity,
        principal: query.principal,
        provider: query.provider,
        connection: query.connection,
        after,
        limit: query
            .limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(PAGE),
    })
}
