//! From the configuration, and from committed audit records, to what telemetry takes.

use crate::config::{Config, OtelConfig, OtelProtocol};
use crate::model::{AuditRecord, Outcome};
use crate::telemetry::{AuditLog, Endpoint, OtelSettings, Protocol, Settings};
use secrecy::SecretString;
use std::borrow::Cow;
use url::Url;

/// Further facts of one event that leave the host; an agent can report more than any collector wants.
const MOST_FACTS: usize = 64;

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
    let mut attributes: Vec<(Cow<'static, str>, String)> = vec![
        ("audit.id".into(), record.id.to_string()),
        ("audit.source".into(), event.source.as_str().to_owned()),
        ("audit.outcome".into(), event.outcome.as_str().to_owned()),
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
            .filter_map(|(name, value)| Some((name.into(), value?))),
    );
    attributes.extend(event.metadata.iter().take(MOST_FACTS).map(|(key, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (format!("audit.metadata.{key}").into(), text)
    }));
    AuditLog {
        at: record.at,
        event: event.event.as_str().to_owned(),
        succeeded: event.outcome == Outcome::Success,
        attributes,
    }
}
