//! Starting and ending telemetry, once a process.

use super::lines::{Form, Lines};
use super::otlp::Pipelines;
use super::requests::Requests;
use super::{AuditExporter, Error, Settings, levels};
use crate::files::RotatingFile;
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use std::io::Write;
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Subscriber};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

const SCOPE: &str = "authsome";

/// Where log lines go.
#[derive(Debug)]
pub enum Output {
    Stderr,
    File(RotatingFile),
}

impl Output {
    fn writer(self) -> Box<dyn Write + Send> {
        match self {
            Self::Stderr => Box::new(std::io::stderr()),
            Self::File(file) => Box::new(file),
        }
    }
}

/// Running telemetry. Keep it until the end of the process and shut it down there.
#[derive(Debug)]
pub struct Telemetry {
    pipelines: Option<Pipelines>,
}

impl Telemetry {
    /// The way out for audit events, where a collector is set for them.
    pub fn audit_exporter(&self) -> Option<AuditExporter> {
        self.pipelines.as_ref()?.audit.clone()
    }

    /// Sends what is queued for at most `bound` and ends. Blocks; call it last.
    pub fn shutdown(self, bound: Duration) {
        if let Some(pipelines) = self.pipelines {
            pipelines.shutdown(bound);
        }
    }
}

/// Telemetry of the daemon: JSON lines at `info`, and all three signals where asked for.
pub fn start_daemon(settings: &Settings, output: Output) -> Result<Telemetry, Error> {
    install(prepare_daemon(settings, output)?)
}

/// Telemetry of a command: warnings in plain words on stderr, and traces where asked for.
/// Audit events and metrics are the daemon's to send.
pub fn start_command(settings: &Settings) -> Result<Telemetry, Error> {
    install(prepare(
        settings,
        Form::Text,
        LevelFilter::WARN,
        Output::Stderr,
    )?)
}

/// As [`start_daemon`], for whoever installs the subscriber themselves.
pub fn prepare_daemon(settings: &Settings, output: Output) -> Result<(Dispatch, Telemetry), Error> {
    prepare(settings, Form::Json, LevelFilter::INFO, output)
}

fn install((dispatch, telemetry): (Dispatch, Telemetry)) -> Result<Telemetry, Error> {
    tracing::dispatcher::set_global_default(dispatch).map_err(Error::Twice)?;
    Ok(telemetry)
}

fn prepare(
    settings: &Settings,
    form: Form,
    default: LevelFilter,
    output: Output,
) -> Result<(Dispatch, Telemetry), Error> {
    let levels = levels::parse(settings.log.as_deref(), default)?;
    let pipelines = match &settings.otel {
        Some(otel) => Some(Pipelines::start(otel, form == Form::Json)?),
        None => None,
    };
    let lines = Lines::new(form, output.writer()).with_filter(levels::for_lines(levels));
    let traces = pipelines.as_ref().and_then(|p| p.traces.as_ref());
    let metrics = pipelines.as_ref().and_then(|p| p.metrics.as_ref());
    let audit = pipelines.as_ref().and_then(|p| p.audit.as_ref());
    let subscriber = Registry::default()
        .with(lines)
        .with(traces.map(|traces| spans(traces).with_filter(levels::for_traces())))
        .with(metrics.map(|metrics| figures(metrics, audit).with_filter(levels::for_traces())));
    Ok((Dispatch::new(subscriber), Telemetry { pipelines }))
}

fn spans<S>(traces: &SdkTracerProvider) -> OpenTelemetryLayer<S, Tracer>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_opentelemetry::layer()
        .with_tracer(traces.tracer(SCOPE))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
}

fn figures(metrics: &SdkMeterProvider, audit: Option<&AuditExporter>) -> Requests {
    let meter = metrics.meter(SCOPE);
    if let Some(audit) = audit {
        let (sent, dropped) = (audit.clone(), audit.clone());
        meter
            .u64_observable_counter("authsome.audit.sent")
            .with_unit("{event}")
            .with_description("Audit events the collector took.")
            .with_callback(move |observer| observer.observe(sent.sent(), &[]))
            .build();
        meter
            .u64_observable_counter("authsome.audit.dropped")
            .with_unit("{event}")
            .with_description(
                "Audit events that will not reach the collector; the database has them.",
            )
            .with_callback(move |observer| observer.observe(dropped.dropped(), &[]))
            .build();
    }
    Requests::new(&meter)
}
