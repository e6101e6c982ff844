//! Proxy stories.

mod again;
pub(crate) mod clients;
pub(crate) mod harness;
mod properties;
mod run;
pub(crate) mod runner;
mod streams;
