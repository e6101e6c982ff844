//! Row 25: `next` leads to a page of ours or home.

use crate::support::browser::Browser;
use crate::support::daemon::TestDaemon;
use crate::support::hosted::PASSWORD;

const FIELDS: &[(&str, &str)] = &[("email", "owner@example.test"), ("password", PASSWORD)];

/// Where signing in with this `next` leads.
fn lands_at(daemon: &TestDaemon, next: &str) -> String {
    let mut browser = daemon.browser();
    let page = browser.open("/auth/login").expect(200);
    let mut fields = FIELDS.to_vec();
    fields.push(("next", next));
    let answer = browser.submit(&page, "/auth/login", &fields).expect(303);
    answer.header("location").unwrap().to_owned()
}

fn with_owner() -> (TestDaemon, Browser) {
    let daemon = TestDaemon::start();
    let mut browser = daemon.browser();
    let page = browser.open("/auth/register").expect(200);
    browser.submit(&page, "/auth/register", FIELDS).expect(303);
    (daemon, browser)
}

#[test]
fn targets_on_other_hosts_lead_home() {
    let (daemon, _) = with_owner();
    for next in [
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/%2f%2fevil.example",
        "/ui/\r\nSet-Cookie: a=b",
        "\u{2028}//evil.example",
    ] {
        assert_eq!(lands_at(&daemon, next), "/ui/", "{next:?}");
    }
    assert_eq!(lands_at(&daemon, "/audit?limit=5"), "/audit?limit=5");
}

#[test]
fn the_form_itself_carries_no_foreign_target() {
    let (daemon, mut signed_in) = with_owner();
    for path in [
        "/auth/login?next=//evil.example",
        "/auth/register?next=https://evil.example",
    ] {
        let answer = daemon.browser().open(path);
        assert!(!answer.text().contains("evil.example"), "{path}");
    }
    let request = signed_in.request("GET", "/auth/login?next=%2F%2Fevil.example");
    let answer = signed_in.send(&request).expect(303);
    assert_eq!(answer.header("location"), Some("/"));
}

#[test]
fn a_page_that_needs_a_sign_in_comes_back_after_it() {
    let (daemon, _) = with_owner();
    let mut browser = daemon.browser();
    let page = browser.open("/audit?cursor=").expect(401);
    let answer = browser.submit(&page, "/auth/login", FIELDS).expect(303);
    assert_eq!(answer.header("location"), Some("/audit?cursor="));
}
