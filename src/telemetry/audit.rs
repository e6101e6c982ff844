//! Audit events on their way to the collector.
//!
//! The database is the record; this is a copy for whoever watches from elsewhere. So nothing here
//! may hold a request back: events wait in a queue bounded in number and in bytes, one that does
//! not fit is dropped and counted, and a batch that the collector will not take within a minute
//! is dropped and counted too.

use super::scrub;
use super::transport::Transport;
use super::{Endpoint, Error};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use opentelemetry_http::HttpClient;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use secrecy::ExposeSecret;
use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const QUEUE_EVENTS: usize = 8192;
const QUEUE_BYTES: usize = 8 * 1024 * 1024;
const BATCH_EVENTS: usize = 1024;
/// How long a first event waits for company.
const LINGER: Duration = Duration::from_millis(100);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
const GIVE_UP_AFTER: Duration = Duration::from_mins(1);

/// One committed audit event as it leaves the host.
#[derive(Debug, Clone)]
pub struct AuditLog {
    pub at: OffsetDateTime,
    /// The event's name, such as `credential.resolved`.
    pub event: String,
    /// Whether it ended well; anything else is sent as a warning.
    pub succeeded: bool,
    /// `audit.id`, `identity.handle`, `provider.name` and the like.
    pub attributes: Vec<(Cow<'static, str>, String)>,
}

impl AuditLog {
    fn size(&self) -> usize {
        let held: usize = self
            .attributes
            .iter()
            .map(|(name, value)| size_of_val(name) + name.len() + size_of_val(value) + value.len())
            .sum();
        size_of::<Self>() + self.event.len() + held
    }
}

#[derive(Debug, Default)]
struct Counters {
    queued_bytes: AtomicUsize,
    sent: AtomicU64,
    dropped: AtomicU64,
}

/// The way in. Cheap to clone; never waits.
#[derive(Debug, Clone)]
pub struct AuditExporter {
    queue: mpsc::Sender<AuditLog>,
    counters: Arc<Counters>,
}

impl AuditExporter {
    /// Hands an event to the exporter, or counts it as dropped.
    pub fn export(&self, event: AuditLog) {
        let size = event.size();
        let before = self
            .counters
            .queued_bytes
            .fetch_add(size, Ordering::Relaxed);
        if before + size > QUEUE_BYTES || self.queue.try_send(event).is_err() {
            self.counters
                .queued_bytes
                .fetch_sub(size, Ordering::Relaxed);
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts events that were lost on their way to this exporter.
    pub fn add_dropped(&self, count: u64) {
        self.counters.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// Events the collector took.
    pub fn sent(&self) -> u64 {
        self.counters.sent.load(Ordering::Relaxed)
    }

    /// Events that will not reach the collector; the database has them.
    pub fn dropped(&self) -> u64 {
        self.counters.dropped.load(Ordering::Relaxed)
    }
}

/// What the sending task needs.
#[derive(Debug)]
pub(super) struct Sender {
    queue: mpsc::Receiver<AuditLog>,
    counters: Arc<Counters>,
    closing: CancellationToken,
    transport: Transport,
    url: http::Uri,
    headers: HeaderMap,
    gzip: bool,
    resource: Resource,
}

impl Sender {
    pub(super) fn new(
        endpoint: &Endpoint,
        transport: Transport,
        resource: &[(String, String)],
        closing: CancellationToken,
    ) -> Result<(AuditExporter, Self), Error> {
        let (queue, receiver) = mpsc::channel(QUEUE_EVENTS);
        let counters = Arc::new(Counters::default());
        let sender = Self {
            queue: receiver,
            counters: Arc::clone(&counters),
            closing,
            transport,
            url: endpoint
                .url
                .parse()
                .map_err(|_| Error::Endpoint { signal: "logs" })?,
            headers: headers(endpoint),
            gzip: endpoint.gzip,
            resource: Resource {
                attributes: resource.iter().map(|(k, v)| attribute(k, v)).collect(),
                ..Resource::default()
            },
        };
        Ok((AuditExporter { queue, counters }, sender))
    }

    /// Sends until told to close, then what is still queued.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                taken = self.queue.recv_many(&mut batch, BATCH_EVENTS) => if taken == 0 { return },
                () = self.closing.cancelled(), if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
            }
            if batch.len() < BATCH_EVENTS && !self.queue.is_closed() {
                let _ = tokio::time::timeout(LINGER, self.closing.cancelled()).await;
                let room = BATCH_EVENTS - batch.len();
                if !self.queue.is_empty() {
                    self.queue.recv_many(&mut batch, room).await;
                }
            }
            self.deliver(&mut batch).await;
        }
    }

    async fn deliver(&self, batch: &mut Vec<AuditLog>) {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let size = batch.iter().map(AuditLog::size).sum();
        let body = self.encode(batch.drain(..));
        // The events left the queue, but their bytes are still held until the batch is gone.
        let taken = tokio::time::timeout(GIVE_UP_AFTER, self.post_until_taken(body)).await;
        self.counters
            .queued_bytes
            .fetch_sub(size, Ordering::Relaxed);
        let counter = if taken == Ok(true) {
            &self.counters.sent
        } else {
            tracing::warn!(
                audit.events = count,
                "the collector did not take audit events"
            );
            &self.counters.dropped
        };
        counter.fetch_add(count, Ordering::Relaxed);
    }

    /// True when the collector took the batch, false when it never will.
    async fn post_until_taken(&self, body: Bytes) -> bool {
        let mut pause = FIRST_PAUSE;
        loop {
            let wait = match self.post(body.clone()).await {
                Answer::Taken => return true,
                Answer::Refused => return false,
                Answer::Later(asked) => asked.unwrap_or(pause).min(LONGEST_PAUSE),
            };
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn post(&self, body: Bytes) -> Answer {
        let mut request = http::Request::new(body);
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.url.clone();
        *request.headers_mut() = self.headers.clone();
        match self.transport.send_bytes(request).await {
            Ok(answer) if answer.status().is_success() => Answer::Taken,
            Ok(answer) if may_be_retried(answer.status()) => {
                Answer::Later(retry_after(answer.headers()))
            }
            Ok(_) => Answer::Refused,
            Err(_) => Answer::Later(None),
        }
    }

    fn encode(&self, events: impl Iterator<Item = AuditLog>) -> Bytes {
        let request = ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                resource: Some(self.resource.clone()),
                scope_logs: vec![ScopeLogs {
                    scope: Some(InstrumentationScope {
                        name: "authsome.audit".to_owned(),
                        version: env!("CARGO_PKG_VERSION").to_owned(),
                        ..InstrumentationScope::default()
                    }),
                    log_records: events.map(record).collect(),
                    ..ScopeLogs::default()
                }],
                ..ResourceLogs::default()
            }],
        };
        let plain = request.encode_to_vec();
        if !self.gzip {
            return plain.into();
        }
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer
            .write_all(&plain)
            .and_then(|()| packer.finish())
            .unwrap_or_default()
            .into()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Taken,
    Refused,
    Later(Option<Duration>),
}

/// The statuses of the OTLP specification that ask for another try.
fn may_be_retried(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn headers(endpoint: &Endpoint) -> HeaderMap {
    let mut all: HeaderMap = endpoint
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let name: HeaderName = name.parse().ok()?;
            let mut value = HeaderValue::from_str(value.expose_secret()).ok()?;
            value.set_sensitive(true);
            Some((name, value))
        })
        .collect();
    all.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-protobuf"),
    );
    if endpoint.gzip {
        all.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    all
}

fn record(event: AuditLog) -> LogRecord {
    let (severity_number, severity_text) = if event.succeeded {
        (9, "INFO")
    } else {
        (13, "WARN")
    };
    let nanos = u64::try_from(event.at.unix_timestamp_nanos()).unwrap_or(0);
    LogRecord {
        time_unix_nano: nanos,
        observed_time_unix_nano: nanos,
        severity_number,
        severity_text: severity_text.to_owned(),
        body: Some(text(event.event.clone())),
        attributes: event
            .attributes
            .iter()
            .map(|(name, value)| attribute(name, value))
            .collect(),
        event_name: event.event,
        ..LogRecord::default()
    }
}

fn attribute(name: &str, value: &str) -> KeyValue {
    let shown = if scrub::is_secret_name(name) {
        scrub::FILTERED.to_owned()
    } else {
        scrub::clean(value).into_owned()
    };
    KeyValue {
        key: name.to_owned(),
        value: Some(text(shown)),
        ..KeyValue::default()
    }
}

fn text(value: String) -> AnyValue {
    AnyValue {
        value: Some(Value::StringValue(value)),
    }
}
