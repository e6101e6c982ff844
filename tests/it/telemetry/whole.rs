//! The real daemon and the real command with a real collector: one trace, every audit event, and no
//! harm from a collector that is gone.

use crate::support::collector::{Collector, Mood, Received, attribute};
use crate::support::daemon::{DaemonBuilder, TestDaemon};
use authsome::crypto::hex;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::collections::BTreeSet;

const KEY: &str = "sk-canary-otlp-Zx81kQm0PqLr7TyUvW3e";

fn exporting_to(url: &str) -> DaemonBuilder {
    TestDaemon::builder().env("OTEL_EXPORTER_OTLP_ENDPOINT", url)
}

fn whoami(daemon: &TestDaemon, collector: &Collector) {
    daemon
        .cli(&["whoami", "--json"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
        .assert()
        .success();
}

/// The command's span and one of the daemon's that answers it.
fn pair(received: &Received) -> Option<(Span, Span)> {
    let command = received
        .spans
        .iter()
        .find(|span| span.name == "authsome whoami")?;
    let served = received
        .spans
        .iter()
        .find(|span| span.name == "GET /whoami")?;
    Some((command.clone(), served.clone()))
}

#[test]
fn a_command_and_what_the_daemon_did_for_it_are_one_trace() {
    let collector = Collector::start(Mood::Well);
    let daemon = exporting_to(&collector.url()).start();
    whoami(&daemon, &collector);
    let (command, served) = collector.wait_for(pair);
    assert_eq!(served.trace_id, command.trace_id);
    assert_eq!(served.parent_span_id, command.span_id);
    assert_eq!(attribute(&served.attributes, "http.route"), Some("/whoami"));
}

#[test]
fn an_error_names_the_trace_that_the_collector_has() {
    let collector = Collector::start(Mood::Well);
    let daemon = exporting_to(&collector.url()).start();
    let refused = daemon
        .agent("scout")
        .get("/connections/openai/nothing")
        .expect(404);
    let id = refused.json()["trace_id"].as_str().unwrap().to_owned();
    collector.wait_for(|received| {
        let mut ids = received
            .spans
            .iter()
            .map(|span| hex::encode(&span.trace_id));
        ids.any(|found| found == id).then_some(())
    });
}

#[test]
fn every_audit_event_of_the_database_reaches_the_collector_and_no_secret_does() {
    let collector = Collector::start(Mood::Well);
    let mut daemon = exporting_to(&collector.url()).start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", KEY);
    for _ in 0..20 {
        agent.resolve("openai").expect(200);
    }
    agent
        .get("/connections/openai/default?show_secret=true")
        .expect(200);
    let entries = agent.get("/audit/events?limit=200").expect(200).json();
    let written: BTreeSet<String> = entries["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["event_id"].as_str().unwrap().to_owned())
        .collect();
    assert!(written.len() > 20, "{written:?}");
    assert!(daemon.stop().success());
    collector.look(|received| {
        let arrived: BTreeSet<String> = received
            .logs
            .iter()
            .filter_map(|log| attribute(&log.attributes, "audit.id"))
            .map(str::to_owned)
            .collect();
        let missing: Vec<_> = written.difference(&arrived).collect();
        assert!(missing.is_empty(), "the collector never got {missing:?}");
        let names: BTreeSet<_> = received
            .logs
            .iter()
            .map(|log| log.event_name.as_str())
            .collect();
        assert!(names.contains("credential.resolved") && names.contains("credential.revealed"));
        assert!(!received.contains(KEY));
    });
}

#[test]
fn a_stalled_collector_stops_neither_requests_nor_the_end_of_the_daemon() {
    let collector = Collector::start(Mood::Stalled);
    let mut daemon = exporting_to(&collector.url()).start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", KEY);
    for _ in 0..200 {
        agent.resolve("openai").expect(200);
    }
    let entries = agent.get("/audit/events?limit=500").expect(200).json();
    let resolved = entries["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["event"] == "credential.resolved")
        .count();
    assert_eq!(
        resolved, 200,
        "the database is the record, whatever the collector does"
    );
    assert!(daemon.stop().success());
}

#[test]
fn without_a_collector_no_thread_of_telemetry_runs() {
    let threads = |daemon: &TestDaemon| -> Vec<String> {
        std::fs::read_dir(format!("/proc/{}/task", daemon.pid()))
            .unwrap()
            .map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap())
            .filter(|name| name.to_lowercase().contains("otlp") || name.contains("OpenTelemetry"))
            .collect()
    };
    assert_eq!(threads(&TestDaemon::start()), Vec::<String>::new());
    let collector = Collector::start(Mood::Well);
    assert!(!threads(&exporting_to(&collector.url()).start()).is_empty());
}
