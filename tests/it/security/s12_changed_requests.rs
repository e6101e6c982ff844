//! Row 12: a proof holds for one request and not for one byte of another.

use crate::api::OPENAI_KEY;
use crate::support::agent::Agent;
use crate::support::daemon::TestDaemon;
use crate::support::http::Request;
use serde_json::json;

fn connected(daemon: &TestDaemon) -> Agent {
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    agent
}

#[test]
fn another_method_path_query_or_body_is_refused() {
    let daemon = TestDaemon::start();
    let agent = connected(&daemon);
    let signed = agent.signed("GET", "/connections/openai/default", None);
    let moved = |target: &str| {
        let mut request = signed.clone();
        request.target = target.to_owned();
        daemon.send(&request).status
    };
    for target in [
        "/connections/openai/default?show_secret=true",
        "/connections/openai/default?",
        "/connections/openai/default/",
        "/connections/openai/defaulT",
        "/connections/openai/%64efault",
        "/connections",
        "/whoami",
    ] {
        let status = moved(target);
        assert!(matches!(status, 401 | 404), "{target}: {status}");
    }
    let mut posted = signed.clone();
    posted.method = "HEAD".to_owned();
    assert_eq!(head_status(&daemon, &posted), 401);
    assert_eq!(moved("/connections/openai/default"), 200);
}

/// The status alone: an answer to HEAD has a length but no body.
fn head_status(daemon: &TestDaemon, request: &Request) -> u16 {
    use std::io::{Read, Write};
    let mut stream = crate::support::http::connect(daemon.address());
    let bytes = request.bytes(&daemon.address().to_string());
    stream.write_all(&bytes).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn one_byte_of_the_body_is_enough() {
    let daemon = TestDaemon::start();
    let agent = connected(&daemon);
    let body = json!({"provider": "openai", "connection": null});
    let signed = agent.signed("POST", "/credentials/resolve", Some(&body));
    let whole = signed.body.clone();
    for at in 0..whole.len() {
        let mut changed = signed.clone();
        changed.body[at] ^= 1;
        daemon.send(&changed).expect(401);
    }
    let mut longer = signed.clone();
    longer.body.push(b' ');
    daemon.send(&longer).expect(401);
    let mut none = signed.clone();
    none.body.clear();
    daemon.send(&none).expect(401);
    daemon.send(&signed).expect(200);
}

#[test]
fn a_second_authorization_header_is_malformed_not_chosen_from() {
    let daemon = TestDaemon::start();
    let agent = connected(&daemon);
    for second in ["PoP x.y.z", "Bearer x", ""] {
        let signed = agent.signed("GET", "/whoami", None);
        daemon
            .send(&signed.header("Authorization", second))
            .expect(400);
    }
    let mut first = agent.signed("GET", "/whoami", None);
    first
        .headers
        .insert(0, ("authorization".into(), "Basic eDp5".into()));
    daemon.send(&first).expect(400);
}
