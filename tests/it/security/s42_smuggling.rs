//! Row 42: requests that two servers would cut at different places.

use crate::proxy::harness::*;
use crate::support::upstream::{Raw, Upstream};
use http::Request;
use http_body_util::{Empty, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const FIELDS: [&str; 15] = [
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "Content-Length: 4\r\nContent-Length: 4\r\n",
    "Content-Length: 4\r\nContent-Length: 5\r\n",
    "Content-Length: 4, 4\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "X: a\r\n Content-Length: 4\r\n",
    "Content-Length : 4\r\n",
    "X: a\nContent-Length: 4\r\n",
    "X: a\rContent-Length: 4\r\n",
    "X: \0\r\n",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 4\r\n",
];

#[tokio::test]
async fn each_is_a_400_and_the_upstream_sees_nothing() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let authority = upstream.authority();
    for fields in FIELDS {
        let head = format!("POST /a HTTP/1.1\r\nHost: {authority}\r\n{fields}");
        let smuggled = format!("0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        let reply = run.request(&authority, &head, smuggled.as_bytes()).await;
        assert_eq!(
            reply.problem(400)["code"],
            "malformed_request",
            "{fields:?}"
        );
        assert_eq!(reply.header("connection"), Some("close"));
    }
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn the_same_holds_for_cleartext_requests_to_the_proxy() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    for fields in FIELDS {
        let mut tcp = run.tcp().await;
        let password = run.password_line();
        let head =
            format!("POST http://localhost:9/ HTTP/1.1\r\nHost: localhost:9\r\n{password}{fields}");
        assert_eq!(
            exchange(&mut tcp, &head, b"0\r\n\r\n").await.status,
            400,
            "{fields:?}"
        );
    }
}

#[tokio::test]
async fn a_request_in_order_before_a_bad_one_is_answered_in_its_turn() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let authority = upstream.authority();
    let mut tls = run.tls(&authority, &["http/1.1"]).await;
    let good = format!("POST /good HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 2\r\n\r\nok");
    let bad = format!(
        "POST /bad HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nno"
    );
    let after = format!("GET /after HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    tls.write_all(format!("{good}{bad}{after}").as_bytes())
        .await
        .unwrap();
    assert_eq!(read_reply(&mut tls, false).await.status, 200);
    assert_eq!(read_reply(&mut tls, false).await.status, 400);
    assert!(matches!(tls.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    assert_eq!(upstream.only().target, "/good");
}

#[tokio::test]
async fn a_badly_framed_chunk_ends_the_request() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let authority = upstream.authority();
    for body in [
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
        "0\r\nContent-Length: 4\r\n\r\n",
        "0\r\n a: b\r\n\r\n",
    ] {
        let mut tls = run.tls(&authority, &["http/1.1"]).await;
        let head = format!(
            "POST /a HTTP/1.1\r\nHost: {authority}\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
        );
        tls.write_all(head.as_bytes()).await.unwrap();
        tls.write_all(format!("GET /smuggled HTTP/1.1\r\nHost: {authority}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut all = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, tls.read_to_end(&mut all))
            .await
            .expect("an end");
        let text = String::from_utf8_lossy(&all);
        assert!(!text.starts_with("HTTP/1.1 200"), "{body:?}: {text}");
    }
    assert!(
        upstream.seen().iter().all(|seen| seen.target == "/a"),
        "{:#?}",
        upstream.seen()
    );
}

#[tokio::test]
async fn a_tunnel_inside_a_tunnel_is_not_opened() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let authority = upstream.authority();
    let head = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
    assert_eq!(
        run.request(&authority, &head, b"").await.problem(400)["code"],
        "bad_request"
    );
    let mut sender = run.http2(&authority).await;
    let request = Request::connect(&authority)
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    assert!(
        sender
            .send_request(request)
            .await
            .map_or(true, |answer| answer.status() == 400)
    );
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn two_lengths_over_http2_are_refused() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let authority = upstream.authority();
    let mut sender = run.http2(&authority).await;
    let request = Request::post(format!("https://{authority}/a"))
        .header("content-length", "5")
        .header("content-length", "5")
        .body(Full::new(bytes::Bytes::from_static(b"hello")))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(upstream.connections(), 0);
}

/// What the child gets of an upstream that answers with these bytes.
async fn answered_with(raw: Raw) -> Reply {
    let upstream = Upstream::raw(raw);
    acme(&upstream).await.get(&upstream, "/", "").await
}

#[tokio::test]
async fn a_response_that_ends_in_two_ways_is_not_handed_on() {
    let reply = answered_with(|_| {
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            .to_vec()
    })
    .await;
    assert_eq!(reply.problem(502)["code"], "malformed_response");
}

#[tokio::test]
async fn a_switch_of_protocols_that_nobody_asked_for_is_not_handed_on() {
    let reply = answered_with(|_| {
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            .to_vec()
    })
    .await;
    assert_eq!(reply.status, 502, "{}", reply.head);
}
