//! Row 39: path tricks against a credential that is limited to a prefix.

use crate::proxy::harness::*;
use crate::support::upstream::Upstream;

async fn narrow(upstream: &Upstream) -> Run {
    let mut acme = route("acme", &format!("{}/v1", upstream.api_url()));
    acme.excluded_paths = vec!["/v1/oauth".to_owned()];
    run(vec![acme], vec![bearer()], upstream, |_| {}).await
}

#[tokio::test]
async fn no_trick_carries_the_secret_out_of_the_prefix() {
    let upstream = Upstream::start();
    let run = narrow(&upstream).await;
    for path in [
        "/v1/../admin",
        "/v1/./../admin",
        "/v1/%2e%2e/admin",
        "/v1/%2E%2e/admin",
        "/v1/.%2e/admin",
        "/v1/..%2fadmin",
        "/v1%2f..%2fadmin",
        "/v1/%5c..%5cadmin",
        "/v1//../admin",
        "//v1/x",
        "/v1/..;/admin",
        "/v1;x=1/a",
        "/v1/\\..\\admin",
        "/v1/%252e%252e/admin",
        "/v1/%00",
        "/v1/%zz",
        "/v2/../v1/x",
        "/v1/x/..",
        "/./v1/x",
        "/v1/%c0%ae%c0%ae/v2",
        "/v1/%e0%80%ae%e0%80%ae/v2",
        "/v1/%09../v2",
        "/v1/%20../v2",
        "/v1/..%20/v2",
        "/v1/%0b",
    ] {
        let reply = run.get(&upstream, path, "").await;
        assert_eq!(reply.problem(403)["code"], "ambiguous_path", "{path}");
    }
    assert_eq!(upstream.connections(), 0);
    assert!(run.vault.asked().is_empty());
}

#[tokio::test]
async fn outside_the_prefix_and_at_oauth_endpoints_nothing_is_added() {
    let upstream = Upstream::start();
    let run = narrow(&upstream).await;
    let outside = [
        "/",
        "/v1x",
        "/V1/a",
        "/v10/a",
        "/v2?x=/v1/",
        "/v1/oauth",
        "/v1/oauth/token",
        "/v1/OAuth/token",
    ];
    for path in outside {
        run.get(&upstream, path, "").await.ok();
    }
    assert!(upstream.seen().iter().all(|seen| !seen.holds(SECRET)));
    assert!(run.vault.asked().is_empty());
    run.get(&upstream, "/v1/a.b?x=../..//;%2f", "").await.ok();
    let seen = upstream.seen();
    let last = seen.last().unwrap();
    assert_eq!(last.target, "/v1/a.b?x=../..//;%2f");
    assert_eq!(last.header("authorization"), format!("Bearer {SECRET}"));
    assert_eq!(run.vault.asked()[0].path, "/v1/a.b");
}

#[tokio::test]
async fn a_target_that_is_not_a_path_is_refused() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let authority = upstream.authority();
    let head = format!("OPTIONS * HTTP/1.1\r\nHost: {authority}\r\n");
    assert_eq!(run.request(&authority, &head, b"").await.status, 400);
    assert_eq!(upstream.connections(), 0);
}
