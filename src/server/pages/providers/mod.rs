//! Providers: what there is to connect, what is connected, and the definitions of our own.

mod act;
mod connect;
mod definition;
mod detail;
mod end;
mod list;
mod reveal;
mod rows;
mod typed;
mod words;

use crate::model::{ConnectionName, ProviderName};
use crate::server::pages::ask::Confirmed;
use crate::server::state::App;
use axum::Router;
use axum::routing::{get, post};

/// The pages of providers.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/ui/connections", get(list::connected))
        .route("/ui/providers", get(list::show))
        .route(
            "/ui/providers/new",
            get(definition::new).post(definition::add),
        )
        .route(
            "/ui/providers/{name}/edit",
            get(definition::edit).post(definition::change),
        )
        .route(
            "/ui/providers/{name}/remove",
            get(end::ask_to_remove).post(end::remove),
        )
        .route(
            "/ui/providers/{name}/revoke",
            get(end::ask_to_revoke).post(end::revoke),
        )
        .route("/ui/apps/{provider}", get(detail::show))
        .route("/ui/apps/{provider}/connect", post(connect::begin))
        .route(
            "/ui/apps/{provider}/{connection}/default",
            post(act::set_default),
        )
        .route("/ui/apps/{provider}/{connection}/refresh", post(act::renew))
        .route(
            "/ui/apps/{provider}/{connection}/logout",
            get(act::ask_to_log_out).post(act::log_out),
        )
}

/// The one page with a secret on it, which is never compressed.
pub(super) fn secret_routes() -> Router<App> {
    Router::new().route(
        "/ui/apps/{provider}/{connection}/reveal",
        get(reveal::ask).post(reveal::show),
    )
}

fn app_page(provider: &ProviderName) -> String {
    format!("/ui/apps/{provider}")
}

/// The page of a provider, with a word on what was done to one of its connections.
fn done(provider: &ProviderName, what: &str, connection: &ConnectionName) -> String {
    // No name of ours needs escaping but the plus, which a query reads as a space.
    let name = connection.as_str().replace('+', "%2B");
    format!("/ui/apps/{provider}?done={what}&name={name}")
}
