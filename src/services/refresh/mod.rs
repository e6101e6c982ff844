//! Credentials that stay fresh: an access token is renewed before it ends (RFC 6749 section 6).
//!
//! At most one refresh of a connection at a time, in this process and on all replicas; in a task of
//! its own, so that a caller who leaves loses nothing; committed before anybody uses what came of it.
//! While the provider is away, a token that is still good is given out. A refresh whose end nobody
//! knows (a process that was killed) is done over: its answer is a new token or "log in again".
//!
//! What it refuses: to ask a provider without the lease, more often than the back-off allows, or to
//! say a word of a token.

mod attempt;
mod failure;
mod flights;
mod lease;
mod refresher;
mod schedule;
mod stops;
mod timing;

pub(in crate::services) use refresher::{Fresh, Refresher};
pub use stops::{RefreshMoment, RefreshStops};
