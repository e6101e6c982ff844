//! Proxy stories.

pub(crate) mod harness;
mod streams;
