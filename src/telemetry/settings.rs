//! The settings of telemetry, as the composition root hands them in.

use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

/// What telemetry is told at the start of a process.
#[derive(Debug, Default)]
pub struct Settings {
    /// A level, or directives for our own modules; `None` is the default of the process.
    pub log: Option<String>,
    /// `None`: nothing of OpenTelemetry is started.
    pub otel: Option<OtelSettings>,
}

/// Where OTLP goes, and as whom.
#[derive(Debug)]
pub struct OtelSettings {
    /// `service.name` of everything sent.
    pub service_name: String,
    /// Further resource attributes, such as `deployment.environment.name`.
    pub resource: Vec<(String, String)>,
    pub traces: Option<Endpoint>,
    pub logs: Option<Endpoint>,
    pub metrics: Option<Endpoint>,
    pub protocol: Protocol,
    /// How often metrics are sent.
    pub metric_interval: Duration,
    /// PEM roots that replace the system's for the collector's certificate.
    pub ca_file: Option<PathBuf>,
}

impl Default for OtelSettings {
    fn default() -> Self {
        Self {
            service_name: String::from("authsome"),
            resource: Vec::new(),
            traces: None,
            logs: None,
            metrics: None,
            protocol: Protocol::HttpProtobuf,
            metric_interval: Duration::from_mins(1),
            ca_file: None,
        }
    }
}

/// How OTLP is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    HttpProtobuf,
    Grpc,
}

/// The address of one signal, whole. Over HTTP: `…/v1/traces`, `…/v1/logs` or `…/v1/metrics` included.
/// Over gRPC: the collector alone.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub url: String,
    /// Sent with every request; may hold the collector's API key.
    pub headers: Vec<(String, SecretString)>,
    /// For one request, its retries included.
    pub timeout: Duration,
    pub gzip: bool,
}

impl Endpoint {
    /// An endpoint with the timeout of the OTLP specification, 10 s, and no headers.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            gzip: false,
        }
    }
}
