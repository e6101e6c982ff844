//! One trace from a command through the daemon, by the W3C `traceparent` header.
//!
//! The client asks for the header of the span it is in, the server adopts the one it was sent.
//! Without OpenTelemetry there is no header and nothing is adopted. `tracestate` and baggage are
//! neither sent nor read: nobody here needs them, and they would carry foreign text through.

use http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";

/// The `traceparent` value for a request made in the current span; `None` without a sampled trace.
pub fn current_traceparent() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let trace = span.span_context();
    trace.is_valid().then(|| {
        let flags = trace.trace_flags().to_u8() & 1;
        format!("00-{}-{}-{flags:02x}", trace.trace_id(), trace.span_id())
    })
}

/// The id of the trace that `span` is part of, for an error message that support can look up.
pub fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let otel = context.span();
    let trace = otel.span_context();
    trace.is_valid().then(|| trace.trace_id().to_string())
}

/// Makes the trace named in `headers` the parent of `span`; call it before the span is entered.
/// A missing, malformed or doubled header changes nothing.
pub fn adopt_parent(span: &Span, headers: &HeaderMap) {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return;
    };
    let Ok(value) = value.to_str() else { return };
    let context = TraceContextPropagator::new().extract(&OneHeader(value));
    if context.span().span_context().is_valid() {
        // Fails only where there is no trace to join.
        let _ = span.set_parent(context);
    }
}

struct OneHeader<'a>(&'a str);

impl Extractor for OneHeader<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn traced(work: impl FnOnce()) {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, work);
    }

    fn joined(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap());
        }
        let mut same = false;
        traced(|| {
            let span = tracing::info_span!("request");
            adopt_parent(&span, &headers);
            let _inside = span.enter();
            same = current_traceparent()
                .unwrap()
                .contains("0af7651916cd43dd8448eb211c80319c");
        });
        same
    }

    #[test]
    fn a_request_joins_the_trace_it_was_sent_with() {
        assert!(joined(&[SENT]));
    }

    #[test]
    fn a_bad_or_doubled_traceparent_starts_a_trace_of_its_own() {
        assert!(!joined(&[]));
        assert!(!joined(&[SENT, SENT]));
        assert!(!joined(&[
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"
        ]));
        assert!(!joined(&["0af7651916cd43dd8448eb211c80319c"]));
        assert!(!joined(&[&SENT.repeat(100)]));
    }

    #[test]
    fn without_opentelemetry_there_is_no_header() {
        assert_eq!(current_traceparent(), None);
        let span = tracing::info_span!("request");
        adopt_parent(&span, &HeaderMap::new());
        assert_eq!(trace_id(&span), None);
    }
}
