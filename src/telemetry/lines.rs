//! Log lines: one JSON object a line for the daemon, one short text line for a command.
//!
//! Every value goes through the scrubber as it is recorded, and JSON escaping keeps a hostile
//! value from starting a line of its own; the text form escapes control characters likewise.

use super::scrub;
use serde_json::{Map, Value, json};
use std::fmt::{self, Write as _};
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `{"timestamp":…,"level":…,"target":…,"message":…,"fields":{…},"spans":[…]}`
    Json,
    /// `warning: message (field=value)`
    Text,
}

/// Writes each event as one line with one `write`; a line that cannot be written is lost.
pub(super) struct Lines {
    form: Form,
    out: Mutex<Box<dyn Write + Send>>,
}

impl Lines {
    pub(super) fn new(form: Form, out: Box<dyn Write + Send>) -> Self {
        Self {
            form,
            out: Mutex::new(out),
        }
    }

    fn write(&self, line: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody is left to tell: this is where failures are reported.
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    }
}

/// The fields of a span or event, scrubbed as they are recorded.
#[derive(Debug, Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        let value = if scrub::is_secret_name(field.name()) {
            Value::from(scrub::FILTERED)
        } else {
            value
        };
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        self.put(field, Value::from(scrub::clean(&text).into_owned()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::from(scrub::clean(value).into_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        self.put(field, Value::from(scrub::clean(&text).into_owned()));
    }
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.0.shift_remove("message");
        let line = match self.form {
            Form::Json => json_line(event, message.as_ref(), &fields, &context),
            Form::Text => text_line(*event.metadata().level(), message.as_ref(), &fields),
        };
        self.write(&line);
    }
}

fn json_line<S>(
    event: &Event<'_>,
    message: Option<&Value>,
    fields: &Fields,
    context: &Context<'_, S>,
) -> String
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let spans: Vec<Value> = context
        .event_scope(event)
        .into_iter()
        .flat_map(tracing_subscriber::registry::Scope::from_root)
        .map(|span| {
            let mut shown = Map::new();
            shown.insert("name".to_owned(), Value::from(span.name()));
            if let Some(fields) = span.extensions().get::<Fields>() {
                shown.extend(fields.0.clone());
            }
            Value::Object(shown)
        })
        .collect();
    let line = json!({
        "timestamp": now(),
        "level": event.metadata().level().as_str(),
        "target": event.metadata().target(),
        "message": message,
        "fields": fields.0,
        "spans": spans,
    });
    format!("{line}\n")
}

fn now() -> String {
    let mut text = String::with_capacity(32);
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

fn text_line(level: Level, message: Option<&Value>, fields: &Fields) -> String {
    let word = match level {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    };
    let mut line = format!("{word}: {}", message.map_or_else(String::new, shown));
    if !fields.0.is_empty() {
        let pairs: Vec<String> = fields
            .0
            .iter()
            .map(|(name, value)| format!("{name}={}", shown(value)))
            .collect();
        let _ = write!(line, " ({})", pairs.join(", "));
    }
    line.push('\n');
    line
}

/// A value on one line: control characters, ANSI escapes among them, are written as escapes.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if !text.contains(char::is_control) {
        return text;
    }
    text.chars()
        .map(|c| {
            if c.is_control() {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::levels;
    use std::sync::Arc;
    use tracing::level_filters::LevelFilter;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::{Registry, filter::Targets};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(form: Form, level: LevelFilter, work: impl FnOnce()) -> String {
        let out = Shared::default();
        let lines = Lines::new(form, Box::new(out.clone()));
        let filter = levels::for_lines(Targets::new().with_default(level));
        let subscriber = Registry::default().with(lines.with_filter(filter));
        tracing::subscriber::with_default(subscriber, work);
        let bytes = out.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_event_is_one_json_line_with_its_spans() {
        let text = written(Form::Json, LevelFilter::INFO, || {
            let span = tracing::info_span!(
                "request",
                http.route = "/whoami",
                status = tracing::field::Empty
            );
            let _inside = span.enter();
            span.record("status", 200);
            tracing::info!(provider.name = "openai", "stored");
        });
        let line: Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(line["message"], "stored");
        assert_eq!(line["fields"]["provider.name"], "openai");
        assert_eq!(
            line["spans"][0],
            json!({"name": "request", "http.route": "/whoami", "status": 200})
        );
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn a_secret_by_name_or_by_shape_never_reaches_a_line() {
        let text = written(Form::Json, LevelFilter::TRACE, || {
            let span = tracing::info_span!("proxy", uri = "https://a.example/x?key=CANARY");
            let _inside = span.enter();
            tracing::info!(authorization = "CANARY", error = %"refused Bearer CANARY", "cookie");
        });
        assert!(!text.contains("CANARY"), "{text}");
        assert!(text.contains(scrub::FILTERED));
    }

    #[test]
    fn a_hostile_value_stays_on_its_line() {
        let hostile = "a\r\n{\"level\":\"ERROR\"}\u{1b}[2J";
        for form in [Form::Json, Form::Text] {
            let text = written(form, LevelFilter::WARN, || {
                tracing::warn!(handle = hostile, "refused {hostile}");
            });
            assert_eq!(text.lines().count(), 1, "{text:?}");
            assert!(!text.contains('\u{1b}'), "{text:?}");
        }
    }

    #[test]
    fn other_crates_give_warnings_only_and_never_a_span() {
        let text = written(Form::Json, LevelFilter::TRACE, || {
            let span = tracing::info_span!(target: "hudsucker::proxy", "proxy", uri = "CANARY");
            let _inside = span.enter();
            tracing::debug!(target: "h2::codec", "CANARY");
            tracing::warn!(target: "sqlx::query", "slow");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.contains("CANARY") && text.contains("slow"), "{text}");
    }

    #[test]
    fn a_command_says_its_warnings_in_plain_words() {
        let text = written(Form::Text, LevelFilter::WARN, || {
            tracing::warn!(host = "api.example", "not injected");
            tracing::info!("unseen");
        });
        assert_eq!(text, "warning: not injected (host=api.example)\n");
    }
}
