//! What to add to a request: the hot path of the daemon.

mod ready;
mod routes;
mod service;

pub use service::{Release, Resolver, Route, RouteScope};
