//! What a person does on the dashboard.

use super::OPENAI_KEY;
use crate::support::daemon::TestDaemon;
use crate::support::http::Request;
use crate::support::people::signed_in;
use serde_json::json;

#[test]
fn an_agent_that_is_ended_is_refused_from_its_next_request_on() {
    let daemon = TestDaemon::start();
    let (scout, keeper) = (daemon.agent("scout"), daemon.agent("keeper"));
    scout.log_in("openai", "default", OPENAI_KEY);
    scout.resolve("openai").expect(200);
    let mut browser = signed_in(&daemon, &keeper);
    let page = browser.open("/ui/agents").expect(200);
    // The link on the page only asks; nothing has happened yet.
    assert!(page.text().contains("/ui/agents/scout/revoke"));
    let page = browser.open("/ui/agents/scout/revoke").expect(200);
    scout.resolve("openai").expect(200);
    let answer = browser.submit(&page, "/ui/agents/scout/revoke", &[]);
    let next = answer.expect(303).header("location").unwrap().to_owned();
    let notice = browser.open(&next).expect(200).text();
    assert!(notice.contains("scout cannot use"), "{notice}");
    browser.open("/ui/agents/scout/revoke").expect(404);
    scout.resolve("openai").expect(403);
    keeper.resolve("openai").expect(200);
    let page = browser.open("/ui/agents").expect(200).text();
    assert!(!page.contains("/ui/agents/scout/revoke"), "{page}");
}

#[test]
fn looking_ahead_with_head_does_not_use_a_sign_in_link_up() {
    let daemon = TestDaemon::start();
    let keeper = daemon.agent("keeper");
    let url = keeper.post("/session", &json!({})).expect(200).json();
    let url = url["url"].as_str().unwrap();
    let mut browser = daemon.browser();
    let path = url.strip_prefix(&daemon.url()).unwrap();
    let looked = browser.send(&browser.request("HEAD", path));
    assert!(
        looked
            .header("set-cookie")
            .is_none_or(|cookie| !cookie.contains("session"))
    );
    let page = browser.open(url).expect(200).text();
    assert!(page.contains("Overview"), "{page}");
}

#[test]
fn a_notice_that_is_not_true_is_not_shown() {
    let daemon = TestDaemon::start();
    let keeper = daemon.agent("keeper");
    let mut browser = signed_in(&daemon, &keeper);
    let page = browser.open("/ui/agents?ended=keeper").expect(200).text();
    assert!(!page.contains("cannot use"), "{page}");
    let account = browser.open("/ui/settings/password").expect(200).text();
    assert!(!account.contains("type=\"password\""), "{account}");
}

#[test]
fn a_page_for_another_host_asks_for_nothing_that_is_refused() {
    let daemon = TestDaemon::start();
    let request = Request::new("GET", "/ui/")
        .header("Host", "evil.example")
        .header("Accept", "text/html");
    let page = daemon.send(&request).expect(403).text();
    assert!(
        page.contains("<h1>") && page.contains("AUTHSOME_ALLOWED_ORIGINS"),
        "{page}"
    );
    assert!(!page.contains("/assets/"), "{page}");
    let request = Request::new("GET", "/nothing-here").header("Accept", "text/html");
    let lost = daemon.send(&request).expect(404).text();
    assert!(
        !lost.contains("openapi") && lost.contains("href=\"/ui/\""),
        "{lost}"
    );
}
