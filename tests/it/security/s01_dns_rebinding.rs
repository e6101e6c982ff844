//! Row 1: a name that was made to point at this machine gets nothing, on any route.

use crate::api::routes::ROUTES;
use crate::support::daemon::TestDaemon;
use crate::support::http::{Request, exchange};
use crate::support::http2;

#[test]
fn a_foreign_host_is_refused_on_every_route() {
    let daemon = TestDaemon::start();
    let port = daemon.address().port();
    for route in ROUTES {
        let request = route
            .request()
            .header("Host", &format!("evil.example:{port}"));
        let answer = daemon.send(&request).expect(403);
        let text = answer.text();
        assert!(!text.contains("instance_id"), "{route:?}: {text}");
    }
    let unknown = Request::new("GET", "/nothing-here").header("Host", "evil.example");
    daemon.send(&unknown).expect(403);
}

#[test]
fn only_the_exact_names_of_loopback_with_our_port_are_answered() {
    let daemon = TestDaemon::start();
    let port = daemon.address().port();
    let ask = |host: &str| {
        let request = Request::new("GET", "/health").header("Host", host);
        daemon.send(&request).status
    };
    for host in ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"] {
        assert_eq!(ask(&format!("{host}:{port}")), 200, "{host}");
    }
    for host in [
        "localhost",
        "127.0.0.1",
        "localhost:80",
        "0.0.0.0:PORT",
        "127.0.0.1.evil.example:PORT",
        "evil.example@127.0.0.1:PORT",
        "127.0.0.1:PORT@evil.example",
        "localhost.:PORT",
        "127.1:PORT",
        "127.0.0.1:0PORT",
        "authsome.example.test",
    ] {
        let host = host.replace("PORT", &port.to_string());
        assert_eq!(ask(&host), 403, "{host}");
    }
}

#[test]
fn two_hosts_or_none_are_malformed() {
    let daemon = TestDaemon::start();
    let own = daemon.address().to_string();
    let twice = Request::new("GET", "/health")
        .header("Host", &own)
        .header("Host", &own);
    daemon.send(&twice).expect(400);
    let none = b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n";
    exchange(daemon.address(), none).expect(400);
    let old = b"GET /health HTTP/1.0\r\n\r\n";
    exchange(daemon.address(), old).expect(400);
}

#[test]
fn a_full_url_on_the_request_line_must_name_the_same_host() {
    let daemon = TestDaemon::start();
    let own = daemon.url();
    let ask = |target: &str, host: &str| {
        let request = Request::new("GET", target).header("Host", host);
        daemon.send(&request).status
    };
    let address = daemon.address().to_string();
    assert_eq!(ask(&format!("{own}/health"), &address), 200);
    assert_eq!(ask("http://evil.example/health", &address), 400);
    assert_eq!(ask("http://evil.example/health", "evil.example"), 403);
    assert_eq!(ask(&format!("{own}/health"), "evil.example"), 400);
}

#[test]
fn the_authority_of_http2_is_judged_alike() {
    let daemon = TestDaemon::start();
    let own = daemon.address().to_string();
    let ask = |authority: &str, host: Option<&str>| {
        http2::get(daemon.address(), authority, "/health", host).status
    };
    assert_eq!(ask(&own, None), 200);
    assert_eq!(ask(&own, Some(&own)), 200);
    assert_eq!(ask("evil.example", None), 403);
    assert_eq!(ask(&own, Some("evil.example")), 400);
}

#[test]
fn a_hosted_daemon_answers_to_its_base_url_and_to_allowed_origins() {
    let daemon = TestDaemon::builder()
        .hosted()
        .env("AUTHSOME_ALLOWED_ORIGINS", "https://broker.internal:8443")
        .start();
    let port = daemon.address().port();
    let ask = |host: &str| {
        let request = Request::new("GET", "/health").header("Host", host);
        daemon.send(&request).status
    };
    assert_eq!(ask("authsome.example.test"), 200);
    assert_eq!(ask("authsome.example.test:443"), 200);
    assert_eq!(ask("broker.internal:8443"), 200);
    assert_eq!(ask(&format!("127.0.0.1:{port}")), 200);
    assert_eq!(ask("authsome.example.test:80"), 403);
    assert_eq!(ask("broker.internal"), 403);
    assert_eq!(ask("evil.example"), 403);
}
