//! The copies of the audit log outside the database: `audit.log` and the OTLP collector.
//!
//! Both follow what was committed, in order, from a bounded queue. Neither can hold a request back;
//! what one of them loses is counted, and the database has it.

use crate::model::AuditRecord;
use crate::services::AuditLogFile;
use crate::store::{AuditSubscription, Store};
use crate::telemetry::{AuditExporter, AuditLog};
use std::borrow::Cow;
use tokio::task::JoinSet;

/// How many committed events may wait for each copy.
const QUEUE: usize = 16_384;
const BATCH: usize = 512;

/// What each copy reads from. Taken before anything can be written, so that the first events of a
/// daemon are in the copies too.
#[derive(Debug)]
pub(super) struct Subscriptions {
    file: AuditSubscription,
    export: Option<AuditSubscription>,
}

impl Subscriptions {
    pub(super) fn take(store: &Store, exports: bool) -> Self {
        Self {
            file: store.subscribe_audit(QUEUE),
            export: exports.then(|| store.subscribe_audit(QUEUE)),
        }
    }
}

/// Starts the copies. They end, after what is queued, when the store is closed.
pub(super) fn follow(
    subscriptions: Subscriptions,
    file: AuditLogFile,
    exporter: Option<AuditExporter>,
) -> JoinSet<()> {
    let mut trails = JoinSet::new();
    trails.spawn(write_lines(subscriptions.file, file));
    if let (Some(mut records), Some(exporter)) = (subscriptions.export, exporter) {
        trails.spawn(async move {
            while let Some(record) = records.next().await {
                exporter.export(log_record(&record));
            }
        });
    }
    trails
}

async fn write_lines(mut records: AuditSubscription, mut file: AuditLogFile) {
    let mut lost = 0;
    loop {
        let batch = records.next_batch(BATCH).await;
        if batch.is_empty() {
            return;
        }
        if let Err(error) = file.append(&batch) {
            tracing::error!(%error, "audit.log could not be written; the database has every event");
        }
        if records.lost() > lost {
            lost = records.lost();
            tracing::warn!(
                lost,
                "audit.log is behind and misses events; the database has every event"
            );
        }
    }
}

fn log_record(record: &AuditRecord) -> AuditLog {
    let event = &record.event;
    let mut attributes: Vec<(Cow<'static, str>, String)> = vec![
        ("audit.id".into(), record.id.to_string()),
        ("audit.source".into(), event.source.as_str().to_owned()),
        ("audit.outcome".into(), event.outcome.as_str().to_owned()),
    ];
    let named: [(&'static str, Option<String>); 4] = [
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
            .filter_map(|(name, value)| value.map(|value| (name.into(), value))),
    );
    attributes.extend(
        event
            .metadata
            .iter()
            .map(|(name, value)| (format!("audit.metadata.{name}").into(), text_of(value))),
    );
    AuditLog {
        at: record.at,
        event: event.event.as_str().to_owned(),
        succeeded: event.outcome == crate::model::Outcome::Success,
        attributes,
    }
}

fn text_of(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
