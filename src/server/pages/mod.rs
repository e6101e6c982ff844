//! Pages for people: sign-in, claims, the form that takes a key, and what agents can reach.
//!
//! Rendered on the server and escaped by the templates; one script of ours adds comfort, and every
//! page works without it. A page holds a credential only where a person asked for just that one, and
//! what was typed into a password field is never sent back.

mod agents;
mod ask;
pub(super) mod assets;
mod audit;
mod claim;
mod compress;
mod entrance;
mod live;
mod login;
mod login_end;
mod message;
mod names;
mod overview;
mod people;
mod picture;
mod problem;
mod prose;
mod providers;
mod render;
mod search;
mod settings;
mod sign_in;
mod sign_in_code;
mod sign_up;

pub(super) use message::failure;
pub(super) use render::HTML;
pub(super) use sign_in::sign_in_first;

use super::state::App;
use crate::api::paths;
use axum::Router;
use axum::routing::{get, post};

/// Every route a browser opens.
pub(super) fn routes() -> Router<App> {
    let routes = Router::new()
        .route("/", get(overview::home))
        .route("/ui", get(overview::home))
        .route(paths::DASHBOARD, get(overview::show))
        .route("/ui/live", get(live::follow))
        .route(paths::AUDIT_PAGE, get(audit::show))
        .route("/audit/events/{id}", get(audit::show_event))
        .route("/audit/export", get(audit::export))
        .route(paths::SIGN_IN, get(sign_in::open).post(sign_in::sign_in))
        .route(paths::SIGN_UP, get(sign_up::open).post(sign_up::sign_up))
        .route(paths::SIGN_OUT, post(sign_in::sign_out))
        .route(paths::CLAIM, get(claim::show))
        .route(paths::CLAIM_CONFIRM, post(claim::accept))
        .route(paths::CLAIM_REJECT, post(claim::reject))
        .route(paths::LOGIN_INPUT, get(login::open).post(login::submit))
        .route(paths::LOGIN_DEVICE, get(login::code))
        .route(paths::LOGIN_RETURN, get(login::finish))
        .route(paths::OAUTH_CALLBACK, get(login::return_from_provider))
        .route("/assets/{file}", get(assets::serve))
        .merge(agents::routes())
        .merge(people::routes())
        .merge(providers::routes())
        .merge(settings::routes());
    compress::compressed(routes)
        .merge(people::secret_routes())
        .merge(providers::secret_routes())
}
