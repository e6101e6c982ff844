//! Secrets on their way out: to a proxy, to a shell.

use super::{Answer, Json, convert};
use crate::api::{self, WireSecret, paths};
use crate::secret::ApiKey;
use crate::server::error::ApiError;
use crate::server::extract::{self, Query, SignedBy, UnspentCaller};
use crate::server::state::App;
use crate::services::{
    Destination, ExportFormat, FoundSecret, PlaintextFinding, RouteScope, ScanWish,
};
use axum::extract::State;

/// What to add to a request to a provider: the hot path of every intercepted request.
#[utoipa::path(post, path = paths::RESOLVE, tag = "credentials", request_body = api::Resolve,
    responses((status = 200, body = api::Resolved), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn resolve(
    State(app): State<App>,
    UnspentCaller(unspent): UnspentCaller,
    extract::Json(body): extract::Json<api::Resolve>,
) -> Answer<api::Resolved> {
    let resolver = &app.services.resolver;
    let release = resolver
        .resolve(
            unspent,
            &body.provider,
            body.connection.as_ref(),
            Destination {
                host: body.host.as_deref(),
                port: body.port,
                rejected: body.rejected,
            },
        )
        .await?;
    Ok(Json(convert::resolved(&release)))
}

/// The environment variables of one provider, or of all.
#[utoipa::path(post, path = paths::EXPORT, tag = "credentials", request_body = api::Export,
    responses((status = 200, body = api::Exported), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn export(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    extract::Json(body): extract::Json<api::Export>,
) -> Answer<api::Exported> {
    let format = match body.format {
        api::ExportFormat::Env => ExportFormat::Env,
        api::ExportFormat::Shell => ExportFormat::Shell,
        api::ExportFormat::Json => ExportFormat::Json,
    };
    let connections = &app.services.connections;
    let output = connections
        .export(&caller, body.provider.as_ref(), &body.connection, format)
        .await?;
    Ok(Json(api::Exported {
        output: WireSecret::new(output.reveal()),
    }))
}

/// How secrets that lie in plain text on a machine stand to what is stored; gives none out.
#[utoipa::path(post, path = paths::COMPARE, tag = "credentials", request_body = api::Compare,
    responses((status = 200, body = api::Comparison), (status = 422, body = api::ErrorBody)))]
pub(in crate::server) async fn compare(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    extract::Json(body): extract::Json<api::Compare>,
) -> Answer<api::Comparison> {
    let compared = app.services.scans.compare(&caller, wish(body)?).await?;
    Ok(Json(convert::comparison(compared)))
}

fn wish(body: api::Compare) -> Result<ScanWish, ApiError> {
    let mut finds = Vec::new();
    for (at, find) in body.finds.into_iter().enumerate() {
        let at = at.to_string();
        let wrong = |text: &str| ApiError::field(&["body", "finds", &at], "value_error", text);
        let secret = match (find.digest, find.value) {
            (Some(digest), None) => FoundSecret::Digest(digest.0),
            (None, Some(value)) => FoundSecret::Whole(ApiKey::new(value.reveal())),
            (Some(_), Some(_)) | (None, None) => {
                return Err(wrong("give either `digest` or `value`"));
            }
        };
        finds.push(PlaintextFinding {
            variable: find.variable,
            providers: find.providers,
            secret,
        });
    }
    Ok(ScanWish {
        salt: body.salt.0,
        finds,
        connection: body.connection,
        replace: body.replace,
    })
}

/// Where credentials may go: what the proxy of a run matches against.
#[utoipa::path(get, path = paths::PROXY_ROUTES, tag = "credentials", params(api::RoutesQuery),
    responses((status = 200, body = api::ProxyRoutes)))]
pub(in crate::server) async fn routes(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    Query(query): Query<api::RoutesQuery>,
) -> Answer<api::ProxyRoutes> {
    let scope = match query.scope {
        api::RouteScope::Connected => RouteScope::Connected,
        api::RouteScope::Configured => RouteScope::Configured,
    };
    let found = app.services.resolver.routes(&caller, scope).await?;
    let routes = found.into_iter().flat_map(convert::routes).collect();
    Ok(Json(api::ProxyRoutes { routes }))
}
