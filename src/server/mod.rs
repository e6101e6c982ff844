//! The HTTP server: accept loop, checks at the gate, extractors, error table, routes and pages.
//!
//! It refuses to decide anything about credentials: a route extracts, makes one service call and
//! converts. `docs/http-api.md` is its contract, `docs/security.md` the list of what must not work.

mod accept;
mod activity;
mod body;
mod cookies;
mod error;
mod extract;
mod form_token;
mod gate;
mod headers;
mod limits;
pub mod next;
mod openapi;
mod origins;
mod pages;
mod router;
mod routes;
mod state;
mod trace;
mod written;

pub use accept::{ServerConfig, serve};
pub use limits::Limits;
pub use origins::Origins;
pub use trace::TraceHooks;
