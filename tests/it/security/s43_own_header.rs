//! Row 43: the child's own value of what is injected, and headers that belong to one connection.

use crate::proxy::harness::*;
use crate::support::upstream::Upstream;
use authsome::model::target::InjectedPart;
use authsome::secret::InjectedValue;
use http_body_util::StreamBody;
use hyper::body::Frame;

#[tokio::test]
async fn the_upstream_sees_ours_only() {
    let upstream = Upstream::start();
    let parts = vec![
        header("X-Api-Key", SECRET),
        InjectedPart::Query {
            name: "key".to_owned(),
            value: InjectedValue::new(SECRET),
        },
        InjectedPart::Cookie {
            name: "sid".to_owned(),
            value: InjectedValue::new("real-sid"),
        },
    ];
    let run = acme_with(parts, &upstream).await;
    let mine = "x-API-key: mine\r\nX_Api_Key: mine\r\nX-Api-Key: mine too\r\nCookie: a=1; sid=mine\r\n\
        Connection: keep-alive, X-Api-Key, X-Named\r\nX-Named: 1\r\nKeep-Alive: 5\r\nTE: gzip\r\n\
        Proxy-Authorization: Basic bWluZQ==\r\nProxy-Connection: keep-alive\r\nX-Other: stays\r\n";
    run.get(&upstream, "/p?key=mine&k%65y=mine&b=2", mine)
        .await
        .ok();
    let seen = upstream.only();
    assert_eq!(seen.header("x-api-key"), SECRET);
    assert_eq!(seen.header("cookie"), "a=1; sid=real-sid");
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    assert_eq!(
        seen.target,
        format!("/p?b=2&key={}", encoded.replace("%7E", "~"))
    );
    assert_eq!(seen.header("x-other"), "stays");
    for gone in [
        "x_api_key",
        "x-named",
        "keep-alive",
        "te",
        "proxy-authorization",
        "proxy-connection",
        "connection",
    ] {
        assert_eq!(seen.header(gone), "", "{gone}");
    }
    assert!(!seen.holds("mine"), "{seen:#?}");
}

#[tokio::test]
async fn the_child_chooses_a_connection_for_one_request() {
    let upstream = Upstream::start();
    let mut work = route("acme", &upstream.api_url());
    work.connection = "work".parse().unwrap();
    work.is_default = false;
    let routes = vec![route("acme", &upstream.api_url()), work];
    let run = run(routes, vec![bearer()], &upstream, |_| {}).await;
    run.get(&upstream, "/", "Authsome-Connection: work\r\n")
        .await
        .ok();
    assert_eq!(upstream.only().header("authsome-connection"), "");
    let reply = run
        .get(&upstream, "/", "Authsome-Connection: no/name\r\n")
        .await;
    assert_eq!(reply.problem(400)["code"], "bad_request");
    // One that is not there is no wish to go without.
    let reply = run
        .get(&upstream, "/", "Authsome-Connection: nope\r\n")
        .await;
    let problem = reply.problem(403);
    assert_eq!(problem["provider"], "acme");
    assert!(problem["detail"].as_str().unwrap().contains("nope"));
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn the_childs_own_value_does_not_come_as_a_trailer() {
    let upstream = Upstream::start();
    let parts = vec![header("X-Api-Key", SECRET)];
    let run = acme_with(parts, &upstream).await;
    let authority = upstream.authority();
    let head = format!(
        "POST /h1 HTTP/1.1\r\nHost: {authority}\r\nTransfer-Encoding: chunked\r\n\
         Trailer: X-Api-Key, X-Checksum\r\n"
    );
    let body = b"5\r\nhello\r\n0\r\nX-Api-Key: mine\r\nX_API_KEY: mine\r\nX-Checksum: 1\r\n\r\n";
    run.request(&authority, &head, body).await.ok();

    let mut sender = run.http2(&authority).await;
    let mut trailers = http::HeaderMap::new();
    for (name, value) in [
        ("authorization", "Bearer mine"),
        ("cookie", "sid=mine"),
        ("x-api-key", "mine"),
        ("x-checksum", "1"),
    ] {
        trailers.insert(name, value.parse().unwrap());
    }
    let frames = [
        Frame::data(bytes::Bytes::from_static(b"hello")),
        Frame::trailers(trailers),
    ];
    let frames = futures_util::stream::iter(frames.map(Ok::<_, std::convert::Infallible>));
    let request = http::Request::post(format!("https://{authority}/h2"))
        .body(StreamBody::new(frames))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);

    for seen in upstream.seen() {
        assert_eq!(seen.body, b"hello", "{seen:#?}");
        assert_eq!(seen.header("x-api-key"), SECRET);
        let names: Vec<_> = seen.trailers.keys().map(http::HeaderName::as_str).collect();
        assert_eq!(names, ["x-checksum"], "{}", seen.target);
    }
    assert_eq!(upstream.seen().len(), 2);
}
