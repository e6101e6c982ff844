//! The people of this daemon, for administrators: who has an account, who is invited.

mod change;
mod invite;
mod list;

use crate::server::state::App;
use axum::Router;
use axum::routing::{get, post};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/ui/people", get(list::show))
        .route(
            "/ui/people/{id}/role",
            get(change::ask_for_role).post(change::set_role),
        )
        .route(
            "/ui/people/{id}/disable",
            get(change::ask_to_disable).post(change::disable),
        )
        .route("/ui/people/{id}/enable", post(change::enable))
        .route("/ui/invitations/{id}/withdraw", post(invite::withdraw))
}

/// The page that shows the link of an invitation, which is as good as an account: never compressed.
pub(super) fn secret_routes() -> Router<App> {
    Router::new().route("/ui/people/invite", post(invite::invite))
}
