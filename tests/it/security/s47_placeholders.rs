//! Row 47: a placeholder on its way to a host that is not its provider's.

use crate::proxy::harness::*;
use crate::support::upstream::Upstream;
use authsome::proxy::{Notice, Placeholder, ProxyConfig};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt, Full};
use std::fmt::Write;

const ACME: &str = "acme-PLACEHOLDER0123456789";
const OTHER: &str = "other-PLACEHOLDER987654321";

fn placeholder(providers: &[&str], value: &str) -> Placeholder {
    Placeholder {
        providers: providers.iter().map(|provider| name(provider)).collect(),
        value: value.to_owned(),
    }
}

/// `acme` at `localhost`, `other` at `127.0.0.1`: the same server under two names.
async fn two(upstream: &Upstream) -> Run {
    let other = format!("https://127.0.0.1:{}", upstream.port());
    let routes = vec![route("acme", &upstream.api_url()), route("other", &other)];
    let both = |config: &mut ProxyConfig| {
        config.placeholders = vec![placeholder(&["acme"], ACME), placeholder(&["other"], OTHER)];
    };
    run(routes, vec![bearer()], upstream, both).await
}

#[tokio::test]
async fn it_is_stopped_wherever_it_hides() {
    let upstream = Upstream::start();
    let mut run = two(&upstream).await;
    let basic = BASE64_STANDARD.encode(format!("user:{OTHER}"));
    let hex = OTHER.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02x}").unwrap();
        text
    });
    for (path, headers) in [
        ("/".to_owned(), format!("Authorization: Bearer {OTHER}\r\n")),
        ("/".to_owned(), format!("Authorization: Basic {basic}\r\n")),
        ("/".to_owned(), format!("Cookie: a=1; t={OTHER}\r\n")),
        ("/".to_owned(), format!("X-{OTHER}: 1\r\n")),
        (format!("/?token={OTHER}"), String::new()),
        (format!("/?token={hex}"), String::new()),
        (format!("/{OTHER}/x"), String::new()),
    ] {
        let problem = run.get(&upstream, &path, &headers).await.problem(403);
        assert_eq!(problem["code"], "placeholder_elsewhere", "{path} {headers}");
        assert_eq!(problem["provider"], "other");
    }
    assert_eq!(upstream.connections(), 0);
    let stopped = Notice::PlaceholderStopped {
        provider: name("other"),
        host: "localhost".to_owned(),
    };
    assert_eq!(run.notices.recv().await, Some(stopped));
}

#[tokio::test]
async fn it_is_stopped_in_a_body() {
    let upstream = Upstream::start();
    let run = two(&upstream).await;
    let authority = upstream.authority();
    let body = format!("{{\"api_key\": \"{OTHER}\"}}");
    let head = format!(
        "POST /a HTTP/1.1\r\nHost: {authority}\r\nContent-Length: {}\r\n",
        body.len()
    );
    assert_eq!(
        run.request(&authority, &head, body.as_bytes())
            .await
            .problem(403)["provider"],
        "other"
    );
    assert_eq!(upstream.connections(), 0);
    let (one, two) = OTHER.split_at(9);
    let chunked =
        format!("POST /b HTTP/1.1\r\nHost: {authority}\r\nTransfer-Encoding: chunked\r\n");
    let body = format!(
        "{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
        one.len(),
        two.len()
    );
    assert_eq!(
        run.request(&authority, &chunked, body.as_bytes())
            .await
            .problem(403)["provider"],
        "other"
    );
    assert!(upstream.seen().iter().all(|seen| !seen.holds(OTHER)));
}

#[tokio::test]
async fn it_is_stopped_in_cleartext_even_at_its_own_provider() {
    let upstream = Upstream::start();
    let run = two(&upstream).await;
    let url = format!("http://localhost:{}/", upstream.port());
    let header = format!("Authorization: Bearer {ACME}\r\n");
    assert_eq!(
        run.plain(&url, &header, b"").await.problem(403)["provider"],
        "acme"
    );
    assert_eq!(
        run.plain(&url, "", ACME.as_bytes()).await.problem(403)["provider"],
        "acme"
    );
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn at_its_own_provider_the_real_value_takes_its_place() {
    let upstream = Upstream::start();
    let run = two(&upstream).await;
    let headers = format!("Authorization: Bearer {ACME}\r\nX-Copy: {ACME}\r\nX-Other: 1\r\n");
    run.get(&upstream, &format!("/?a=1&token={ACME}"), &headers)
        .await
        .ok();
    let seen = upstream.only();
    assert_eq!(seen.header("authorization"), format!("Bearer {SECRET}"));
    assert_eq!(seen.target, "/?a=1");
    assert_eq!(seen.header("x-other"), "1");
    assert!(!seen.holds(ACME), "{seen:#?}");
}

#[tokio::test]
async fn where_nothing_is_injected_even_its_own_provider_does_not_see_it() {
    let upstream = Upstream::start();
    let narrow = vec![route("acme", &format!("{}/v1", upstream.api_url()))];
    let change = |config: &mut ProxyConfig| {
        config.placeholders = vec![placeholder(&["acme"], ACME)];
    };
    let run = run(narrow, vec![bearer()], &upstream, change).await;
    let reply = run
        .get(
            &upstream,
            "/v2",
            &format!("Authorization: Bearer {ACME}\r\n"),
        )
        .await;
    assert_eq!(reply.problem(403)["provider"], "acme");
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn one_that_two_providers_share_may_go_to_both_and_nowhere_else() {
    let upstream = Upstream::start();
    let other = format!("https://127.0.0.1:{}", upstream.port());
    let third = format!("https://127.0.0.2:{}", upstream.port());
    let routes = vec![
        route("acme", &upstream.api_url()),
        route("other", &other),
        route("third", &third),
    ];
    let change = |config: &mut ProxyConfig| {
        config.placeholders = vec![placeholder(&["acme", "other"], ACME)];
    };
    let run = run(routes, vec![bearer()], &upstream, change).await;
    let headers = format!("Authorization: Bearer {ACME}\r\n");
    let ask = async |host: &str| {
        let authority = format!("{host}:{}", upstream.port());
        let head = format!("GET / HTTP/1.1\r\nHost: {authority}\r\n{headers}");
        run.request(&authority, &head, b"").await
    };
    for host in ["localhost", "127.0.0.1"] {
        ask(host).await.ok();
    }
    for seen in upstream.seen() {
        assert_eq!(seen.header("authorization"), format!("Bearer {SECRET}"));
    }
    assert_eq!(upstream.seen().len(), 2);
    assert_eq!(ask("127.0.0.2").await.problem(403)["provider"], "acme");
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn it_is_stopped_beside_and_within_the_trailers_of_an_upload() {
    let upstream = Upstream::start();
    let run = two(&upstream).await;
    for (body, trailer, announced) in [(OTHER, "1", true), ("a", OTHER, true), ("a", OTHER, false)]
    {
        let mut sender = run.http2(&upstream.authority()).await;
        let mut trailers = HeaderMap::new();
        trailers.insert("x-checksum", HeaderValue::from_static(trailer));
        let upload = Full::new(Bytes::from_static(body.as_bytes()))
            .with_trailers(std::future::ready(Some(Ok(trailers))));
        let mut request = http::Request::post(format!("{}/up", upstream.api_url()));
        if announced {
            request = request.header("content-length", body.len());
        }
        let request = request.body(upload.boxed_unsync()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 403, "{body} {trailer} {announced}");
    }
    assert!(upstream.seen().iter().all(|seen| !seen.holds(OTHER)));
}
