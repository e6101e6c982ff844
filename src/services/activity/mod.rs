//! When connections were last used and by whom, and when agents were last seen.
//!
//! Noted in memory where it happens, and written down once a minute: a request never waits for it.
//! A daemon that is killed loses the last minute of it, and nothing else; the audit log is the record
//! that is complete.

mod noted;
mod service;
mod vault;

pub(in crate::services) use noted::Noted;
pub use service::Activity;
pub use vault::{AgentUse, ConnectionActivity, UsedBy, VaultActivity};
