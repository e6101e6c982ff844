//! The audit log: read by administrators, added to by agents, copied to `audit.log`.

mod chart;
mod csv;
mod export;
mod external;
mod line;
mod log_file;
mod recent;
mod service;

pub use chart::{AuditBar, AuditChart};
pub use export::{AuditExport, AuditFormat};
pub use log_file::AuditLogFile;
pub use service::{Audit, AuditPage, AuditQuery, ExternalEvent};
