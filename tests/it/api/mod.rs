//! The wire contract of `docs/http-api.md`, told as stories.

mod audit_page;
mod dashboard;
mod live;
mod openapi;
mod overview;
mod pages;
mod people;
mod providers;
pub(crate) mod routes;
mod schema;
mod status;

/// A key that fits the pattern of the bundled `openai`.
pub(crate) const OPENAI_KEY: &str = "sk-test-0123456789abcdefghijklmnopqrstuvwxyz";
