//! What to add to a request: the hot path of the daemon.

mod ready;
mod routes;
mod service;

pub use service::{Destination, Release, Resolver, Route, RouteScope};
