//! Row 46: a credential that was taken back while the run goes on.

use crate::proxy::harness::*;
use crate::proxy::runner::Laptop;
use crate::support::upstream::Upstream;

#[tokio::test]
async fn the_next_request_after_logout_is_refused_on_the_same_tunnel() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let authority = upstream.authority();
    let mut tls = run.tls(&authority, &["http/1.1"]).await;
    let head = format!("GET / HTTP/1.1\r\nHost: {authority}\r\n");
    exchange(&mut tls, &head, b"").await.ok();
    run.vault.log_out();
    let problem = exchange(&mut tls, &head, b"").await.problem(403);
    assert_eq!(problem["code"], "CredentialMissingError");
    assert_eq!(problem["provider"], "acme");
    assert_eq!(problem["hint"], "authsome login acme");
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn after_authsome_logout_the_running_child_is_refused() {
    let laptop = Laptop::new();
    let url = format!("{}/again", laptop.upstream.api_url());
    let call = format!("curl -sS -o /dev/stderr -w '%{{http_code}}\\n' {url}");
    let run = laptop.halted(&format!("{call}; read go; {call}"));
    assert_eq!(run.first, "200\n");
    laptop.daemon.cli(&["logout", "acme"]).assert().success();
    let (rest, told) = run.go_on();
    assert_eq!(rest, "403\n", "{told}");
    assert!(told.contains("authsome login acme"), "{told}");
    assert_eq!(laptop.upstream.seen().len(), 1);
}
