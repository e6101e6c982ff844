//! The audit log: read by administrators, added to by agents.

use super::{Answer, Json, convert};
use crate::api::{self, paths};
use crate::server::extract::{self, Admin, Query, SignedBy};
use crate::server::state::App;
use crate::services::ExternalEvent;
use axum::extract::State;

/// Events, newest first.
#[utoipa::path(get, path = paths::AUDIT_EVENTS, tag = "audit", params(api::AuditQuery),
    responses((status = 200, body = api::AuditEntries), (status = 403, body = api::ErrorBody)))]
pub(in crate::server) async fn list(
    State(app): State<App>,
    Admin(caller): Admin,
    Query(query): Query<api::AuditQuery>,
) -> Answer<api::AuditEntries> {
    let page = app
        .services
        .audit
        .list(&caller, convert::audit_query(query)?)
        .await?;
    Ok(Json(api::AuditEntries {
        entries: page.entries.into_iter().map(convert::audit_entry).collect(),
        next_cursor: page.next_cursor,
    }))
}

/// Records what an agent reports; id, time and actor are ours.
#[utoipa::path(post, path = paths::AUDIT_EVENTS, tag = "audit", request_body = api::ReportEvent,
    responses((status = 200, body = api::ReportedEventId), (status = 413, body = api::ErrorBody)))]
pub(in crate::server) async fn report(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    extract::Json(body): extract::Json<api::ReportEvent>,
) -> Answer<api::ReportedEventId> {
    let event = ExternalEvent {
        event: body.event.event,
        provider: body.event.provider,
        connection: body.event.connection,
        metadata: body.event.metadata,
    };
    let event_id = app.services.audit.record(&caller, event).await?;
    Ok(Json(api::ReportedEventId {
        status: "ok".to_owned(),
        event_id,
    }))
}
