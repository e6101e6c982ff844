//! From the configuration, and from committed audit records, to what telemetry takes.

use crate::config::{Config, OtelConfig, OtelProtocol};
use crate::model::{AuditRecord, Outcome};
use crate::telemetry::{AuditLog, Endpoint, OtelSettings, Protocol, Settings};
use secrecy::SecretString;
use url::Url;

/// What telemetry is told, for the daemon and for commands alike.
pub fn telemetry_settings(config: &Config) -> Settings {
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
                .map(|(name, value)| (name.clone(), SecretString::from(value.reveal())))
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

/// A committed audit record as it leaves the host.
pub fn audit_log(record: &AuditRecord) -> AuditLog {
    let event = &record.event;
    let mut attributes = vec![
        ("audit.id", record.id.to_string()),
        ("audit.source", event.source.as_str().to_owned()),
        ("audit.outcome", event.outcome.as_str().to_owned()),
    ];
    let named = [
        (
            "identity.handle",
            event.identity.as_ref().map(ToString::to_string),
        ),
        (
            "principal.id",
            event.principal.as_ref().map(ToString::to_string),
        ),
        (
            "provider.name",
            event.provider.as_ref().map(ToString::to_string),
        ),
        (
            "connection.name",
            event.connection.as_ref().map(ToString::to_string),
        ),
    ];
    attributes.extend(
        named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    if !event.metadata.is_empty() {
        let metadata = serde_json::Value::Object(event.metadata.clone());
        attributes.push(("audit.metadata", metadata.to_string()));
    }
    AuditLog {
        at: record.at,
        event: event.event.as_str().to_owned(),
        succeeded: event.outcome == Outcome::Success,
        attributes,
    }
}
