//! Connections of the caller's own Vault.

use super::{Answer, Json, convert};
use crate::api::{self, paths};
use crate::model::{ConnectionName, ProviderName};
use crate::server::error::ApiError;
use crate::server::extract::{self, Admin, Path, Query, SignedBy};
use crate::server::state::App;
use axum::extract::State;
use serde::Deserialize;
use serde::Serialize;

/// The body of a request that has nothing to say: `{}`.
#[derive(Debug, Deserialize)]
pub(in crate::server) struct Nothing {}

/// `api::ConnectionList` as it goes out.
#[derive(Debug, Serialize)]
pub(in crate::server) struct Listed {
    connections: Vec<api::ProviderConnections>,
    by_source: convert::BySource,
}

/// Every connection of the caller's vault, and every provider there is.
#[utoipa::path(get, path = paths::CONNECTIONS, tag = "connections",
    responses((status = 200, body = api::ConnectionList)))]
pub(in crate::server) async fn list(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
) -> Answer<Listed> {
    let found = app.services.connections.list(&caller).await?;
    let by_source = app.services.providers.list().await?;
    Ok(Json(Listed {
        connections: found
            .into_iter()
            .map(|one| api::ProviderConnections {
                name: one.provider,
                default_connection: one.default,
                connections: one.connections.into_iter().map(convert::summary).collect(),
            })
            .collect(),
        by_source: convert::providers(&app, by_source)?,
    }))
}

/// One connection; its secrets only when asked for, and the asking is audited.
#[utoipa::path(get, path = paths::CONNECTION, tag = "connections",
    params(("provider" = String, Path, description = "The provider"),
        ("connection" = String, Path, description = "The connection"), api::ShowConnection),
    responses((status = 200, body = api::ConnectionRecord), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn show(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    Path((provider, connection)): Path<(ProviderName, ConnectionName)>,
    Query(query): Query<api::ShowConnection>,
) -> Answer<api::ConnectionRecord> {
    let connections = &app.services.connections;
    let record = connections
        .show(&caller, &provider, &connection, query.show_secret)
        .await?;
    Ok(Json(convert::record(record)))
}

/// The same for a connection that is called `revoke`, whose address has a POST of its own.
pub(in crate::server) async fn show_named_revoke(
    state: State<App>,
    caller: SignedBy,
    Path((provider,)): Path<(ProviderName,)>,
    query: Query<api::ShowConnection>,
) -> Answer<api::ConnectionRecord> {
    let name = "revoke"
        .parse()
        .map_err(|wrong| ApiError::name(&["path", "connection"], &wrong))?;
    show(state, caller, Path((provider, name)), query).await
}

/// Ends a connection and forgets its secret.
#[utoipa::path(post, path = paths::CONNECTION_LOGOUT, tag = "connections",
    params(("provider" = String, Path, description = "The provider"),
        ("connection" = String, Path, description = "The connection")),
    responses((status = 200, body = api::Done), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn logout(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    Path((provider, connection)): Path<(ProviderName, ConnectionName)>,
    extract::Json(Nothing {}): extract::Json<Nothing>,
) -> Answer<api::Done> {
    let connections = &app.services.connections;
    connections.logout(&caller, &provider, &connection).await?;
    Ok(Json(api::Done::ok()))
}

/// Makes a connection the one that is used when nobody names another.
#[utoipa::path(post, path = paths::CONNECTION_DEFAULT, tag = "connections",
    params(("provider" = String, Path, description = "The provider"),
        ("connection" = String, Path, description = "The connection")),
    responses((status = 200, body = api::DefaultSet), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn set_default(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    Path((provider, connection)): Path<(ProviderName, ConnectionName)>,
    extract::Json(Nothing {}): extract::Json<Nothing>,
) -> Answer<api::DefaultSet> {
    let connections = &app.services.connections;
    connections
        .set_default(&caller, &provider, &connection)
        .await?;
    Ok(Json(api::DefaultSet {
        status: "ok".to_owned(),
        provider,
        default_connection: connection,
    }))
}

/// Ends every connection at a provider, in every vault.
#[utoipa::path(post, path = paths::PROVIDER_REVOKE, tag = "connections",
    params(("provider" = String, Path, description = "The provider")),
    responses((status = 200, body = api::ProviderRevoked), (status = 403, body = api::ErrorBody)))]
pub(in crate::server) async fn revoke_provider(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((provider,)): Path<(ProviderName,)>,
    extract::Json(Nothing {}): extract::Json<Nothing>,
) -> Answer<api::ProviderRevoked> {
    let connections = &app.services.connections;
    let ended = connections.revoke_provider(&caller, &provider).await?;
    Ok(Json(api::ProviderRevoked {
        status: "ok".to_owned(),
        connections_ended: Some(ended),
    }))
}
