//! Row 35, and the bad input of every route: refused at the door with a reason, nothing stored, and
//! never a 500.

use crate::api::routes::{ROUTES, Wants};
use crate::support::agent::Agent;
use crate::support::daemon::TestDaemon;
use crate::support::http::{Answer, Request};
use serde_json::{Value, json};

fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "",
        ".",
        "..",
        "../x",
        "a..b",
        "a/b",
        "a\\b",
        "a:b",
        "a\0",
        "a\r\nX: y",
        "\u{7f}",
        " a",
        "a ",
        "é",
        "\u{202e}a",
        "-a",
        "%2e%2e",
        "a%00",
        "'; DROP TABLE identities; --",
        "*",
        "~",
        "${x}",
        "{{x}}",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("a".repeat(100_000));
    names
}

#[track_caller]
fn refused(answer: &Answer, what: &str) {
    assert!(
        (400..500).contains(&answer.status),
        "{what:.80}: {} {:.300}",
        answer.status,
        answer.text()
    );
    assert!(
        answer.body.len() < 20_000,
        "{what:.80}: {} bytes back",
        answer.body.len()
    );
}

#[test]
fn hostile_names_in_bodies_are_a_422_and_store_nothing() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let before = agent.get("/connections").expect(200).json()["connections"].clone();
    for name in hostile_names() {
        let bodies = [
            ("/auth/sessions", json!({"provider": name})),
            (
                "/auth/sessions",
                json!({"provider": "openai", "connection": name}),
            ),
            ("/credentials/resolve", json!({"provider": name})),
            (
                "/credentials/resolve",
                json!({"provider": "openai", "connection": name}),
            ),
            ("/credentials/export", json!({"provider": name})),
            (
                "/audit/events",
                json!({"event": {"event": "x", "provider": name}}),
            ),
        ];
        for (path, body) in bodies {
            let answer = agent.post(path, &body);
            assert_eq!(
                answer.status,
                422,
                "{path} {name:.40}: {:.300}",
                answer.text()
            );
            assert!(answer.json()["detail"].is_array(), "{}", answer.text());
        }
        let registration = json!({"handle": name, "did": agent.key.did()});
        let request = Request::new("POST", "/identities/register").json(&registration);
        // Nobody has to be known for this one, so a long body is not even read.
        let too_long = registration.to_string().len() > 4 * 1024;
        daemon
            .send(&request)
            .expect(if too_long { 413 } else { 422 });
    }
    assert_eq!(
        agent.get("/connections").expect(200).json()["connections"],
        before
    );
}

#[test]
fn hostile_names_in_paths_and_queries_are_refused() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    for name in hostile_names().iter().filter(|name| name.len() < 10_000) {
        let encoded =
            percent_encoding::percent_encode(name.as_bytes(), percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        for (method, path) in [
            ("GET", format!("/connections/{encoded}/default")),
            ("GET", format!("/connections/openai/{encoded}")),
            ("GET", format!("/providers/{encoded}")),
            ("DELETE", format!("/providers/{encoded}")),
            ("GET", format!("/identities/{encoded}")),
            ("GET", format!("/auth/sessions/{encoded}")),
            ("GET", format!("/audit/events?provider={encoded}")),
            ("GET", format!("/audit/events?limit={encoded}")),
            ("GET", format!("/proxy/routes?scope={encoded}")),
        ] {
            let answer = agent.send(&agent.signed(method, &path, None));
            refused(&answer, &format!("{method} {path}"));
        }
    }
    refused(
        &agent.get("/connections/%ff%fe/default"),
        "bytes that are no text",
    );
    refused(&agent.get("/connections/%/default"), "half an escape");
}

#[test]
fn hostile_json_is_refused_on_every_route_that_takes_json() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let deep = "[".repeat(200_000);
    let nested = format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500));
    let bodies: &[&[u8]] = &[
        b"",
        b"{",
        b"[]",
        b"null",
        b"true",
        b"\"\"",
        b"1e999",
        b"NaN",
        b"{}{}",
        b"\xff\xfe",
        b"{\"a\":\"\\ud800\"}",
        b"{\"provider\":\"\\udfff\\ud800\"}",
        b"\xef\xbb\xbf{}",
        b"{\"provider\":\"openai\",\"provider\":\"github\"}",
        b"{\"event\":{\"event\":\"x\",\"event\":\"y\"}}",
        b"{\"definition\":null}",
        b"{\"definition\":[],\"force\":1}",
        b"{\"data\":7}",
        b"{\"provider\":{\"$gt\":\"\"}}",
        b"{\"handle\":null,\"did\":null}",
        deep.as_bytes(),
        nested.as_bytes(),
    ];
    for route in ROUTES.iter().filter(|route| route.method == "POST") {
        for body in bodies.iter().filter(|_| route.wants != Wants::Browser) {
            let proof = agent.proof("POST", route.path, body);
            let request = Request::new("POST", route.path)
                .body("application/json", *body)
                .header("Authorization", &format!("PoP {proof}"));
            let answer = daemon.send(&request);
            assert!(
                answer.status < 500,
                "{route:?} {:.60}",
                String::from_utf8_lossy(body)
            );
            assert!(answer.body.len() < 20_000, "{route:?}");
        }
    }
    agent.get("/whoami").expect(200);
}

#[test]
fn hostile_forms_are_refused_on_every_page() {
    let daemon = TestDaemon::start();
    let long = format!("email={}&password=12345678", "a".repeat(60_000));
    let many = "csrf=x&".repeat(5_000);
    let larger = "a".repeat(100_000);
    let bodies = [
        "",
        "=",
        "&&&",
        "%",
        "%ff=%fe",
        "email=%00&password=%00",
        "email[]=a",
        "csrf=a&csrf=b",
        "email=a&password=b&next=//e",
        long.as_str(),
        many.as_str(),
        larger.as_str(),
    ];
    for route in ROUTES.iter().filter(|route| route.wants == Wants::Browser) {
        for body in bodies.iter().filter(|_| route.method == "POST") {
            let mut browser = daemon.browser();
            let request = browser
                .request("POST", route.path)
                .body("application/x-www-form-urlencoded", *body);
            refused(&browser.send(&request), route.path);
        }
    }
}

#[test]
fn a_key_with_line_breaks_or_nul_never_gets_in() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    for key in [
        "",
        " ",
        "a\r\nX-Injected: 1",
        "a\nb",
        "a\0b",
        "\u{7f}",
        "é",
        "a\tb",
    ] {
        let login = agent
            .post("/auth/sessions", &json!({"provider": "openai"}))
            .expect(200)
            .json();
        let path = format!("/auth/sessions/{}/resume", login["id"].as_str().unwrap());
        let answer = agent.post(&path, &json!({"data": {"api_key": key}}));
        refused(&answer, key);
        agent.get("/connections/openai/default").expect(404);
    }
}

#[test]
fn definitions_with_hostile_fields_are_refused_and_not_kept() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let spoiled = |field: &str, value: Value| {
        let mut definition = json!({
            "schema_version": 1, "name": "acme", "display_name": "Acme",
            "auth_type": "api_key", "flow": "api_key",
            "api_key": {"header_name": "Authorization"}, "api_url": "api.acme.example",
        });
        *definition.pointer_mut(field).unwrap() = value;
        definition
    };
    for (field, value) in [
        ("/name", json!("../evil")),
        ("/name", json!("a:b")),
        ("/name", json!(7)),
        ("/schema_version", json!(99)),
        ("/auth_type", json!("magic")),
        ("/flow", json!("pkce")),
        ("/api_url", json!("http://api.acme.example")),
        ("/api_url", json!("https://user:pw@api.acme.example/")),
        ("/api_url", json!("regex:(((")),
        ("/api_url", json!("a b")),
        ("/api_key/header_name", json!("X\r\nY: z")),
        ("/api_key/header_name", json!("Host")),
    ] {
        let answer = agent.post(
            "/providers",
            &json!({"definition": spoiled(field, value.clone())}),
        );
        refused(&answer, &format!("{field} = {value}"));
        agent.get("/providers/acme").expect(404);
    }
}

#[test]
fn strange_targets_and_methods_are_refused_plainly() {
    let daemon = TestDaemon::start();
    let agent: Agent = daemon.agent("scout");
    for (method, target) in [
        ("GET", "/nothing"),
        ("GET", "//health"),
        ("GET", "/health/"),
        ("GET", "/./health"),
        ("GET", "/%2e/health"),
        ("GET", "/ui/../whoami"),
        ("OPTIONS", "*"),
        ("BREW", "/health"),
        ("PATCH", "/connections"),
        ("CONNECT", "example.com:443"),
        ("TRACE", "/health"),
        ("GET", "/assets/../../etc/passwd"),
        ("GET", "/assets/%2e%2e%2fsecret"),
        ("GET", "/assets/authsome-0000000000000000.css"),
    ] {
        let answer = daemon.send(&Request::new(method, target));
        assert!(
            (400..500).contains(&answer.status),
            "{method} {target}: {}",
            answer.status
        );
    }
    let wrong = daemon.send(&Request::new("DELETE", "/health")).expect(405);
    assert!(wrong.header("allow").unwrap().contains("GET"));
    assert_eq!(wrong.json()["error"], "MethodNotAllowedError");
    let page = Request::new("GET", "/nothing").header("Accept", "text/html");
    assert!(daemon.send(&page).expect(404).text().contains("<h1>"));
    agent.get("/whoami").expect(200);
}
