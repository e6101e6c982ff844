//! Row 41: the secret in pieces, in another coding, or in the answer to another request.

use crate::proxy::harness::*;
use crate::support::upstream::Upstream;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn gzip_echo(request: &str, fields: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(request.as_bytes()).unwrap();
    let body = encoder.finish().unwrap();
    let mut answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\n").into_bytes();
    if fields.contains("chunked") {
        answer.extend(format!("{:x}\r\n", body.len()).bytes());
        answer.extend(body);
        answer.extend(b"\r\n0\r\n\r\n");
    } else {
        answer.extend(body);
    }
    answer
}

#[tokio::test]
async fn a_transfer_coding_that_cannot_be_read_is_refused() {
    for raw in [
        (|head: &str| gzip_echo(head, "Transfer-Encoding: gzip, chunked\r\n"))
            as fn(&str) -> Vec<u8>,
        |head| {
            let fields = "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n";
            gzip_echo(head, fields)
        },
        |head| gzip_echo(head, "Transfer-Encoding: gzip\r\nConnection: close\r\n"),
    ] {
        let upstream = Upstream::raw(raw);
        let run = acme(&upstream).await;
        let reply = run.get(&upstream, "/te", "").await;
        let code = reply.problem(502)["code"].clone();
        assert!(
            code == "unreadable_response" || code == "upstream_failed",
            "{code}"
        );
    }
}

/// What a WebSocket says first, its handshake included.
async fn greeted(path: &str, length: usize) -> String {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let mut tls = run.tls(&upstream.authority(), &["http/1.1"]).await;
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
        upstream.authority()
    );
    let reply = exchange(&mut tls, &head, b"").await;
    assert_eq!(reply.status, 101, "{}", reply.head);
    let mut frames = vec![0; length];
    let read = tokio::time::timeout(PATIENCE, tls.read_exact(&mut frames));
    read.await.expect("the greeting in time").unwrap();
    tls.shutdown().await.unwrap();
    format!("{}{}", reply.head, String::from_utf8_lossy(&frames))
}

#[tokio::test]
async fn the_headers_that_open_a_websocket_are_masked() {
    let stars = "*".repeat(SECRET.len());
    let all = greeted("/ws", 2 + "Bearer ".len() + SECRET.len()).await;
    assert!(!all.contains(SECRET), "{all}");
    assert!(all.contains(&format!("x-echo: Bearer {stars}")), "{all}");
    assert!(all.contains(&format!("sid={stars}")), "{all}");
}

#[tokio::test]
async fn a_websocket_message_in_two_frames_is_masked() {
    let all = greeted("/ws-pieces", 2 + 4 + 2 + SECRET.len()).await;
    let (first, second) = SECRET.split_at(SECRET.len() / 2);
    assert!(!all.contains(first) && !all.contains(second), "{all}");
    let ping = all.find("\u{2}hi").expect("the ping between the frames");
    assert!(all[..ping].contains(&"*".repeat(first.len())), "{all}");
    assert!(all[ping..].contains(&"*".repeat(second.len())), "{all}");
}

#[tokio::test]
async fn ranges_do_not_cut_a_secret_in_two() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let whole = run.get(&upstream, "/part", "").await.ok();
    let mut put_together = vec![b'?'; whole.body.len()];
    for first in (4990..5050).step_by(7) {
        let range = format!("Range: bytes={first}-{}\r\n", first + 6);
        let reply = run.get(&upstream, "/part", &range).await;
        assert_eq!(reply.status, 206, "{}", reply.head);
        let (last, total) = (first + 6, whole.body.len());
        let wanted = format!("bytes {first}-{last}/{total}");
        assert_eq!(reply.header("content-range"), Some(wanted.as_str()));
        assert_eq!(reply.header("content-length"), Some("7"));
        put_together[first..=last].copy_from_slice(&reply.body);
    }
    assert_eq!(put_together[4990..5050], whole.body[4990..5050]);
    for (range, part) in [
        ("bytes=-8", &whole.body[whole.body.len() - 8..]),
        ("bytes=5010-", &whole.body[5010..]),
        ("bytes=0-5009", &whole.body[..5010]),
    ] {
        let reply = run
            .get(&upstream, "/part", &format!("Range: {range}\r\n"))
            .await;
        assert_eq!((reply.status, &reply.body[..]), (206, part), "{range}");
    }
}

#[tokio::test]
async fn several_ranges_are_answered_with_the_whole() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let range = "Range: bytes=5000-5005,5006-5009\r\n";
    let reply = run.get(&upstream, "/part", range).await.ok();
    assert!(!reply.text().contains(&SECRET[..6]));
    assert_eq!(upstream.only().header("range"), "");
}

#[tokio::test]
async fn base64_in_lines_is_masked() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let text = run.get(&upstream, "/lines", "").await.ok().text();
    let stars = text.matches('*').count();
    assert!(stars >= SECRET.len() * 8 / 6 - 2, "{text}");
    assert!(text.contains("\r\n"), "{text}");
}

#[tokio::test]
async fn the_secret_is_masked_in_answers_to_requests_it_did_not_go_with() {
    let upstream = Upstream::start();
    let narrow = route("acme", &format!("{}/v1", upstream.api_url()));
    let run = run(vec![narrow], vec![bearer()], &upstream, |_| {}).await;
    run.get(&upstream, "/v1/x", "").await.ok();
    let reply = run.get(&upstream, "/leftover", "").await.ok();
    let seen = upstream.seen();
    assert_eq!(seen.last().unwrap().header("authorization"), "");
    assert_eq!(reply.text(), "*".repeat(SECRET.len()));
}
