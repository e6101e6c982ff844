//! Which handler answers which address.

use super::error::Audience;
use super::gate::{method_not_allowed, not_found};
use super::openapi::Document;
use super::pages;
use super::routes::{
    accounts, audit, clients, connections, credentials, identities, logins, people, providers,
    status,
};
use super::state::App;
use super::trace;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use tower::util::MapRequestLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes, and the document that describes the JSON ones.
pub(super) fn build() -> (Router<App>, utoipa::openapi::OpenApi) {
    let (json, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(status::health))
        .routes(routes!(status::probe))
        .routes(routes!(status::ready))
        .routes(routes!(status::whoami))
        .routes(routes!(identities::register))
        .routes(routes!(identities::status))
        .routes(routes!(identities::bind_local))
        .routes(routes!(logins::begin))
        .routes(routes!(logins::show))
        .routes(routes!(logins::resume))
        .routes(routes!(logins::cancel))
        .routes(routes!(connections::list))
        .routes(routes!(connections::show))
        .routes(routes!(connections::logout))
        .routes(routes!(connections::set_default))
        .routes(routes!(connections::revoke_provider))
        .routes(routes!(credentials::resolve))
        .routes(routes!(credentials::export))
        .routes(routes!(credentials::compare))
        .routes(routes!(credentials::routes))
        .routes(routes!(providers::list, providers::register))
        .routes(routes!(providers::discover))
        .routes(routes!(providers::show, providers::remove))
        .routes(routes!(audit::list, audit::report))
        .routes(routes!(people::open_dashboard))
        .routes(routes!(people::invite))
        .routes(routes!(accounts::list))
        .routes(routes!(accounts::set_role))
        .routes(routes!(accounts::disable))
        .routes(routes!(accounts::enable))
        .routes(routes!(clients::list))
        .routes(routes!(clients::set, clients::forget))
        .split_for_parts();
    let router = json
        // `revoke` is also a lawful name of a connection.
        .route(
            "/connections/{provider}/revoke",
            get(connections::show_named_revoke),
        )
        .merge(pages::routes())
        .route_layer(MapRequestLayer::new(trace::name_route))
        .fallback(async || -> Response { not_found().into_response_for(Audience::Unknown) })
        .method_not_allowed_fallback(async || -> Response {
            method_not_allowed().into_response_for(Audience::Unknown)
        });
    (router, document)
}
