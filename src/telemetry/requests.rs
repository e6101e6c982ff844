//! Request figures, taken from the server's spans so that the server need not know of metrics.
//!
//! A span named `request` of the server module is one request; its `http.route` and
//! `http.response.status_code` become the attributes of `http.server.request.duration`. Routes are
//! templates, so the number of series stays small.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};
use std::time::Instant;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

const MODULE: &str = "authsome::server";
const SPAN: &str = "request";

/// Measures every request span from its start to its end, in seconds.
#[derive(Debug)]
pub(super) struct Requests {
    duration: Histogram<f64>,
}

impl Requests {
    pub(super) fn new(meter: &Meter) -> Self {
        Self {
            duration: meter
                .f64_histogram("http.server.request.duration")
                .with_unit("s")
                .with_description(
                    "Time from the head of a request to the end of its answer's head.",
                )
                .build(),
        }
    }
}

/// What is known of a request so far.
#[derive(Debug)]
struct Seen {
    since: Instant,
    attributes: Vec<KeyValue>,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        match field.name() {
            "http.route" => self.put("http.route", format!("{value:?}")),
            "http.request.method" => self.put("http.request.method", format!("{value:?}")),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "http.route" => self.put("http.route", value.to_owned()),
            "http.request.method" => self.put("http.request.method", value.to_owned()),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "http.response.status_code" {
            let value = i64::try_from(value).unwrap_or(0);
            self.attributes
                .push(KeyValue::new("http.response.status_code", value));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record_u64(field, u64::try_from(value).unwrap_or(0));
    }
}

impl Seen {
    fn put(&mut self, name: &'static str, value: String) {
        self.attributes.push(KeyValue::new(name, value));
    }
}

fn is_request(meta: &Metadata<'_>) -> bool {
    meta.name() == SPAN && meta.target().starts_with(MODULE)
}

impl<S> Layer<S> for Requests
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if !is_request(attributes.metadata()) {
            return;
        }
        let mut seen = Seen {
            since: Instant::now(),
            attributes: Vec::with_capacity(3),
        };
        attributes.record(&mut seen);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(seen);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(seen) = span.extensions_mut().get_mut::<Seen>()
        {
            values.record(seen);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(span) = context.span(&id)
            && let Some(seen) = span.extensions_mut().remove::<Seen>()
        {
            self.duration
                .record(seen.since.elapsed().as_secs_f64(), &seen.attributes);
        }
    }
}
