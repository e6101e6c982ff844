//! `/openapi.json` and the router agree, and answers have the shapes the document promises.

use super::routes::{self, Wants};
use super::schema::Document;
use crate::support::agent::Agent;
use crate::support::daemon::TestDaemon;
use crate::support::http::Answer;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn document(daemon: &TestDaemon) -> Document {
    Document(daemon.get("/openapi.json").expect(200).json())
}

#[test]
fn the_document_lists_exactly_the_json_routes() {
    let daemon = TestDaemon::start();
    let Document(document) = document(&daemon);
    assert_eq!(document["openapi"], "3.1.0");
    let described: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let routed: BTreeSet<String> = routes::json()
        .map(|route| format!("{} {}", route.method, route.template))
        .collect();
    assert_eq!(described, routed);
}

#[test]
fn every_described_route_is_served_and_no_reference_dangles() {
    let daemon = TestDaemon::start();
    let document = document(&daemon);
    for route in routes::json() {
        let answer = daemon.send(&route.request());
        let text = answer.text();
        assert!(
            answer.status != 405 && !text.contains("nothing at this address"),
            "{} {}: {} {text}",
            route.method,
            route.path,
            answer.status,
        );
    }
    let references = document.references();
    assert!(!references.is_empty());
    for reference in references {
        assert!(!document.resolve(&reference).is_null(), "{reference}");
    }
}

#[test]
fn open_routes_are_described_as_open_and_the_rest_as_proved() {
    let daemon = TestDaemon::start();
    let Document(document) = document(&daemon);
    assert_eq!(document["security"], json!([{"proof": []}]));
    for route in routes::json() {
        let operation = &document["paths"][route.template][route.method.to_lowercase()];
        let is_open = operation["security"]
            .as_array()
            .is_some_and(|list| list.contains(&json!({})));
        assert_eq!(is_open, route.wants == Wants::Nobody, "{route:?}");
    }
}

/// Asks, checks the shape, and gives the body back.
struct Story<'a> {
    agent: Agent,
    document: &'a Document,
}

impl Story<'_> {
    #[track_caller]
    fn checked(&self, method: &str, template: &str, answer: &Answer) -> Value {
        let body = answer.json();
        self.document.check(method, template, answer.status, &body);
        body
    }

    #[track_caller]
    fn get(&self, template: &str, path: &str) -> Value {
        self.checked("GET", template, &self.agent.get(path))
    }

    #[track_caller]
    fn post(&self, template: &str, path: &str, body: &Value) -> Value {
        self.checked("POST", template, &self.agent.post(path, body))
    }
}

#[test]
fn the_answers_of_a_whole_day_have_the_shapes_the_document_promises() {
    let daemon = TestDaemon::start();
    let document = &document(&daemon);
    let story = Story {
        agent: daemon.agent("scout"),
        document,
    };
    let connection = "/connections/{provider}/{connection}";
    document.check("GET", "/health", 200, &daemon.get("/health").json());
    story.get("/whoami", "/whoami");
    story.get("/ready", "/ready");
    story.get("/identities/{handle}", "/identities/scout");
    let login = story.post(
        "/auth/sessions",
        "/auth/sessions",
        &json!({"provider": "openai"}),
    );
    let id = login["id"].as_str().unwrap();
    story.get("/auth/sessions/{id}", &format!("/auth/sessions/{id}"));
    let done = story.post(
        "/auth/sessions/{id}/resume",
        &format!("/auth/sessions/{id}/resume"),
        &json!({"data": {"api_key": super::OPENAI_KEY}}),
    );
    assert_eq!(done["status"], "completed");
    story.get("/connections", "/connections");
    story.get(connection, "/connections/openai/default");
    let shown = story.get(connection, "/connections/openai/default?show_secret=true");
    assert_eq!(shown["api_key"], super::OPENAI_KEY);
    story.get(connection, "/connections/openai/none");
    let resolved = story.post(
        "/credentials/resolve",
        "/credentials/resolve",
        &json!({"provider": "openai"}),
    );
    assert_eq!(
        resolved["headers"]["Authorization"],
        format!("Bearer {}", super::OPENAI_KEY)
    );
    story.post(
        "/credentials/export",
        "/credentials/export",
        &json!({"provider": null, "format": "json"}),
    );
    story.get("/proxy/routes", "/proxy/routes");
    story.get("/proxy/routes", "/proxy/routes?scope=configured");
    story.get("/providers", "/providers");
    story.get("/providers/{name}", "/providers/openai");
    story.post(
        "/audit/events",
        "/audit/events",
        &json!({"event": {"event": "agent.noted"}}),
    );
    story.get("/audit/events", "/audit/events?limit=1000");
    story.post("/session", "/session", &json!({}));
    story.post("/admin/invitations", "/admin/invitations", &json!({}));
    let default = format!("{connection}/default");
    story.post(&default, "/connections/openai/default/default", &json!({}));
    let logout = format!("{connection}/logout");
    story.post(&logout, "/connections/openai/default/logout", &json!({}));
    story.post(
        "/connections/{provider}/revoke",
        "/connections/openai/revoke",
        &json!({}),
    );
}
