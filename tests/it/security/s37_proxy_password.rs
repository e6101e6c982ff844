//! Row 37: another local process uses the proxy of a run.

use crate::proxy::harness::*;
use crate::support::upstream::Upstream;
use authsome::proxy::ProxyConfig;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn without_the_password_nothing_happens_and_the_same_connection_can_try_again() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let authority = upstream.authority();
    let mut tcp = run.tcp().await;
    for line in [
        "",
        "Proxy-Authorization: Basic eDp3cm9uZw==\r\n",
        "Proxy-Authorization: Bearer x\r\n",
    ] {
        let head = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{line}\r\n");
        tcp.write_all(head.as_bytes()).await.unwrap();
        let reply = read_reply(&mut tcp, true).await;
        assert_eq!(reply.problem(407)["code"], "proxy_authentication_required");
        assert!(
            reply
                .header("proxy-authenticate")
                .unwrap()
                .starts_with("Basic realm=")
        );
        assert_eq!(reply.header("connection"), None);
    }
    assert_eq!(upstream.connections(), 0);
    assert_eq!(run.connect_on(&mut tcp, &authority).await.status, 200);
    let mut tls = run
        .handshake(tcp, "localhost", &["http/1.1"])
        .await
        .unwrap();
    let head = format!("GET /ok HTTP/1.1\r\nHost: {authority}\r\n");
    exchange(&mut tls, &head, b"").await.ok();
}

#[tokio::test]
async fn cleartext_requests_need_the_password_too() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let mut tcp = run.tcp().await;
    for _ in 0..2 {
        let head = "GET http://localhost:9/ HTTP/1.1\r\nHost: localhost:9\r\n";
        assert_eq!(exchange(&mut tcp, head, b"").await.status, 407);
    }
    let right = run.password_line();
    let head = format!("GET http://localhost:9/ HTTP/1.1\r\nHost: localhost:9\r\n{right}");
    assert_eq!(exchange(&mut tcp, &head, b"").await.status, 502);
}

#[tokio::test]
async fn two_passwords_are_none() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let mut tcp = run.tcp().await;
    let right = run.password_line();
    let head = format!("CONNECT localhost:9 HTTP/1.1\r\nHost: localhost:9\r\n{right}{right}");
    assert_eq!(exchange(&mut tcp, &head, b"").await.status, 407);
}

#[tokio::test]
async fn the_password_of_one_run_does_not_open_another() {
    let upstream = Upstream::start();
    let (one, other) = (acme(&upstream).await, acme(&upstream).await);
    assert_ne!(one.password_line(), other.password_line());
    let mut tcp = one.tcp().await;
    let wrong = other.password_line();
    let head = format!("CONNECT localhost:9 HTTP/1.1\r\nHost: localhost:9\r\n{wrong}");
    assert_eq!(exchange(&mut tcp, &head, b"").await.status, 407);
}

#[tokio::test]
async fn silent_connections_without_the_password_do_not_keep_the_child_out() {
    let upstream = Upstream::start();
    let limited = |config: &mut ProxyConfig| {
        config.limits.strangers = 2;
        config.limits.connections = 1;
    };
    let routes = vec![route("acme", &upstream.api_url())];
    let run = run(routes, vec![bearer()], &upstream, limited).await;
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(run.tcp().await);
    }
    let reply = run.get(&upstream, "/ok", "").await.ok();
    assert_eq!(reply.status, 200);
    assert_eq!(silent.len(), 5);
}
