//! The OTLP pipelines: spans in batches, metrics on a timer, audit events by their own queue.

use super::audit::{AuditExporter, Sender};
use super::scrub::{clean, clean_attribute};
use super::transport::{Signal, Transport, Worker};
use super::{Endpoint, Error, OtelSettings};
use opentelemetry::KeyValue;
use opentelemetry::trace::Status;
use opentelemetry_otlp::{
    Compression, MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};
use secrecy::ExposeSecret;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Everything that sends; nothing of it exists while no endpoint is set.
#[derive(Debug)]
pub(super) struct Pipelines {
    pub(super) traces: Option<SdkTracerProvider>,
    pub(super) metrics: Option<SdkMeterProvider>,
    pub(super) audit: Option<AuditExporter>,
    sending: Option<JoinHandle<()>>,
    closing: CancellationToken,
    // Last: the exporters above use it until they are gone.
    worker: Worker,
}

impl Pipelines {
    /// Starts what has an endpoint; metrics and audit events are `for_daemon` only.
    pub(super) fn start(settings: &OtelSettings, for_daemon: bool) -> Result<Self, Error> {
        let worker = Worker::start()?;
        let transport = |signal: Signal, endpoint: &Endpoint| {
            check(signal, endpoint)?;
            Transport::new(&worker, signal, endpoint, settings)
        };
        let resource = attributes(settings);
        let traces = match &settings.traces {
            Some(endpoint) => Some(traces(
                endpoint,
                transport(Signal::Traces, endpoint)?,
                &resource,
            )?),
            None => None,
        };
        let metrics = match settings.metrics.as_ref().filter(|_| for_daemon) {
            Some(endpoint) => {
                let transport = transport(Signal::Metrics, endpoint)?;
                Some(metrics(
                    endpoint,
                    transport,
                    &resource,
                    settings.metric_interval,
                )?)
            }
            None => None,
        };
        let closing = CancellationToken::new();
        let (audit, sending) = match settings.logs.as_ref().filter(|_| for_daemon) {
            Some(endpoint) => {
                let transport = transport(Signal::Logs, endpoint)?;
                let (audit, sender) = Sender::new(endpoint, transport, &resource, closing.clone())?;
                (Some(audit), Some(worker.handle.spawn(sender.run())))
            }
            None => (None, None),
        };
        Ok(Self {
            traces,
            metrics,
            audit,
            sending,
            closing,
            worker,
        })
    }

    /// Sends what is queued, for at most `bound`; what is left then is given up.
    pub(super) fn shutdown(mut self, bound: Duration) {
        let deadline = Instant::now() + bound;
        self.closing.cancel();
        let (done, finished) = mpsc::channel();
        let mut waiting = 0;
        if let Some(sending) = self.sending.take() {
            waiting += 1;
            let done = done.clone();
            self.worker.handle.spawn(async move {
                let _ = sending.await;
                let _ = done.send(());
            });
        }
        if let Some(traces) = self.traces.take() {
            waiting += in_thread(&done, move || drop(traces.shutdown_with_timeout(bound)));
        }
        if let Some(metrics) = self.metrics.take() {
            waiting += in_thread(&done, move || drop(metrics.shutdown_with_timeout(bound)));
        }
        for _ in 0..waiting {
            let left = deadline.saturating_duration_since(Instant::now());
            if finished.recv_timeout(left).is_err() {
                break;
            }
        }
    }
}

/// Runs `work` aside and reports it; a thread that cannot be had is not waited for.
fn in_thread(done: &mpsc::Sender<()>, work: impl FnOnce() + Send + 'static) -> usize {
    let done = done.clone();
    let started = std::thread::Builder::new()
        .name("otlp-flush".to_owned())
        .spawn(move || {
            work();
            let _ = done.send(());
        });
    usize::from(started.is_ok())
}

fn check(signal: Signal, endpoint: &Endpoint) -> Result<(), Error> {
    let refused = Error::Endpoint {
        signal: signal.as_str(),
    };
    let Ok(url) = url::Url::parse(&endpoint.url) else {
        return Err(refused);
    };
    let plain = url.username().is_empty() && url.password().is_none();
    if plain && url.has_host() && matches!(url.scheme(), "http" | "https") {
        Ok(())
    } else {
        Err(refused)
    }
}

fn attributes(settings: &OtelSettings) -> Vec<(String, String)> {
    let mut all = vec![
        ("service.name".to_owned(), settings.service_name.clone()),
        (
            "service.version".to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
        ),
    ];
    all.extend(settings.resource.iter().cloned());
    all
}

fn resource(attributes: &[(String, String)]) -> Resource {
    Resource::builder_empty()
        .with_attributes(
            attributes
                .iter()
                .map(|(k, v)| KeyValue::new(k.clone(), v.clone())),
        )
        .build()
}

fn traces(
    endpoint: &Endpoint,
    transport: Transport,
    attributes: &[(String, String)],
) -> Result<SdkTracerProvider, Error> {
    let exporter = configured(SpanExporter::builder().with_http(), endpoint, transport)
        .build()
        .map_err(|source| Error::Exporter {
            signal: "traces",
            source,
        })?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(Scrubbed(exporter))
        .with_resource(resource(attributes))
        .build())
}

fn metrics(
    endpoint: &Endpoint,
    transport: Transport,
    attributes: &[(String, String)],
    interval: Duration,
) -> Result<SdkMeterProvider, Error> {
    let exporter = configured(MetricExporter::builder().with_http(), endpoint, transport)
        .build()
        .map_err(|source| Error::Exporter {
            signal: "metrics",
            source,
        })?;
    let reader = PeriodicReader::builder(exporter)
        .with_interval(interval)
        .build();
    Ok(SdkMeterProvider::builder()
        .with_reader(reader)
        .with_resource(resource(attributes))
        .build())
}

fn configured<B>(builder: B, endpoint: &Endpoint, transport: Transport) -> B
where
    B: WithExportConfig + WithHttpConfig,
{
    let headers: HashMap<String, String> = endpoint
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.expose_secret().to_owned()))
        .collect();
    let builder = builder
        .with_http_client(transport)
        .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
        .with_endpoint(endpoint.url.clone())
        .with_timeout(endpoint.timeout)
        .with_headers(headers);
    if endpoint.gzip {
        builder.with_compression(Compression::Gzip)
    } else {
        builder
    }
}

/// A span exporter that names the spans of requests after their routes, which are known only once
/// they have begun, and cleans every attribute on the way out.
#[derive(Debug)]
struct Scrubbed<E>(E);

impl<E: opentelemetry_sdk::trace::SpanExporter> opentelemetry_sdk::trace::SpanExporter
    for Scrubbed<E>
{
    fn export(&self, mut batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        batch.iter_mut().for_each(scrub_span);
        self.0.export(batch)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn scrub_span(span: &mut SpanData) {
    let name = name_of_request(span).unwrap_or_else(|| span.name.clone());
    span.name = clean(&name).into_owned().into();
    span.attributes.iter_mut().for_each(clean_attribute);
    if let Status::Error { description } = &mut span.status {
        *description = clean(description).into_owned().into();
    }
    for event in &mut span.events.events {
        event.name = clean(&event.name).into_owned().into();
        event.attributes.iter_mut().for_each(clean_attribute);
    }
}

/// `GET /whoami`, as OpenTelemetry names the span of a server.
fn name_of_request(span: &SpanData) -> Option<Cow<'static, str>> {
    let value = |name: &str| {
        let mut all = span.attributes.iter();
        all.find(|attribute| attribute.key.as_str() == name)
            .map(|attribute| attribute.value.as_str())
    };
    let (method, route) = (value("http.request.method")?, value("http.route")?);
    Some(format!("{method} {route}").into())
}
