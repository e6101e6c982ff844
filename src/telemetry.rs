//! Tracing and OpenTelemetry set-up.
