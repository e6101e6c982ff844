//! Row 24: no header of a request decides which URLs we hand out.

use crate::support::agent::Agent;
use crate::support::daemon::{HOSTED_URL, TestDaemon};
use crate::support::http::Request;
use serde_json::json;

const LIES: &[(&str, &str)] = &[
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Port", "4444"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X-Forwarded-For", "10.0.0.1"),
    ("X-Original-Host", "evil.example"),
    ("X-Original-URL", "/evil"),
    ("X-Rewrite-URL", "/evil"),
    ("X-Host", "evil.example"),
    ("Forwarded", "host=evil.example;proto=https"),
    ("X-HTTP-Method-Override", "DELETE"),
];

fn lying(mut request: Request) -> Request {
    for (name, value) in LIES {
        request = request.header(name, value);
    }
    request
}

#[test]
fn links_lead_to_the_daemons_own_address_whatever_a_request_says() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let login = json!({"provider": "openai"});
    let begun = lying(agent.signed("POST", "/auth/sessions", Some(&login)));
    let url = agent.send(&begun).expect(200).json();
    let url = url["next_action"]["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(&daemon.url()), "{url}");
    let dashboard = lying(agent.signed("POST", "/session", Some(&json!({}))));
    let url = agent.send(&dashboard).expect(200).json();
    assert!(
        url["url"].as_str().unwrap().starts_with(&daemon.url()),
        "{url}"
    );
    let whoami = agent.send(&lying(agent.signed("GET", "/whoami", None)));
    assert!(!whoami.expect(200).text().contains("evil"));
}

#[test]
fn a_hosted_daemon_hands_out_its_base_url() {
    let daemon = TestDaemon::builder().hosted().start();
    let agent = Agent::unregistered(daemon.address(), HOSTED_URL, "scout");
    let body = json!({"handle": "scout", "did": agent.key.did()});
    let registration = lying(agent.signed("POST", "/identities/register", Some(&body)));
    let url = agent.send(&registration).expect(200).json();
    let url = url["claim_url"].as_str().unwrap();
    assert!(url.starts_with(HOSTED_URL), "{url}");
}

#[test]
fn redirects_stay_on_the_path_and_name_no_host() {
    let daemon = TestDaemon::start();
    let answer = daemon.send(&lying(Request::new("GET", "/"))).expect(303);
    assert_eq!(answer.header("location"), Some("/ui/"));
}
