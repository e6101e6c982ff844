//! Our OAuth clients at providers, for administrators. Their secrets come in and never go out.

mod forget;
mod list;
mod set;

use crate::server::state::App;
use crate::services::{ClientSource, ClientView};
use axum::Router;
use axum::routing::get;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/ui/settings/clients", get(list::show))
        .route(
            "/ui/settings/clients/{provider}",
            get(set::open).post(set::set),
        )
        .route(
            "/ui/settings/clients/{provider}/forget",
            get(forget::ask_to_forget).post(forget::forget),
        )
}

/// `3 connections` that end with a client.
fn issued(count: u64) -> String {
    match count {
        1 => "1 connection".to_owned(),
        count => format!("{count} connections"),
    }
}

/// The variable that sets it, where an operator has.
fn variable(client: &ClientView) -> Option<&str> {
    match &client.source {
        ClientSource::Stored => None,
        ClientSource::Environment { variable } => Some(variable),
    }
}
