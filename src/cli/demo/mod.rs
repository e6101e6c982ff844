//! `authsome demo`: the whole product at work on a home of its own.
//!
//! A daemon, an identity, a login, an agent under `run` and the audit log, all through the same
//! commands a user types, with a real HTTPS API on loopback as the third party.

mod child;
mod stage;
mod story;
mod upstream;

pub(crate) use story::{Args, run};
