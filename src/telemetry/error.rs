//! What can go wrong while telemetry is set up; nothing goes wrong loudly afterwards.

use std::path::PathBuf;

/// Why telemetry did not start. The message says which setting to change.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "cannot read the log level `{value}`; set AUTHSOME_LOG to off, error, warn, info, debug or trace, \
         or to directives such as `info,authsome::proxy=debug`"
    )]
    Level {
        value: String,
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    #[error(
        "cannot use the OTLP endpoint for {signal}; give an http or https URL without a password in it"
    )]
    Endpoint { signal: &'static str },
    #[error("cannot start the exporter of {signal}; check the OTEL_EXPORTER_OTLP_ variables")]
    Exporter {
        signal: &'static str,
        #[source]
        source: opentelemetry_otlp::ExporterBuildError,
    },
    #[error("cannot read the certificates of the OTLP collector from `{path}`")]
    Certificates {
        path: PathBuf,
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    #[error("cannot set up TLS to the OTLP collector")]
    Tls(#[source] rustls::Error),
    #[error("cannot start the thread that talks to the OTLP collector")]
    Thread(#[source] std::io::Error),
    #[error("telemetry was started twice in one process")]
    Twice(#[source] tracing::subscriber::SetGlobalDefaultError),
}
