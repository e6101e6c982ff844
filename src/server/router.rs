//! Which handler answers which address.

use super::error::Audience;
use super::gate::{method_not_allowed, not_found};
use super::openapi::{self, Document};
use super::pages;
use super::routes::{
    accounts, audit, clients, connections, credentials, identities, logins, people, providers,
    status,
};
use super::state::App;
use super::trace;
use crate::api::paths;
use axum::Router;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use tower::util::MapRequestLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// One list with two readers: the router, and the document that describes it. That is a thousand
/// allocations which most daemons are never asked for, so it is not made together with the router.
macro_rules! json_routes {
    ($($path:ident: $($method:ident $module:ident::$handler:ident),+;)+) => {
        fn json() -> Router<App> {
            Router::new()
                $(.route(paths::$path, MethodRouter::new()$(.$method($module::$handler))+))+
        }

        /// What the handlers say of themselves.
        pub(super) fn document() -> utoipa::openapi::OpenApi {
            OpenApiRouter::<App>::with_openapi(Document::openapi())
                $(.routes(routes!($($module::$handler),+)))+
                .into_openapi()
        }
    };
}

json_routes! {
    HEALTH: get status::health;
    HEALTH_READY: get status::probe;
    READY: get status::ready;
    WHOAMI: get status::whoami;
    REGISTER_IDENTITY: post identities::register;
    IDENTITY: get identities::status;
    BIND_LOCAL: post identities::bind_local;
    LOGINS: post logins::begin;
    LOGIN: get logins::show;
    LOGIN_RESUME: post logins::resume;
    LOGIN_CANCEL: post logins::cancel;
    CONNECTIONS: get connections::list;
    CONNECTION: get connections::show;
    CONNECTION_LOGOUT: post connections::logout;
    CONNECTION_DEFAULT: post connections::set_default;
    PROVIDER_REVOKE: post connections::revoke_provider;
    RESOLVE: post credentials::resolve;
    EXPORT: post credentials::export;
    COMPARE: post credentials::compare;
    PROXY_ROUTES: get credentials::routes;
    PROVIDERS: get providers::list, post providers::register;
    DISCOVER_PROVIDER: post providers::discover;
    PROVIDER: get providers::show, delete providers::remove;
    AUDIT_EVENTS: get audit::list, post audit::report;
    DASHBOARD_SESSION: post people::open_dashboard;
    INVITATIONS: post people::invite;
    PEOPLE: get accounts::list;
    PERSON_ROLE: post accounts::set_role;
    PERSON_DISABLE: post accounts::disable;
    PERSON_ENABLE: post accounts::enable;
    CLIENTS: get clients::list;
    CLIENT: put clients::set, delete clients::forget;
}

/// Every route.
pub(super) fn build() -> Router<App> {
    json()
        .route(paths::OPENAPI, get(openapi::show))
        // `revoke` is also a lawful name of a connection.
        .route(paths::PROVIDER_REVOKE, get(connections::show_named_revoke))
        .merge(pages::routes())
        .route_layer(MapRequestLayer::new(trace::name_route))
        .fallback(async || -> Response { not_found().into_response_for(Audience::Unknown) })
        .method_not_allowed_fallback(async || -> Response {
            method_not_allowed().into_response_for(Audience::Unknown)
        })
}
