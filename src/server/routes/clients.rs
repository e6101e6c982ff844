//! Our OAuth clients at providers, for administrators.

use super::{Answer, Json};
use crate::api::{self, paths};
use crate::model::ProviderName;
use crate::secret::ClientSecret;
use crate::server::extract::{self, Admin, Path};
use crate::server::state::App;
use crate::services::{ClientSource, ClientView, NewClient};
use axum::extract::State;

/// Every client this daemon has, without its secret.
#[utoipa::path(get, path = paths::CLIENTS, tag = "providers",
    responses((status = 200, body = api::ProviderClients), (status = 403, body = api::ErrorBody)))]
pub(in crate::server) async fn list(
    State(app): State<App>,
    Admin(caller): Admin,
) -> Answer<api::ProviderClients> {
    let clients = &app.services.clients;
    let list = clients.list(&caller).await?;
    Ok(Json(api::ProviderClients {
        clients: list.into_iter().map(client).collect(),
        redirect_uri: clients.redirect_uri(),
    }))
}

fn client(view: ClientView) -> api::ProviderClient {
    let (source, variable) = match view.source {
        ClientSource::Stored => (api::ClientSource::Stored, None),
        ClientSource::Environment { variable } => (api::ClientSource::Environment, Some(variable)),
    };
    api::ProviderClient {
        provider: view.provider,
        client_id: view.client_id,
        has_secret: view.has_secret,
        base_url: view.base_url,
        source,
        variable,
        connections: view.issued,
    }
}

/// Makes this the daemon's client at the provider; what the last one got ends, for everybody.
#[utoipa::path(put, path = paths::CLIENT, tag = "providers",
    params(("provider" = String, Path, description = "The provider")),
    request_body = api::SetProviderClient,
    responses((status = 200, body = api::ProviderClientChanged), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn set(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((provider,)): Path<(ProviderName,)>,
    extract::Json(body): extract::Json<api::SetProviderClient>,
) -> Answer<api::ProviderClientChanged> {
    let secret = body.client_secret.as_ref();
    let client = NewClient {
        client_id: body.client_id,
        client_secret: secret.map(|secret| ClientSecret::new(secret.reveal())),
        base_url: body.base_url,
    };
    let clients = &app.services.clients;
    let ended = clients.set(&caller, &provider, client).await?;
    Ok(Json(changed(provider, ended)))
}

/// Forgets the daemon's client at the provider; what it got ends, for everybody.
#[utoipa::path(delete, path = paths::CLIENT, tag = "providers",
    params(("provider" = String, Path, description = "The provider")),
    responses((status = 200, body = api::ProviderClientChanged), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn forget(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((provider,)): Path<(ProviderName,)>,
) -> Answer<api::ProviderClientChanged> {
    let ended = app.services.clients.forget(&caller, &provider).await?;
    Ok(Json(changed(provider, ended)))
}

fn changed(provider: ProviderName, ended: u64) -> api::ProviderClientChanged {
    api::ProviderClientChanged {
        status: "ok".to_owned(),
        provider,
        connections_ended: ended,
    }
}
