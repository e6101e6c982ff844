//! Is it there, is it well, who am I.

use super::convert::encryption;
use super::{Answer, Json};
use crate::api::{self, paths};
use crate::server::error::ApiError;
use crate::server::extract::SignedBy;
use crate::server::state::App;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// Whether the daemon is there, and which one it is.
#[utoipa::path(get, path = paths::HEALTH, tag = "status", security(()),
    responses((status = 200, body = api::Health)))]
pub(in crate::server) async fn health(State(app): State<App>) -> Json<api::Health> {
    let health = app.services.status.health();
    Json(api::Health {
        status: "ok".to_owned(),
        version: health.version.to_owned(),
        encryption: encryption(health.encryption),
        store_backend: health.store_backend.to_owned(),
        instance_id: health.instance_id,
    })
}

/// For orchestrators: 200 when everything works, 503 when not, no details either way.
#[utoipa::path(get, path = paths::HEALTH_READY, tag = "status", security(()),
    responses((status = 200, description = "Ready"), (status = 503, description = "Not ready")))]
pub(in crate::server) async fn probe(State(app): State<App>) -> Response {
    match app.services.status.probe().await {
        Ok(true) => StatusCode::OK.into_response(),
        Ok(false) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// How every part of the daemon is, with what is wrong in words.
#[utoipa::path(get, path = paths::READY, tag = "status",
    responses((status = 200, body = api::Readiness)))]
pub(in crate::server) async fn ready(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
) -> Answer<api::Readiness> {
    let readiness = app.services.status.ready(&caller).await?;
    let word = |name: &str| {
        let failed = readiness.checks.iter().any(|c| c.name == name && !c.ok);
        if failed { "failed" } else { "ok" }.to_owned()
    };
    Ok(Json(api::Readiness {
        status: if readiness.is_ready() {
            "ready"
        } else {
            "not_ready"
        }
        .to_owned(),
        checks: api::ReadinessChecks {
            spec_version: word("spec_version"),
            store: word("store"),
            identity: word("identity"),
            providers: word("providers"),
            connections: word("connections"),
            vault: word("vault"),
            integrity: word("integrity"),
        },
        issues: readiness.issues,
        warnings: readiness.warnings,
        encryption: encryption(readiness.encryption),
    }))
}

/// Who the daemon takes the caller for.
#[utoipa::path(get, path = paths::WHOAMI, tag = "status",
    responses((status = 200, body = api::WhoAmI)))]
pub(in crate::server) async fn whoami(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
) -> Result<Json<api::WhoAmI>, ApiError> {
    let found = app.services.status.whoami(&caller);
    Ok(Json(api::WhoAmI {
        version: found.version.to_owned(),
        home: found.home,
        identity: found.caller.handle.clone(),
        active_identity: found.caller.handle,
        principal_id: found.caller.principal,
        vault_id: found.caller.vault,
        did: found.caller.did,
        registration_status: "registered".to_owned(),
        daemon_url: found.daemon_url,
        role: found.caller.role.as_str().to_owned(),
        encryption: encryption(found.encryption),
    }))
}
