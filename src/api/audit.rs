//! The audit log.

use crate::model::{ConnectionName, EventId, Handle, PrincipalId, ProviderName, SearchText};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

/// The query of `GET /audit/events`; every filter narrows.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// At most this many entries, 1 to 1,000; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Continue after the last entry of the answer that gave this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub provider: Option<ProviderName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub connection: Option<ConnectionName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub identity: Option<Handle>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub principal_id: Option<PrincipalId>,
    /// The whole name, such as `credential.resolved`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// `success`, `failure` or `refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// In the name of the event, identity, provider or connection, or in the metadata, with ASCII letters
    /// in either case; 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub q: Option<SearchText>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub since: Option<OffsetDateTime>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub until: Option<OffsetDateTime>,
}

/// `GET /audit/events`, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditEntries {
    pub entries: Vec<AuditEntry>,
    /// For the next page; null on the last one. A page that had to search for long may hold fewer entries
    /// than asked for, or none, and yet not be the last.
    #[serde(default)]
    pub next_cursor: Option<String>,
}

/// One event as it stands in the log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    #[schema(value_type = String)]
    pub event_id: EventId,
    #[serde(with = "time::serde::rfc3339")]
    pub timestamp: OffsetDateTime,
    pub event: String,
    /// `daemon` or `external`.
    pub source: String,
    #[schema(value_type = Option<String>)]
    pub identity: Option<Handle>,
    #[schema(value_type = Option<String>)]
    pub principal_id: Option<PrincipalId>,
    #[schema(value_type = Option<String>)]
    pub provider: Option<ProviderName>,
    #[schema(value_type = Option<String>)]
    pub connection: Option<ConnectionName>,
    /// `success`, `failure` or `refused`.
    pub status: String,
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// `POST /audit/events`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportEvent {
    pub event: ReportedEvent,
}

/// What an agent may say; id, time and actor are the server's.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportedEvent {
    /// 1 to 64 of `a-z 0-9 . _ -`.
    pub event: String,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub provider: Option<ProviderName>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub connection: Option<ConnectionName>,
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportedEventId {
    pub status: String,
    #[schema(value_type = String)]
    pub event_id: EventId,
}
