//! Connections of a Vault: listed without opening anything, shown, exported, ended.

mod export;
mod service;

pub use service::{ConnectionRecord, Connections, ExportFormat, ProviderConnections};
pub(in crate::services) use service::{expired, not_found};
