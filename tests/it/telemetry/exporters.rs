//! What reaches a collector, what never does, and that a bad collector is nobody's problem.

use crate::support::collector::{Collector, Mood, attribute};
use authsome::telemetry::{
    AuditExporter, AuditLog, Endpoint, OtelSettings, Output, Protocol, Settings, Telemetry,
    adopt_parent, current_traceparent, prepare_daemon,
};
use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;
use std::time::Duration;
use time::OffsetDateTime;
use tracing::Dispatch;

const CANARY: &str = "sk-canary-4f9a1c";
/// More than any queue holds.
const EVENTS: u64 = 100_000;
const FLUSH: Duration = Duration::from_secs(20);

fn settings(base: &str, protocol: Protocol) -> OtelSettings {
    let endpoint = |path: &str| {
        let url = match protocol {
            Protocol::HttpProtobuf => format!("{base}{path}"),
            Protocol::Grpc => base.to_owned(),
        };
        let key = SecretString::from("Bearer collector-key");
        Some(Endpoint {
            headers: vec![("authorization".to_owned(), key)],
            ..Endpoint::new(url)
        })
    };
    OtelSettings {
        traces: endpoint("/v1/traces"),
        logs: endpoint("/v1/logs"),
        metrics: endpoint("/v1/metrics"),
        protocol,
        ..OtelSettings::default()
    }
}

fn start(otel: OtelSettings) -> (Dispatch, Telemetry) {
    let settings = Settings {
        log: Some("off".to_owned()),
        otel: Some(otel),
    };
    prepare_daemon(&settings, Output::Stderr).unwrap()
}

fn event(number: usize) -> AuditLog {
    AuditLog {
        at: OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap(),
        event: "credential.resolved".to_owned(),
        succeeded: number.is_multiple_of(2),
        attributes: vec![
            ("audit.id".into(), format!("evt_{number}")),
            ("audit.metadata.token".into(), CANARY.to_owned()),
        ],
    }
}

fn exporter(telemetry: &Telemetry) -> AuditExporter {
    telemetry.audit_exporter().unwrap()
}

fn ids(collector: &Collector) -> Vec<String> {
    collector.look(|received| {
        let id = |log: &opentelemetry_proto::tonic::logs::v1::LogRecord| {
            attribute(&log.attributes, "audit.id").unwrap().to_owned()
        };
        received.logs.iter().map(id).collect()
    })
}

#[test]
fn every_audit_event_arrives_once_over_http_and_over_grpc_packed_or_not() {
    for (protocol, gzip) in [
        (Protocol::HttpProtobuf, false),
        (Protocol::HttpProtobuf, true),
        (Protocol::Grpc, false),
        (Protocol::Grpc, true),
    ] {
        let collector = Collector::start(Mood::Well);
        let mut otel = settings(&collector.url(), protocol);
        otel.logs.as_mut().unwrap().gzip = gzip;
        let (_, telemetry) = start(otel);
        let exporter = exporter(&telemetry);
        (0..3000).for_each(|number| exporter.export(event(number)));
        telemetry.shutdown(FLUSH);
        let expected: Vec<String> = (0..3000).map(|number| format!("evt_{number}")).collect();
        assert_eq!(ids(&collector), expected, "{protocol:?} {gzip}");
        assert_eq!((exporter.sent(), exporter.dropped()), (3000, 0));
        collector.look(|received| {
            let (well, ill) = (&received.logs[0], &received.logs[1]);
            assert_eq!(well.event_name, "credential.resolved");
            assert_eq!(well.time_unix_nano, 1_700_000_000_000_000_000);
            assert_eq!(
                (&*well.severity_text, &*ill.severity_text),
                ("INFO", "WARN")
            );
            assert_eq!(
                attribute(&received.resource, "service.name"),
                Some("authsome")
            );
            assert!(
                received
                    .authorization
                    .iter()
                    .all(|v| v == "Bearer collector-key")
            );
            assert!(!received.contains(CANARY));
        });
    }
}

#[test]
fn a_trace_goes_from_the_caller_through_the_request_and_carries_no_secret() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let collector = Collector::start(Mood::Well);
        let (dispatch, telemetry) = start(settings(&collector.url(), protocol));
        let mut headers = HeaderMap::new();
        tracing::dispatcher::with_default(&dispatch, || {
            let command = tracing::info_span!(target: "authsome::cli", "command", token = CANARY);
            command.in_scope(|| {
                let sent = current_traceparent().unwrap();
                headers.insert("traceparent", HeaderValue::from_str(&sent).unwrap());
            });
            let request = tracing::info_span!(
                target: "authsome::server",
                "served",
                http.request.method = "GET",
                http.route = "/whoami",
                url = format!("https://a.example/x?key={CANARY}")
            );
            adopt_parent(&request, &headers);
            request.in_scope(|| {
                tracing::info!(target: "authsome::server", cookie = CANARY, "refused Bearer {CANARY}");
                let foreign =
                    tracing::info_span!(target: "hudsucker::proxy", "proxy", uri = CANARY);
                foreign.in_scope(|| {});
            });
        });
        telemetry.shutdown(FLUSH);
        collector.look(|received| {
            let (command, request) = (received.span("command"), received.span("GET /whoami"));
            assert_eq!(request.trace_id, command.trace_id);
            assert_eq!(request.parent_span_id, command.span_id);
            assert_eq!(
                attribute(&request.attributes, "http.route"),
                Some("/whoami")
            );
            assert_eq!(
                attribute(&request.attributes, "url"),
                Some("https://a.example/x")
            );
            assert_eq!(
                received.spans.len(),
                2,
                "a span of another crate left the host"
            );
            assert!(!received.contains(CANARY));
        });
    }
}

#[test]
fn requests_and_audit_events_are_counted() {
    let collector = Collector::start(Mood::Well);
    let (dispatch, telemetry) = start(settings(&collector.url(), Protocol::HttpProtobuf));
    tracing::dispatcher::with_default(&dispatch, || {
        let request = tracing::info_span!(
            target: "authsome::server::trace",
            "request",
            http.route = "/whoami",
            http.response.status_code = 200
        );
        request.in_scope(|| {});
    });
    telemetry.shutdown(FLUSH);
    collector.look(|received| {
        let names: Vec<_> = received.metrics.iter().map(|m| m.name.as_str()).collect();
        for name in [
            "http.server.request.duration",
            "authsome.audit.sent",
            "authsome.audit.dropped",
        ] {
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
    });
}

#[test]
fn a_busy_collector_gets_the_events_later() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let collector = Collector::start(Mood::Busy(2));
        let mut otel = settings(&collector.url(), protocol);
        (otel.traces, otel.metrics) = (None, None);
        let (_, telemetry) = start(otel);
        let exporter = exporter(&telemetry);
        (0..10).for_each(|number| exporter.export(event(number)));
        collector.wait_for(|received| (received.logs.len() == 10).then_some(()));
        telemetry.shutdown(FLUSH);
        assert_eq!((ids(&collector).len(), exporter.dropped()), (10, 0));
    }
}

#[test]
fn a_collector_that_refuses_costs_its_events_and_no_more() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let collector = Collector::start(Mood::Refusing);
        let mut otel = settings(&collector.url(), protocol);
        (otel.traces, otel.metrics) = (None, None);
        let (_, telemetry) = start(otel);
        let exporter = exporter(&telemetry);
        exporter.export(event(0));
        collector.wait_for(|received| (received.requests > 0).then_some(()));
        collector.set_mood(Mood::Well);
        exporter.export(event(1));
        collector.wait_for(|received| (!received.logs.is_empty()).then_some(()));
        telemetry.shutdown(FLUSH);
        assert_eq!((exporter.sent(), exporter.dropped()), (1, 1));
        assert_eq!(ids(&collector), ["evt_1"]);
    }
}

#[test]
fn a_stalled_or_dead_collector_holds_a_bounded_number_of_events_and_counts_the_rest() {
    let stalled = Collector::start(Mood::Stalled);
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", dead.local_addr().unwrap());
    drop(dead);
    for base in [stalled.url(), nobody] {
        let (_, telemetry) = start(settings(&base, Protocol::HttpProtobuf));
        let exporter = exporter(&telemetry);
        for number in 0..EVENTS {
            exporter.export(event(usize::try_from(number).unwrap()));
        }
        let held = EVENTS - exporter.dropped();
        assert!(
            held <= 8192 + 2 * 1024,
            "{held} events are held for a collector that is gone"
        );
        assert!(held > 0, "events are kept for a collector that comes back");
        assert_eq!(exporter.sent(), 0);
        telemetry.shutdown(Duration::from_millis(50));
    }
}

#[test]
fn large_events_are_bounded_in_bytes_too() {
    let stalled = Collector::start(Mood::Stalled);
    let (_, telemetry) = start(settings(&stalled.url(), Protocol::HttpProtobuf));
    let exporter = exporter(&telemetry);
    let large = AuditLog {
        attributes: vec![("audit.metadata.note".into(), "x".repeat(16 * 1024))],
        ..event(0)
    };
    (0..2000).for_each(|_| exporter.export(large.clone()));
    assert!(2000 - exporter.dropped() <= 8 * 1024 * 1024 / (16 * 1024));
    telemetry.shutdown(Duration::from_millis(50));
}

#[test]
fn without_an_endpoint_nothing_is_started() {
    let settings = Settings {
        log: Some("off".to_owned()),
        otel: None,
    };
    let (_, telemetry) = prepare_daemon(&settings, Output::Stderr).unwrap();
    assert!(telemetry.audit_exporter().is_none());
    telemetry.shutdown(FLUSH);
}
