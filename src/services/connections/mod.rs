//! Connections of a Vault: listed without opening anything, shown, exported, ended.

mod export;
mod renewal;
mod service;
mod troubles;

pub use renewal::Renewal;
pub use service::{ConnectionRecord, Connections, ExportFormat, ProviderConnections};
pub(in crate::services) use service::{expired, not_found};
pub use troubles::{Trouble, Troubles};
