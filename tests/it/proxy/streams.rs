//! What streams through: events, pauses, trailers, HTTP/2, `WebSocket`, uploads.

use super::harness::*;
use crate::support::upstream::Upstream;
use authsome::proxy::ProxyConfig;
use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt, Empty, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn an_event_arrives_before_the_next_is_sent() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let mut tls = run.tls(&upstream.authority(), &["http/1.1"]).await;
    let head = format!(
        "GET /sse HTTP/1.1\r\nHost: {}\r\n\r\n",
        upstream.authority()
    );
    tls.write_all(head.as_bytes()).await.unwrap();
    let first = read_until(&mut tls, "first").await;
    assert!(!first.contains("second"));
    upstream.release();
    let rest = read_until(&mut tls, "0\r\n\r\n").await;
    assert!(rest.contains("data: second"));
    assert!(!format!("{first}{rest}").contains(SECRET));
}

#[tokio::test]
async fn a_pause_in_the_beginning_of_a_secret_does_not_stall() {
    let upstream = Upstream::start();
    let parts = vec![header("x-api-key", "real-and-secret")];
    let run = acme_with(parts, &upstream).await;
    let mut tls = run.tls(&upstream.authority(), &["http/1.1"]).await;
    let head = format!(
        "GET /pause HTTP/1.1\r\nHost: {}\r\n\r\n",
        upstream.authority()
    );
    tls.write_all(head.as_bytes()).await.unwrap();
    let text = read_until(&mut tls, "it is").await;
    let text = if text.contains("r\r\n") {
        text
    } else {
        text + read_until(&mut tls, "r\r\n").await.as_str()
    };
    assert!(!text.contains("the rest"));
    upstream.release();
    read_until(&mut tls, "the rest").await;
}

async fn read_until(io: &mut (impl tokio::io::AsyncRead + Unpin), what: &str) -> String {
    let mut text = String::new();
    let read = async {
        let mut buffer = [0; 4096];
        while !text.contains(what) {
            let count = io.read(&mut buffer).await.unwrap();
            assert!(count > 0, "ended before {what:?}: {text}");
            text.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .expect("it in time");
    text
}

#[tokio::test]
async fn http2_passes_with_its_trailers() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let mut sender = run.http2(&upstream.authority()).await;
    let request = Request::post(format!("https://{}/trailers", upstream.authority()))
        .version(Version::HTTP_2)
        .header("te", "trailers")
        .body(Full::new(Bytes::from_static(b"message")))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let whole = response.into_body().collect().await.unwrap();
    let trailers = whole.trailers().cloned().expect("trailers");
    assert_eq!(trailers["grpc-status"], "0");
    assert_eq!(trailers["x-secret"], "*".repeat(SECRET.len()).as_str());
    assert_eq!(whole.to_bytes(), "body");
    let seen = upstream.only();
    assert_eq!(seen.version, Version::HTTP_2);
    assert_eq!(seen.header("te"), "trailers");
    assert_eq!(seen.body, b"message");
    assert_eq!(seen.header("authorization"), format!("Bearer {SECRET}"));
}

#[tokio::test]
async fn many_requests_share_a_tunnel() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let sender = run.http2(&upstream.authority()).await;
    let requests = (0..50).map(|number| {
        let mut sender = sender.clone();
        let url = format!("https://{}/n/{number}", upstream.authority());
        async move {
            let request = Request::get(url).body(Empty::<Bytes>::new()).unwrap();
            sender.send_request(request).await.unwrap().status()
        }
    });
    let all = futures_util::future::join_all(requests).await;
    assert!(all.iter().all(|status| *status == 200));
    assert_eq!(upstream.seen().len(), 50);
    assert_eq!(run.vault.asked().len(), 50);
}

#[tokio::test]
async fn a_websocket_is_opened_by_the_upstream_and_masked() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let mut tls = run.tls(&upstream.authority(), &["http/1.1"]).await;
    let head = format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
        upstream.authority()
    );
    let reply = exchange(&mut tls, &head, b"").await;
    assert_eq!(reply.status, 101, "{}", reply.head);
    assert_eq!(
        reply.header("sec-websocket-accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    assert_eq!(reply.header("sec-websocket-protocol"), Some("chat"));
    let greeting = read_until(&mut tls, "Bearer ***").await;
    assert!(!greeting.contains(SECRET));
    tls.write_all(b"\x81\x09hallo end").await.unwrap();
    let echoed = read_until(&mut tls, "hallo end").await;
    assert!(!echoed.contains(SECRET));
    let seen = upstream.only();
    assert_eq!(seen.header("sec-websocket-extensions"), "");
    assert_eq!(seen.header("authorization"), format!("Bearer {SECRET}"));
}

#[tokio::test]
async fn a_refused_websocket_leaves_the_connection_usable() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let mut tls = run.tls(&upstream.authority(), &["http/1.1"]).await;
    let authority = upstream.authority();
    let head = format!(
        "GET /no-ws HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    );
    assert_eq!(exchange(&mut tls, &head, b"").await.status, 200);
    let next = format!("GET /next HTTP/1.1\r\nHost: {authority}\r\n");
    assert_eq!(exchange(&mut tls, &next, b"").await.status, 200);
}

#[tokio::test]
async fn uploads_pass_whole_with_a_length_and_in_chunks() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let authority = upstream.authority();
    let large = vec![b'x'; 3_000_000];
    let head = format!(
        "PUT /up HTTP/1.1\r\nHost: {authority}\r\nContent-Length: {}\r\n",
        large.len()
    );
    run.request(&authority, &head, &large).await.ok();
    let head = format!("POST /up HTTP/1.1\r\nHost: {authority}\r\nTransfer-Encoding: chunked\r\n");
    run.request(
        &authority,
        &head,
        b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    )
    .await
    .ok();
    let seen = upstream.seen();
    assert_eq!(seen[0].body.len(), large.len());
    assert_eq!(seen[1].body, b"hello world");
}

#[tokio::test]
async fn expect_continue_is_answered() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let mut tls = run.tls(&upstream.authority(), &["http/1.1"]).await;
    let head = format!(
        "POST /up HTTP/1.1\r\nHost: {}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
        upstream.authority()
    );
    tls.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut tls, "100 Continue\r\n\r\n").await;
    tls.write_all(b"hello").await.unwrap();
    assert_eq!(read_reply(&mut tls, false).await.status, 200);
    assert_eq!(upstream.only().body, b"hello");
}

#[tokio::test]
async fn an_unmatched_host_is_tunnelled_and_each_end_closes_alone() {
    let upstream = Upstream::start();
    let run = run(Vec::new(), Vec::new(), &upstream, |_| {}).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let peer = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        tcp.read_to_end(&mut all).await.unwrap();
        tcp.write_all(b"after your end").await.unwrap();
        all
    });
    let mut tcp = run.tunnel(&authority).await;
    tcp.write_all(b"\x00\xffanything").await.unwrap();
    tcp.shutdown().await.unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"after your end");
    assert_eq!(peer.await.unwrap(), b"\x00\xffanything");
}

#[tokio::test]
async fn shutdown_closes_every_tunnel() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let mut matched = run.tls(&upstream.authority(), &["http/1.1"]).await;
    let other = upstream.authority().replace("localhost", "127.0.0.1");
    let mut blind = run.tunnel(&other).await;
    let addr = run.proxy.addr();
    run.proxy.shutdown().await;
    assert!(matches!(matched.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    assert!(matches!(blind.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let upstream = Upstream::start();
    let limited = |config: &mut ProxyConfig| config.limits.connections = 1;
    let run = run(
        vec![route("acme", &upstream.api_url())],
        vec![bearer()],
        &upstream,
        limited,
    )
    .await;
    let first = run.tls(&upstream.authority(), &["http/1.1"]).await;
    let mut second = run.tcp().await;
    let password = run.password_line();
    let head = format!(
        "CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n{password}\r\n",
        upstream.authority()
    );
    second.write_all(head.as_bytes()).await.unwrap();
    drop(first);
    assert_eq!(read_reply(&mut second, true).await.status, 200);
}
