//! Settings: a person's own account and browsers, and what the daemon is.

mod browsers;
mod clients;
mod overview;
mod password;

use crate::server::pages::render::{Page, see_other};
use crate::server::state::App;
use axum::Router;
use axum::routing::{get, post};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/ui/settings", get(overview::show))
        .route("/ui/account", get(formerly))
        .route(
            "/ui/settings/password",
            get(password::open).post(password::change),
        )
        .route(
            "/ui/settings/browsers/{id}/sign-out",
            post(browsers::sign_out),
        )
        .route(
            "/ui/settings/sign-out-others",
            post(browsers::sign_out_others),
        )
        .merge(clients::routes())
}

/// Where the account was before there were settings.
async fn formerly() -> Page {
    see_other("/ui/settings")
}
