//! Row 40: cleartext, and upstreams whose certificate does not verify.

use crate::proxy::harness::*;
use crate::support::tls_server::Certificate;
use crate::support::upstream::Upstream;
use authsome::proxy::{Notice, ProxyConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_cleartext_request_to_a_matched_host_gets_nothing_and_a_warning() {
    let upstream = Upstream::start();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let matched = vec![route("acme", &format!("https://localhost:{port}"))];
    let mut run = run(matched, vec![bearer()], &upstream, |_| {}).await;
    let peer = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 8192];
        let count = tcp.read(&mut request).await.unwrap();
        tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .await
            .unwrap();
        String::from_utf8_lossy(&request[..count]).into_owned()
    });
    let url = format!("http://localhost:{port}/v1?a=1");
    let headers = "Connection: close, X-Drop\r\nX-Drop: 1\r\nX-Keep: 1\r\n";
    let reply = run.plain(&url, headers, b"body").await.ok();
    assert_eq!(reply.text(), "ok");
    let request = peer.await.unwrap().to_ascii_lowercase();
    assert!(
        request.starts_with("post /v1?a=1 http/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains(&format!("host: localhost:{port}\r\n")),
        "{request}"
    );
    assert!(request.contains("x-keep: 1"));
    for absent in ["authorization", "x-drop", &SECRET.to_ascii_lowercase()] {
        assert!(!request.contains(absent), "{absent}: {request}");
    }
    assert!(run.vault.asked().is_empty());
    let notice = run.notices.recv().await.unwrap();
    assert_eq!(
        notice,
        Notice::Cleartext {
            host: "localhost".to_owned()
        }
    );
}

#[tokio::test]
async fn a_bad_certificate_is_a_502_before_anything_is_sent() {
    for kind in [Certificate::OtherName, Certificate::Expired] {
        let upstream = Upstream::with(kind);
        let run = acme(&upstream).await;
        let problem = run.get(&upstream, "/", "").await.problem(502);
        assert_eq!(problem["code"], "upstream_certificate", "{kind:?}");
        assert!(
            problem["hint"]
                .as_str()
                .unwrap()
                .contains("AUTHSOME_UPSTREAM_CA_FILE")
        );
        assert!(upstream.seen().is_empty());
    }
}

#[tokio::test]
async fn an_unknown_authority_is_a_502_before_anything_is_sent() {
    let upstream = Upstream::start();
    let forget = |config: &mut ProxyConfig| config.upstream_roots.clear();
    let run = run(
        vec![route("acme", &upstream.api_url())],
        vec![bearer()],
        &upstream,
        forget,
    )
    .await;
    let reply = run.get(&upstream, "/", "").await;
    assert_eq!(reply.problem(502)["code"], "upstream_certificate");
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn an_upstream_that_is_gone_is_a_502_that_says_so() {
    let gone = Upstream::start();
    let authority = gone.authority();
    let run = acme(&gone).await;
    drop(gone);
    let head = format!("GET / HTTP/1.1\r\nHost: {authority}\r\n");
    loop {
        // The listener closes a moment after the upstream is dropped.
        let reply = run.request(&authority, &head, b"").await;
        match reply.problem(502)["code"].as_str().unwrap() {
            "upstream_unreachable" => break,
            code => assert_eq!(code, "upstream_failed"),
        }
    }
}
