//! The audit log: read by administrators, added to by agents.
#![expect(
    clippy::unused_async,
    unused_variables,
    reason = "the signatures land first; the bodies follow"
)]

use crate::model::{
    AuditRecord, Caller, ConnectionName, ErrorCode, EventId, Handle, Outcome, PrincipalId,
    ProviderName,
};
use crate::services::{Actor, Error};
use time::OffsetDateTime;

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
pub struct Audit {}

impl Audit {
    /// Administrators only.
    pub async fn list<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        query: AuditQuery,
    ) -> Result<AuditPage, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Records what an agent reports; over 16 KiB is `PayloadTooLarge`.
    pub async fn record(&self, caller: &Caller, event: ExternalEvent) -> Result<EventId, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }
}
