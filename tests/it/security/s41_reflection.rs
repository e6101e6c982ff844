//! Row 41: redirects, and upstreams that send the secret back.

use crate::proxy::harness::*;
use crate::support::upstream::Upstream;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

/// A secret that can be part of a header's name.
const TOKEN: &str = "Token-Of-Acme-4711";

#[tokio::test]
async fn an_echo_in_body_and_every_coding_is_masked() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    for path in ["/echo", "/gzip", "/chunks", "/trailers"] {
        let reply = run
            .get(
                &upstream,
                path,
                "Accept-Encoding: gzip, br\r\nTE: trailers\r\n",
            )
            .await
            .ok();
        let all = format!("{}{}", reply.head, reply.text());
        assert!(!all.contains(SECRET), "{path}: {all}");
        assert_eq!(reply.header("content-encoding"), None);
        if path != "/trailers" {
            assert!(all.contains(&"*".repeat(SECRET.len())), "{path}: {all}");
        }
    }
    assert!(
        upstream
            .seen()
            .iter()
            .all(|seen| seen.header("accept-encoding") == "gzip")
    );
}

#[tokio::test]
async fn every_form_in_the_body_is_masked_and_no_length_changes() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let numbers = |one: &dyn Fn(u32) -> String| -> String {
        SECRET.chars().map(|c| one(u32::from(c))).collect()
    };
    let percent: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let forms = [
        SECRET.to_owned(),
        BASE64_STANDARD.encode(SECRET),
        BASE64_STANDARD.encode(format!("user:{SECRET}")),
        BASE64_URL_SAFE.encode(format!("us:{SECRET}:x")),
        percent,
        serde_json::to_string(SECRET).unwrap().replace('/', "\\/"),
        numbers(&|number| format!("\\u{number:04x}")),
        numbers(&|number| format!("\\u{number:04X}")),
        numbers(&|number| format!("&#{number};")),
        numbers(&|number| format!("&#x{number:x};")),
    ];
    let authority = upstream.authority();
    for form in forms {
        let head = format!(
            "POST /echo HTTP/1.1\r\nHost: {authority}\r\nContent-Length: {}\r\n",
            form.len()
        );
        let reply = run.request(&authority, &head, form.as_bytes()).await.ok();
        assert!(reply.header("content-length").is_some());
        let tail = &reply.body[reply.body.len() - form.len()..];
        let masked = String::from_utf8_lossy(tail).matches('*').count();
        assert!(masked + 4 >= SECRET.len(), "{form}: {}", reply.text());
        assert!(!reply.text().contains(&form), "{form}");
    }
}

#[tokio::test]
async fn redirects_are_handed_on_and_headers_are_masked() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let reply = run.get(&upstream, "/headers", "").await;
    assert_eq!(reply.status, 302);
    let stars = "*".repeat(SECRET.len());
    assert_eq!(
        reply.header("location"),
        Some(format!("https://elsewhere.example/?token={stars}").as_str())
    );
    assert!(reply.head.contains(&format!("sid={stars}; HttpOnly")));
    assert!(reply.head.contains("theme=dark"));
    assert_eq!(
        (reply.header("alt-svc"), reply.header("keep-alive")),
        (None, None)
    );
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_header_named_after_the_secret_is_dropped() {
    let upstream = Upstream::start();
    let run = acme_with(vec![header("x-api-key", TOKEN)], &upstream).await;
    let reply = run.get(&upstream, "/reflect-name", "").await.ok();
    assert_eq!(reply.header("x-plain"), Some("1"));
    assert!(
        !reply.head.contains(&TOKEN.to_ascii_lowercase()),
        "{}",
        reply.head
    );
}

#[tokio::test]
async fn a_coding_that_cannot_be_read_is_refused() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let reply = run.get(&upstream, "/br", "Accept-Encoding: br\r\n").await;
    assert_eq!(
        reply.problem(502)["code"],
        "unreadable_response",
        "gzip was all that was asked for"
    );
    assert_eq!(upstream.only().header("accept-encoding"), "identity");
}

#[tokio::test]
async fn a_401_with_its_challenge_reaches_the_child() {
    let upstream = Upstream::start();
    let run = acme_with(Vec::new(), &upstream).await;
    let reply = run.get(&upstream, "/needs-basic", "").await;
    assert_eq!(reply.status, 401);
    assert_eq!(
        reply.header("www-authenticate"),
        Some("Basic realm=\"upstream\"")
    );
}
