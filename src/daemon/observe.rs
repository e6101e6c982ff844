//! Logging and telemetry of a process, from its configuration.

use super::Error;
use crate::config::{Config, OtelConfig, OtelProtocol};
use crate::files::RotatingFile;
use crate::telemetry::{self, Endpoint, OtelSettings, Protocol, Settings, Telemetry};
use secrecy::SecretString;
use url::Url;

/// When the daemon's own log is cut, in bytes, and how many old ones stay.
const LOG_LIMIT: u64 = 10 * 1024 * 1024;
const LOGS_KEPT: u32 = 5;

/// Where the daemon's log lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogTo {
    /// For service managers and containers.
    Stderr,
    /// `server/daemon/log` of the home, rotated.
    File,
}

pub(super) fn start(config: &Config, log: LogTo) -> Result<Telemetry, Error> {
    let output = match log {
        LogTo::Stderr => telemetry::Output::Stderr,
        LogTo::File => {
            let path = config.home.daemon_log();
            let file = RotatingFile::open(&path, LOG_LIMIT, LOGS_KEPT)
                .map_err(|source| Error::File { path, source })?;
            telemetry::Output::File(file)
        }
    };
    Ok(telemetry::start_daemon(&settings(config), output)?)
}

/// What the configuration says about logging and telemetry, in telemetry's own words.
pub fn settings(config: &Config) -> Settings {
    Settings {
        log: config.log.clone(),
        otel: config.otel.is_on().then(|| otel(&config.otel)),
    }
}

fn otel(config: &OtelConfig) -> OtelSettings {
    let endpoint = |url: &Option<Url>| {
        url.as_ref().map(|url| Endpoint {
            url: url.to_string(),
            headers: config
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), SecretString::from(value.reveal().to_owned())))
                .collect(),
            timeout: config.timeout,
            gzip: config.gzip,
        })
    };
    OtelSettings {
        service_name: config.service_name.clone(),
        resource: config.resource_attributes.clone(),
        traces: endpoint(&config.traces),
        logs: endpoint(&config.logs),
        metrics: endpoint(&config.metrics),
        protocol: match config.protocol {
            OtelProtocol::HttpProtobuf => Protocol::HttpProtobuf,
            OtelProtocol::Grpc => Protocol::Grpc,
        },
        metric_interval: config.metric_interval,
        ca_file: config.ca_file.clone(),
    }
}
