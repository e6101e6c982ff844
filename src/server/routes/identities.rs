//! Identities: registration, claim status and the local binding.

use super::{Answer, Json, convert};
use crate::api::{self, paths};
use crate::model::Handle;
use crate::secret::Token;
use crate::server::extract::{self, Path, Signature};
use crate::server::state::App;
use axum::extract::State;

/// Registers an identity: its handle and its key.
#[utoipa::path(post, path = paths::REGISTER_IDENTITY, tag = "identities", security((), ("proof" = [])),
    request_body = api::RegisterIdentity,
    responses((status = 200, body = api::IdentityStatus), (status = 409, body = api::ErrorBody)))]
pub(in crate::server) async fn register(
    State(app): State<App>,
    signature: Signature,
    extract::Json(body): extract::Json<api::RegisterIdentity>,
) -> Answer<api::IdentityStatus> {
    let identities = &app.services.identities;
    let status = identities
        .register(&signature.request(), body.handle, body.did)
        .await?;
    Ok(Json(api::IdentityStatus {
        status: Some("registered".to_owned()),
        ..convert::identity(status)
    }))
}

/// Where an identity stands.
#[utoipa::path(get, path = paths::IDENTITY, tag = "identities", security((), ("proof" = [])),
    params(("handle" = String, Path, description = "The handle")),
    responses((status = 200, body = api::IdentityStatus), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn status(
    State(app): State<App>,
    signature: Signature,
    Path((handle,)): Path<(Handle,)>,
) -> Answer<api::IdentityStatus> {
    let identities = &app.services.identities;
    let status = identities.status(&signature.request(), &handle).await?;
    Ok(Json(convert::identity(status)))
}

/// Binds an identity to the home's own administrator, given the home's one-time secret.
#[utoipa::path(post, path = paths::BIND_LOCAL, tag = "identities",
    params(("handle" = String, Path, description = "The handle")),
    request_body = api::BindLocal,
    responses((status = 200, body = api::IdentityStatus)))]
pub(in crate::server) async fn bind_local(
    State(app): State<App>,
    signature: Signature,
    Path((handle,)): Path<(Handle,)>,
    extract::Json(body): extract::Json<api::BindLocal>,
) -> Answer<api::IdentityStatus> {
    let secret = Token::new(body.secret.reveal());
    let identities = &app.services.identities;
    let status = identities
        .bind_local(&signature.request(), &handle, &secret)
        .await?;
    Ok(Json(convert::identity(status)))
}
