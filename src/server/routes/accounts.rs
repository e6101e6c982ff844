//! The accounts of this daemon, for administrators.

use super::connections::Nothing;
use super::{Answer, Json};
use crate::api::{self, paths};
use crate::model::{Caller, PrincipalId};
use crate::server::extract::{self, Admin, Path};
use crate::server::state::App;
use crate::services::Account;
use axum::extract::State;

/// Everybody with an account here, oldest first.
#[utoipa::path(get, path = paths::PEOPLE, tag = "people",
    responses((status = 200, body = api::People), (status = 403, body = api::ErrorBody)))]
pub(in crate::server) async fn list(
    State(app): State<App>,
    Admin(caller): Admin,
) -> Answer<api::People> {
    let found = app.services.accounts.list(&caller).await?;
    let people = found.into_iter().map(person).collect();
    Ok(Json(api::People { people }))
}

/// Makes an account an administrator, or a user again, from its next request on.
#[utoipa::path(post, path = paths::PERSON_ROLE, tag = "people",
    params(("id" = String, Path, description = "The principal id of the account")),
    request_body = api::SetRole,
    responses((status = 200, body = api::PersonAccount), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn set_role(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((id,)): Path<(PrincipalId,)>,
    extract::Json(body): extract::Json<api::SetRole>,
) -> Answer<api::PersonAccount> {
    app.services
        .accounts
        .set_role(&caller, &id, body.role)
        .await?;
    changed(&app, &caller, &id).await
}

/// Shuts an account out: its browsers are signed out and its agents refused; its connections are kept.
#[utoipa::path(post, path = paths::PERSON_DISABLE, tag = "people",
    params(("id" = String, Path, description = "The principal id of the account")),
    responses((status = 200, body = api::PersonAccount), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn disable(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((id,)): Path<(PrincipalId,)>,
    extract::Json(Nothing {}): extract::Json<Nothing>,
) -> Answer<api::PersonAccount> {
    app.services.accounts.disable(&caller, &id).await?;
    changed(&app, &caller, &id).await
}

/// Lets an account that was shut out in again.
#[utoipa::path(post, path = paths::PERSON_ENABLE, tag = "people",
    params(("id" = String, Path, description = "The principal id of the account")),
    responses((status = 200, body = api::PersonAccount), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn enable(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((id,)): Path<(PrincipalId,)>,
    extract::Json(Nothing {}): extract::Json<Nothing>,
) -> Answer<api::PersonAccount> {
    app.services.accounts.enable(&caller, &id).await?;
    changed(&app, &caller, &id).await
}

/// The account as it is after a change.
async fn changed(app: &App, caller: &Caller, id: &PrincipalId) -> Answer<api::PersonAccount> {
    let account = app.services.accounts.account(caller, id).await?;
    Ok(Json(person(account)))
}

fn person(account: Account) -> api::PersonAccount {
    let principal = account.principal;
    api::PersonAccount {
        principal_id: principal.id,
        email: principal.email,
        role: principal.role,
        disabled: principal.disabled,
        created_at: principal.created_at,
        signed_in_at: account.signed_in_at,
        connections: account.connections,
        agents: account.agents,
    }
}
