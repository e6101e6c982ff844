//! The dashboard's door and invitations, as an agent opens them for its person.

use super::connections::Nothing;
use super::{Answer, Json};
use crate::api::{self, paths};
use crate::model::Role;
use crate::server::extract::{self, Admin, SignedBy};
use crate::server::state::App;
use axum::extract::State;

/// A link that opens the dashboard signed in; it works once, for a short time.
#[utoipa::path(post, path = paths::DASHBOARD_SESSION, tag = "people",
    responses((status = 200, body = api::OpenDashboard)))]
pub(in crate::server) async fn open_dashboard(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    extract::Json(Nothing {}): extract::Json<Nothing>,
) -> Answer<api::OpenDashboard> {
    let url = app.services.accounts.sign_in_url(&caller).await?;
    Ok(Json(api::OpenDashboard { url }))
}

/// A link that lets somebody open an account here; it works once.
#[utoipa::path(post, path = paths::INVITATIONS, tag = "people", request_body = api::CreateInvitation,
    responses((status = 200, body = api::Invitation), (status = 403, body = api::ErrorBody)))]
pub(in crate::server) async fn invite(
    State(app): State<App>,
    Admin(caller): Admin,
    extract::Json(body): extract::Json<api::CreateInvitation>,
) -> Answer<api::Invitation> {
    let role = body.role.unwrap_or(Role::User);
    let invitation = app
        .services
        .accounts
        .invite(&caller, role, body.email)
        .await?;
    Ok(Json(api::Invitation {
        url: invitation.url,
        email: invitation.email,
        role: invitation.role,
        expires_at: invitation.expires_at,
    }))
}
