//! Row 38: `CONNECT`, SNI, Host and `:authority` that do not name one and the same place.

use crate::proxy::harness::*;
use crate::support::upstream::Upstream;
use http::{Request, Version};
use http_body_util::{BodyExt, Empty};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_host_header_that_names_another_place_is_misdirected() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let authority = upstream.authority();
    let port = upstream.port();
    let others = [
        format!("localhost.evil.example:{port}"),
        format!("evil.example:{port}"),
        "localhost".to_owned(),
        "localhost:1".to_owned(),
        format!("localhost.:{port}"),
        format!("127.0.0.1:{port}"),
        format!("x@{authority}"),
        String::new(),
        format!("{authority},{authority}"),
        "%6cocalhost".to_owned(),
    ];
    for host in others {
        let reply = run
            .request(
                &authority,
                &format!("GET / HTTP/1.1\r\nHost: {host}\r\n"),
                b"",
            )
            .await;
        assert_eq!(reply.problem(421)["code"], "misdirected_request", "{host}");
    }
    for target in [
        format!("https://evil.example:{port}/"),
        format!("http://{authority}/"),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\n");
        assert_eq!(
            run.request(&authority, &head, b"").await.status,
            421,
            "{target}"
        );
    }
    assert_eq!(upstream.connections(), 0);
    assert!(run.vault.asked().is_empty());
    let absolute = format!("GET https://{authority}/abs?q=1 HTTP/1.1\r\nHost: {authority}\r\n");
    run.request(&authority, &absolute, b"").await.ok();
    assert_eq!(upstream.only().target, "/abs?q=1");
}

#[tokio::test]
async fn an_http2_authority_that_names_another_place_is_misdirected() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let mut sender = run.http2(&upstream.authority()).await;
    let port = upstream.port();
    for other in [
        format!("localhost.evil:{port}"),
        "localhost:1".to_owned(),
        format!("localhost.:{port}"),
    ] {
        let request = Request::get(format!("https://{other}/"))
            .version(Version::HTTP_2)
            .body(Empty::<bytes::Bytes>::new())
            .unwrap();
        assert_eq!(
            sender.send_request(request).await.unwrap().status(),
            421,
            "{other}"
        );
    }
    let request = Request::get(format!("https://{}/", upstream.authority()))
        .version(Version::HTTP_2)
        .header("host", "evil.example")
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 421);
    response.into_body().collect().await.unwrap();
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn an_sni_that_names_another_host_gets_no_certificate() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    for other in [
        "evil.example",
        "localhost.evil.example",
        "api.localhost",
        "127.0.0.1",
    ] {
        let tcp = run.tunnel(&upstream.authority()).await;
        // An address as name means no SNI at all.
        assert!(run.handshake(tcp, other, &[]).await.is_err(), "{other}");
    }
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn another_port_or_a_longer_name_is_not_the_host() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    // 127.0.0.1 is the same server, but the route names localhost: it is tunnelled untouched.
    let other = format!("127.0.0.1:{}", upstream.port());
    let tcp = run.tunnel(&other).await;
    assert!(
        run.handshake(tcp, "127.0.0.1", &[]).await.is_err(),
        "the run's CA vouches for it"
    );
    assert!(run.vault.asked().is_empty());
    let dotted = format!("localhost.:{}", upstream.port());
    let mut tcp = run.tcp().await;
    assert_eq!(
        run.connect_on(&mut tcp, &dotted).await.problem(421)["code"],
        "misdirected_request"
    );
}

#[tokio::test]
async fn a_client_hello_in_single_bytes_is_still_intercepted() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let tcp = run.tunnel(&upstream.authority()).await;
    let (near, far) = tokio::io::duplex(1);
    tokio::spawn(async move {
        let (mut tcp, mut far) = (tcp, far);
        let _ = tokio::io::copy_bidirectional_with_sizes(&mut far, &mut tcp, 1, 4096).await;
    });
    let mut tls = run
        .handshake(near, "localhost", &["http/1.1"])
        .await
        .unwrap();
    let head = format!("GET /slow HTTP/1.1\r\nHost: {}\r\n", upstream.authority());
    exchange(&mut tls, &head, b"").await.ok();
    assert_eq!(
        upstream.only().header("authorization"),
        format!("Bearer {SECRET}")
    );
}

#[tokio::test]
async fn plaintext_in_a_tunnel_to_a_matched_host_goes_nowhere() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    for first in [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "SSH-2.0-x\r\n",
        "PRI * HTTP/2.0\r\n\r\n",
    ] {
        let mut tcp = run.tunnel(&upstream.authority()).await;
        tcp.write_all(first.as_bytes()).await.unwrap();
        assert_eq!(
            read_reply(&mut tcp, false).await.problem(400)["code"],
            "bad_request"
        );
        assert!(matches!(tcp.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    }
    assert_eq!(upstream.connections(), 0);
}
