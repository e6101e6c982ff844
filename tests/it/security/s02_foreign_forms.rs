//! Row 2: another site, also one on another port of this machine, cannot act for a signed-in person.

use crate::api::routes::ROUTES;
use crate::support::daemon::TestDaemon;
use crate::support::people::signed_in;

#[test]
fn a_form_of_another_origin_is_refused_with_a_good_cookie() {
    let daemon = TestDaemon::start();
    let mut browser = signed_in(&daemon, &daemon.agent("scout"));
    let page = browser.open("/ui/").expect(200);
    for origin in [
        "http://127.0.0.1:3000",
        "http://localhost:3000",
        "https://evil.example",
        "null",
        "",
    ] {
        let mut request = browser.request("POST", "/logout").form(&[("csrf", "x")]);
        for header in &mut request.headers {
            if header.0 == "Origin" {
                header.1 = origin.to_owned();
            }
        }
        browser.send(&request).expect(403);
    }
    browser.open("/ui/").expect(200);
    browser.submit(&page, "/logout", &[]).expect(303);
}

#[test]
fn what_the_browser_says_about_the_sender_counts() {
    let daemon = TestDaemon::start();
    let mut browser = signed_in(&daemon, &daemon.agent("scout"));
    for (method, site, mode, dest) in [
        ("POST", "cross-site", "navigate", "document"),
        ("POST", "same-site", "navigate", "document"),
        ("GET", "same-site", "no-cors", "image"),
        ("GET", "cross-site", "navigate", "iframe"),
        ("GET", "cross-site", "cors", "empty"),
    ] {
        for route in ROUTES.iter().filter(|route| route.method == method) {
            let mut request = browser.request(method, route.path);
            request.headers.retain(|(name, _)| name != "Sec-Fetch-Site");
            let request = request
                .header("Sec-Fetch-Site", site)
                .header("Sec-Fetch-Mode", mode)
                .header("Sec-Fetch-Dest", dest);
            browser.send(&request).expect(403);
        }
    }
}

#[test]
fn a_link_from_another_site_still_opens_a_page() {
    let daemon = TestDaemon::start();
    let mut browser = signed_in(&daemon, &daemon.agent("scout"));
    let mut request = browser.request("GET", "/ui/");
    request.headers.retain(|(name, _)| name != "Sec-Fetch-Site");
    let request = request
        .header("Sec-Fetch-Site", "cross-site")
        .header("Sec-Fetch-Mode", "navigate")
        .header("Sec-Fetch-Dest", "document");
    browser.send(&request).expect(200);
}

#[test]
fn a_form_without_its_token_or_with_another_browsers_is_refused() {
    let daemon = TestDaemon::start();
    let mut browser = signed_in(&daemon, &daemon.agent("scout"));
    let other = signed_in(&daemon, &daemon.agent("other"))
        .open("/ui/")
        .expect(200);
    for fields in [vec![], vec![("csrf", "")], vec![("csrf", "wrong")]] {
        let request = browser.request("POST", "/logout").form(&fields);
        browser.send(&request).expect(403);
    }
    browser.submit(&other, "/logout", &[]).expect(403);
    browser.open("/ui/").expect(200);
}

#[test]
fn the_sign_in_form_belongs_to_the_browser_that_opened_it() {
    let daemon = TestDaemon::start();
    let page = daemon.browser().open("/auth/login").expect(200);
    let fields = [("email", "owner@example.test"), ("password", "12345678")];
    let mut without_cookie = daemon.browser();
    without_cookie
        .submit(&page, "/auth/login", &fields)
        .expect(403);
    let mut other = daemon.browser();
    other.open("/auth/login").expect(200);
    other.submit(&page, "/auth/login", &fields).expect(403);
}

#[test]
fn another_site_cannot_sign_a_browser_in_with_a_code() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let url = agent
        .post("/session", &serde_json::json!({}))
        .expect(200)
        .json();
    let target = url["url"].as_str().unwrap().replace(&daemon.url(), "");
    let mut browser = daemon.browser();
    let mut request = browser.request("GET", &target);
    request.headers.retain(|(name, _)| name != "Sec-Fetch-Site");
    let from_elsewhere = request
        .header("Sec-Fetch-Site", "cross-site")
        .header("Sec-Fetch-Mode", "navigate")
        .header("Sec-Fetch-Dest", "document");
    browser.send(&from_elsewhere).expect(403);
    assert!(browser.cookies.is_empty());
    browser.open(&target).expect(200);
    browser.open("/ui/").expect(200);
}
