//! What operators see of a running Authsome: log lines, and OpenTelemetry where it is asked for.
//!
//! Quiet by default: without an endpoint nothing of OpenTelemetry is started, no thread, no queue.
//! With one, traces, audit events and a few metrics leave as OTLP (HTTP with protobuf bodies, or gRPC),
//! each through a bounded queue that drops and counts rather than waits. Everything that leaves
//! goes through one scrubber first: fields that are named like a secret, credentials, and the
//! query of a URL never reach a log line or a collector.
//!
//! Refuses: reading the environment (settings are given), sending anything to anyone unasked, and
//! spans of other crates (some of them carry whole URLs).
//! W3C Trace Context for `traceparent`; OTLP 1 for the wire.

mod audit;
mod error;
mod grpc;
mod levels;
mod lines;
mod otlp;
mod process;
mod requests;
mod scrub;
mod settings;
mod start;
mod trace_context;
mod transport;

pub use audit::{AuditExporter, AuditLog};
pub use error::Error;
pub use process::{forbid_core_dumps, hide_memory, log_panics};
pub use scrub::clean;
pub use settings::{Endpoint, OtelSettings, Protocol, Settings};
pub use start::{Output, Telemetry, prepare_daemon, start_command, start_daemon};
pub use trace_context::{adopt_parent, current_traceparent, trace_id};
