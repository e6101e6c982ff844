//! The agents that act for a person: who they are, what they did, and the end of their access.

mod detail;
mod end;
mod list;
mod row;

use crate::server::state::App;
use axum::Router;
use axum::routing::get;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/ui/agents", get(list::show))
        .route("/ui/agents/{handle}", get(detail::show))
        .route(
            "/ui/agents/{handle}/revoke",
            get(end::ask_to_end).post(end::revoke),
        )
}
