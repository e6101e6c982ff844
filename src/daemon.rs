//! The composition root of the daemon.

mod observe;

pub use observe::{audit_log, telemetry_settings};
