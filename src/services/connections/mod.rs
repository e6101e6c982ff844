//! Connections of a Vault: listed without opening anything, shown, exported, ended.

mod export;
mod service;

pub use service::{ConnectionRecord, Connections, ExportFormat, ProviderConnections};
