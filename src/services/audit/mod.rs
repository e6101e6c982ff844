//! The audit log: read by administrators, added to by agents, copied to `audit.log`.

mod external;
mod line;
mod log_file;
mod service;

pub use log_file::AuditLogFile;
pub use service::{Audit, AuditPage, AuditQuery, ExternalEvent};
