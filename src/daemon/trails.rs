//! The copies of the audit log outside the database: `audit.log` and the OTLP collector.
//!
//! Both follow what was committed, in order, from a bounded queue. Neither can hold a request back,
//! and a slow disk holds back neither requests nor the other copy; what one of them loses is
//! counted and said, and the database has it.

use crate::model::AuditRecord;
use crate::services::AuditLogFile;
use crate::store::{AuditSubscription, Store};
use crate::telemetry::{AuditExporter, AuditLog};
use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How many committed events may wait for each copy.
const QUEUE: usize = 16_384;
const BATCH: usize = 512;
/// Between two log lines about what the same copy loses.
const QUIET: Duration = Duration::from_mins(1);

/// Starts the copies, before anything can be written: the first events of a daemon are in them too.
/// They end, after what is queued, when the store is closed.
pub(super) fn follow(
    store: &Store,
    file: AuditLogFile,
    exporter: Option<AuditExporter>,
) -> JoinSet<()> {
    let mut trails = JoinSet::new();
    trails.spawn(follow_one(
        store.subscribe_audit(QUEUE),
        Copy::File(Some(file)),
    ));
    if let Some(exporter) = exporter {
        trails.spawn(follow_one(
            store.subscribe_audit(QUEUE),
            Copy::Collector(exporter),
        ));
    }
    trails
}

async fn follow_one(mut records: AuditSubscription, mut copy: Copy) {
    let mut losses = Losses::of(copy.name());
    let mut skipped = 0;
    loop {
        let batch = records.next_batch(BATCH).await;
        if batch.is_empty() {
            losses.tell_rest();
            return;
        }
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        if let Err(error) = copy.take(batch).await {
            losses.add(count, Some(&error));
        }
        let behind = records.lost() - skipped;
        if behind > 0 {
            skipped += behind;
            copy.skip(behind);
            losses.add(behind, None);
        }
    }
}

/// Where a copy goes.
enum Copy {
    /// `None` while a batch is being written.
    File(Option<AuditLogFile>),
    Collector(AuditExporter),
}

impl Copy {
    const fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "audit.log",
            Self::Collector(_) => "the collector",
        }
    }

    async fn take(&mut self, batch: Vec<Arc<AuditRecord>>) -> io::Result<()> {
        match self {
            Self::File(place) => {
                let Some(mut file) = place.take() else {
                    return Err(io::Error::other("the task that wrote it was given up"));
                };
                // A disk may take its time, and a thread of the runtime has requests to answer.
                let writing = tokio::task::spawn_blocking(move || {
                    let written = file.append(&batch);
                    (file, written)
                });
                let (file, written) = writing.await.map_err(io::Error::other)?;
                *place = Some(file);
                written
            }
            Self::Collector(exporter) => {
                for record in &batch {
                    exporter.export(log_record(record));
                }
                Ok(())
            }
        }
    }

    /// Counts what never came this far, where the copy has a figure of its own for it.
    fn skip(&self, count: u64) {
        if let Self::Collector(exporter) = self {
            exporter.add_dropped(count);
        }
    }
}

/// What a copy does not have, told at once and then now and then: a full disk loses a batch after
/// the other.
struct Losses {
    copy: &'static str,
    lost: u64,
    told: u64,
    told_at: Option<Instant>,
}

impl Losses {
    const fn of(copy: &'static str) -> Self {
        Self {
            copy,
            lost: 0,
            told: 0,
            told_at: None,
        }
    }

    /// `error` is why; without one the copy was too slow.
    fn add(&mut self, count: u64, error: Option<&io::Error>) {
        self.lost += count;
        if self.told_at.is_some_and(|at| at.elapsed() < QUIET) {
            return;
        }
        self.told_at = Some(Instant::now());
        self.told = self.lost;
        let (copy, lost) = (self.copy, self.lost);
        if let Some(error) = error {
            tracing::error!(
                copy,
                lost,
                error.cause = %error,
                "a copy of the audit log cannot be written; the database has every event"
            );
        } else {
            tracing::warn!(
                copy,
                lost,
                "a copy of the audit log is behind and misses events; the database has every event"
            );
        }
    }

    /// At the end: what was lost since it was last said.
    fn tell_rest(&self) {
        if self.lost > self.told {
            tracing::warn!(
                copy = self.copy,
                lost = self.lost,
                "a copy of the audit log misses events; the database has every event"
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::files::RotatingFile;
    use crate::model::{AuditEvent, EventName};
    use crate::store::Location;
    use crate::telemetry::{Endpoint, OtelSettings, Output, Settings, Telemetry, prepare_daemon};
    use tracing::Dispatch;
    use tracing::instrument::WithSubscriber;

    /// A store with a subscriber that was too slow for four of five events, and a log to look into.
    struct Scene {
        dir: tempfile::TempDir,
        records: Option<AuditSubscription>,
        dispatch: Dispatch,
        telemetry: Telemetry,
    }

    impl Scene {
        async fn set() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let place = Location::Sqlite(dir.path().join("store.db"));
            let store = Store::open(place, Arc::new(SystemClock)).await.unwrap();
            let records = store.subscribe_audit(1);
            let events = vec![AuditEvent::new(EventName::LoginStarted); 5];
            store.audit(events).await.unwrap();
            store.close().await;
            let log = RotatingFile::open(&dir.path().join("log"), 1 << 20, 1).unwrap();
            let settings = Settings {
                log: None,
                otel: Some(OtelSettings {
                    logs: Some(Endpoint {
                        // Nobody listens at the discard port.
                        url: "http://127.0.0.1:9".to_owned(),
                        headers: Vec::new(),
                        timeout: Duration::from_secs(1),
                        gzip: false,
                    }),
                    ..OtelSettings::default()
                }),
            };
            let (dispatch, telemetry) = prepare_daemon(&settings, Output::File(log)).unwrap();
            Self {
                dir,
                records: Some(records),
                dispatch,
                telemetry,
            }
        }

        /// The counts of every line about a loss.
        fn told(&self) -> Vec<u64> {
            let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap();
            log.lines()
                .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
                .filter_map(|line| line["fields"]["lost"].as_u64())
                .collect()
        }
    }

    #[tokio::test]
    async fn what_never_reached_the_exporter_is_among_what_it_dropped() {
        let mut scene = Scene::set().await;
        let exporter = scene.telemetry.audit_exporter().unwrap();
        let records = scene.records.take().unwrap();
        follow_one(records, Copy::Collector(exporter.clone()))
            .with_subscriber(scene.dispatch.clone())
            .await;
        assert_eq!(exporter.dropped(), 4);
        assert_eq!(scene.told(), [4]);
    }

    #[tokio::test]
    async fn a_copy_that_cannot_be_written_says_how_much_it_misses_and_not_for_every_batch() {
        let mut scene = Scene::set().await;
        let gone = scene.dir.path().join("gone");
        std::fs::create_dir(&gone).unwrap();
        let file = AuditLogFile::open(&gone.join("audit.log")).unwrap();
        std::fs::remove_dir_all(&gone).unwrap();
        let records = scene.records.take().unwrap();
        follow_one(records, Copy::File(Some(file)))
            .with_subscriber(scene.dispatch.clone())
            .await;
        // The batch of one at once, the four it was too slow for at the end.
        assert_eq!(scene.told(), [1, 5]);
    }
}
