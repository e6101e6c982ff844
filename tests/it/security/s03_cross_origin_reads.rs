//! Row 3: no other site may read an answer or send JSON, and no preflight is ever granted.

use crate::api::routes::ROUTES;
use crate::support::daemon::TestDaemon;
use crate::support::http::{Answer, Request};

fn grants_nothing(answer: &Answer) {
    for (name, value) in &answer.headers {
        assert!(
            !name.to_ascii_lowercase().starts_with("access-control-"),
            "{name}: {value}"
        );
    }
}

#[test]
fn a_preflight_is_granted_on_no_route() {
    let daemon = TestDaemon::start();
    for route in ROUTES {
        for origin in ["https://evil.example", &daemon.url()] {
            let request = Request::new("OPTIONS", route.path)
                .header("Origin", origin)
                .header("Access-Control-Request-Method", route.method)
                .header(
                    "Access-Control-Request-Headers",
                    "authorization,content-type",
                )
                .header("Access-Control-Request-Private-Network", "true");
            let answer = daemon.send(&request);
            assert!((400..500).contains(&answer.status), "{route:?}");
            grants_nothing(&answer);
        }
    }
}

#[test]
fn no_answer_ever_names_an_origin_that_may_read_it() {
    let daemon = TestDaemon::start();
    for route in ROUTES {
        let own = route.request().header("Origin", &daemon.url());
        grants_nothing(&daemon.send(&own));
        let foreign = route.request().header("Origin", "https://evil.example");
        let answer = daemon.send(&foreign).expect(403);
        grants_nothing(&answer);
    }
}

#[test]
fn a_json_route_takes_json_and_nothing_else() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let body = r#"{"provider":"openai"}"#;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "",
    ] {
        let proof = agent.proof("POST", "/credentials/resolve", body.as_bytes());
        let request = Request::new("POST", "/credentials/resolve")
            .body(kind, body)
            .header("Authorization", &format!("PoP {proof}"));
        daemon.send(&request).expect(415);
    }
    let open = Request::new("POST", "/identities/register").body("text/plain", "{}");
    daemon.send(&open).expect(415);
}

#[test]
fn a_form_page_takes_forms_and_nothing_else() {
    let daemon = TestDaemon::start();
    let mut browser = daemon.browser();
    browser.open("/auth/login").expect(200);
    let request = browser
        .request("POST", "/auth/login")
        .body("text/plain", "email=a&password=b");
    browser.send(&request).expect(415);
}
