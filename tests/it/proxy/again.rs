//! A 401 from the upstream: one renewal and one more try, where both are possible.

use super::harness::*;
use crate::support::upstream::Upstream;
use authsome::model::ErrorCode;
use authsome::model::target::InjectedPart;
use authsome::proxy::Refusal;
use authsome::secret::InjectedValue;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};

const STALE: &str = "stale-Z9/q+W~secret=0815";

fn stale() -> InjectedPart {
    header("Authorization", &format!("Bearer {STALE}"))
}

/// A run whose credential is not taken any more and renews itself to `renewed`.
async fn with_stale(upstream: &Upstream, renewed: Result<Vec<InjectedPart>, Refusal>) -> Run {
    let run = acme_with(vec![stale()], upstream).await;
    run.vault.renews_to(renewed);
    run
}

async fn post(run: &Run, upstream: &Upstream, headers: &str, body: &[u8]) -> Reply {
    let authority = upstream.authority();
    let head = format!("POST /fresh-only HTTP/1.1\r\nHost: {authority}\r\n{headers}");
    run.request(&authority, &head, body).await
}

fn refusal(code: ErrorCode) -> Refusal {
    Refusal {
        code,
        message: "the login has ended".to_owned(),
        hint: Some("authsome login acme".to_owned()),
    }
}

#[tokio::test]
async fn the_program_sees_the_second_answer_alone() {
    let upstream = Upstream::start();
    let run = with_stale(&upstream, Ok(vec![bearer()])).await;
    let reply = run.get(&upstream, "/fresh-only?a=1", "").await.ok();
    assert!(!reply.text().contains(SECRET) && !reply.text().contains(STALE));
    let seen = upstream.seen();
    let sent: Vec<_> = seen.iter().map(|s| s.header("authorization")).collect();
    assert_eq!(
        sent,
        [format!("Bearer {STALE}"), format!("Bearer {SECRET}")]
    );
    assert!(seen.iter().all(|s| s.target == "/fresh-only?a=1"));
    assert_eq!(run.vault.renewals(), 1);
    run.get(&upstream, "/fresh-only", "").await.ok();
    assert_eq!(run.vault.renewals(), 1);
}

#[tokio::test]
async fn a_small_body_is_sent_again_byte_for_byte() {
    let upstream = Upstream::start();
    for length in [1, 64 * 1024] {
        let run = with_stale(&upstream, Ok(vec![bearer()])).await;
        let body = vec![b'x'; length];
        let headers = format!("Content-Length: {length}\r\n");
        post(&run, &upstream, &headers, &body).await.ok();
        let seen = upstream.seen();
        assert!(seen[seen.len() - 2..].iter().all(|s| s.body == body));
        assert_eq!(run.vault.renewals(), 1);
    }
    assert_eq!(upstream.seen().len(), 4);
}

#[tokio::test]
async fn a_small_body_is_sent_again_over_http2() {
    let upstream = Upstream::start();
    let run = with_stale(&upstream, Ok(vec![bearer()])).await;
    let mut sender = run.http2::<Full<Bytes>>(&upstream.authority()).await;
    let request = Request::post(format!("{}/fresh-only", upstream.api_url()))
        .body(Full::new(Bytes::from_static(b"small")))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body().collect().await.unwrap();
    assert!(upstream.seen().iter().all(|s| s.body == b"small"));
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn a_body_that_was_not_kept_lets_the_401_pass() {
    let upstream = Upstream::start();
    let run = with_stale(&upstream, Ok(vec![bearer()])).await;
    let body = vec![b'x'; 64 * 1024 + 1];
    let headers = format!("Content-Length: {}\r\n", body.len());
    let large = post(&run, &upstream, &headers, &body).await;
    let chunked = "Transfer-Encoding: chunked\r\n";
    let open_ended = post(&run, &upstream, chunked, b"1\r\nx\r\n0\r\n\r\n").await;
    for reply in [large, open_ended] {
        assert_eq!(reply.status, 401, "{}", reply.text());
        assert_eq!(reply.text(), "who are you?");
        assert!(reply.header("www-authenticate").is_some());
    }
    assert_eq!(upstream.seen().len(), 2);
    assert_eq!(run.vault.renewals(), 0);
}

#[tokio::test]
async fn what_does_not_renew_itself_is_not_sent_again() {
    let upstream = Upstream::start();
    let run = acme_with(vec![stale()], &upstream).await;
    let reply = run.get(&upstream, "/fresh-only", "").await;
    assert_eq!(reply.status, 401);
    assert_eq!(upstream.seen().len(), 1);
    assert_eq!(run.vault.renewals(), 0);
}

#[tokio::test]
async fn the_same_credential_is_not_sent_again() {
    let upstream = Upstream::start();
    let run = with_stale(&upstream, Ok(vec![stale()])).await;
    assert_eq!(run.get(&upstream, "/fresh-only", "").await.status, 401);
    assert_eq!(upstream.seen().len(), 1);
    assert_eq!(run.vault.renewals(), 1);
}

#[tokio::test]
async fn there_is_no_third_try() {
    let upstream = Upstream::start();
    let other = header("Authorization", "Bearer stale-as-well-0816");
    let run = with_stale(&upstream, Ok(vec![other])).await;
    assert_eq!(run.get(&upstream, "/fresh-only", "").await.status, 401);
    assert_eq!(upstream.seen().len(), 2);
    assert_eq!(run.vault.renewals(), 1);
}

#[tokio::test]
async fn a_login_that_has_ended_is_said_and_a_passing_trouble_is_not() {
    let upstream = Upstream::start();
    let run = with_stale(&upstream, Err(refusal(ErrorCode::TokenExpired))).await;
    let reply = run.get(&upstream, "/fresh-only", "").await;
    let problem = reply.problem(403);
    assert_eq!(problem["code"], "TokenExpiredError");
    assert_eq!(problem["hint"], "authsome login acme");
    for code in [ErrorCode::RefreshFailed, ErrorCode::DaemonUnavailable] {
        let run = with_stale(&upstream, Err(refusal(code))).await;
        assert_eq!(run.get(&upstream, "/fresh-only", "").await.status, 401);
    }
    assert_eq!(upstream.seen().len(), 3);
}

#[tokio::test]
async fn the_new_credential_takes_the_place_of_the_old_wherever_it_is() {
    let upstream = Upstream::start();
    let key = |value: &str| InjectedPart::Query {
        name: "key".to_owned(),
        value: InjectedValue::new(value),
    };
    let run = acme_with(vec![stale(), key("old-key")], &upstream).await;
    run.vault.renews_to(Ok(vec![bearer(), key("new-key")]));
    run.get(&upstream, "/fresh-only?a=1", "X-Mine: 1\r\n")
        .await
        .ok();
    let second = &upstream.seen()[1];
    assert_eq!(second.target, "/fresh-only?a=1&key=new-key");
    assert_eq!(second.header("x-mine"), "1");
    assert!(!second.holds(STALE) && !second.holds("old-key"));
}
