//! Row 5: a browser session cannot be fixed, kept after its end, or read by others.

use crate::support::browser::Browser;
use crate::support::daemon::TestDaemon;
use crate::support::hosted::PASSWORD;
use crate::support::http::Answer;

/// Signs up as the owner of a fresh daemon.
fn sign_up(browser: &mut Browser, token: &str) -> Answer {
    let page = browser
        .open(&format!("/auth/register?token={token}"))
        .expect(200);
    let fields = [("email", "owner@example.test"), ("password", PASSWORD)];
    browser.submit(&page, "/auth/register", &fields).expect(303)
}

fn sign_in(browser: &mut Browser, password: &str) -> Answer {
    let page = browser.open("/auth/login").expect(200);
    let fields = [("email", "owner@example.test"), ("password", password)];
    browser.submit(&page, "/auth/login", &fields)
}

fn session_of(browser: &Browser) -> String {
    let (_, value) = browser
        .cookies
        .iter()
        .find(|(name, _)| name.contains("session"))
        .unwrap();
    value.clone()
}

#[test]
fn the_cookie_is_bound_as_tightly_as_the_address_allows() {
    let daemon = TestDaemon::start();
    let answer = sign_up(&mut daemon.browser(), "");
    let cookie = session_cookie(&answer);
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert!(cookie.contains("Path=/;"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[test]
fn over_https_the_cookie_belongs_to_the_host_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("setup");
    std::fs::write(&file, "a-setup-token-0123456789-0123456789-abcdef\n").unwrap();
    let daemon = TestDaemon::builder()
        .hosted()
        .env("AUTHSOME_SETUP_TOKEN_FILE", file.to_str().unwrap())
        .start();
    let origin = crate::support::daemon::HOSTED_URL.to_owned();
    let mut browser = Browser::new(daemon.address(), origin);
    let answer = sign_up(&mut browser, "a-setup-token-0123456789-0123456789-abcdef");
    let cookie = session_cookie(&answer);
    assert!(cookie.starts_with("__Host-"), "{cookie}");
    assert!(cookie.contains("; Secure"), "{cookie}");
}

fn session_cookie(answer: &Answer) -> String {
    let cookies = answer.all("set-cookie");
    let found = cookies.iter().find(|cookie| cookie.contains("session"));
    (*found.unwrap()).to_owned()
}

#[test]
fn a_cookie_is_worthless_after_sign_out() {
    let daemon = TestDaemon::start();
    let mut browser = daemon.browser();
    sign_up(&mut browser, "");
    let page = browser.open("/ui/").expect(200);
    let mut stolen = browser.clone();
    browser.submit(&page, "/logout", &[]).expect(303);
    stolen.open("/ui/").expect(401);
}

#[test]
fn a_cookie_is_worthless_after_a_change_of_the_password() {
    let daemon = TestDaemon::start();
    let mut browser = daemon.browser();
    sign_up(&mut browser, "");
    let mut elsewhere = daemon.browser();
    sign_in(&mut elsewhere, PASSWORD).expect(303);
    let mut stolen = browser.clone();
    let page = browser.open("/ui/settings/password").expect(200);
    let fields = [("current", PASSWORD), ("new", "another good password")];
    browser.submit(&page, "password", &fields).expect(303);
    browser.open("/ui/").expect(200);
    stolen.open("/ui/").expect(401);
    elsewhere.open("/ui/").expect(401);
    sign_in(&mut daemon.browser(), PASSWORD).expect(400);
    sign_in(&mut daemon.browser(), "another good password").expect(303);
}

#[test]
fn a_cookie_is_worthless_after_its_browser_is_signed_out_from_another() {
    let daemon = TestDaemon::start();
    let mut browser = daemon.browser();
    sign_up(&mut browser, "");
    for action in ["/ui/settings/browsers/", "sign-out-others"] {
        let mut stolen = daemon.browser();
        sign_in(&mut stolen, PASSWORD).expect(303);
        let page = browser.open("/ui/settings").expect(200);
        // What names a session on the page opens none.
        assert!(!page.text().contains(&session_of(&stolen)));
        assert!(!page.text().contains(&session_of(&browser)));
        browser.submit(&page, action, &[]).expect(303);
        stolen.open("/ui/").expect(401);
        browser.open("/ui/").expect(200);
    }
}

#[test]
fn signing_in_gives_a_session_nobody_knew_before() {
    let daemon = TestDaemon::start();
    let mut browser = daemon.browser();
    sign_up(&mut browser, "");
    let first = session_of(&browser);
    let mut before = browser.clone();
    let page = {
        let mut other = daemon.browser();
        let page = other.open("/auth/login").expect(200);
        browser.cookies.extend(other.cookies);
        page
    };
    let fields = [("email", "owner@example.test"), ("password", PASSWORD)];
    browser.submit(&page, "/auth/login", &fields).expect(303);
    assert_ne!(session_of(&browser), first);
    before.open("/ui/").expect(401);
}

#[test]
fn a_session_the_daemon_did_not_give_is_no_session() {
    let daemon = TestDaemon::start();
    let mut browser = daemon.browser();
    sign_up(&mut browser, "");
    let name = browser.cookies.keys().find(|name| name.contains("session"));
    let name = name.unwrap().clone();
    for value in ["x", "", "../../etc/passwd", &"a".repeat(5_000)] {
        let mut planted = daemon.browser();
        planted.cookies.insert(name.clone(), value.to_owned());
        planted.open("/ui/").expect(401);
    }
}

#[test]
fn the_database_holds_no_session_that_could_be_used() {
    let daemon = TestDaemon::start();
    let mut browser = daemon.browser();
    sign_up(&mut browser, "");
    let session = session_of(&browser);
    for file in ["store.db", "store.db-wal"] {
        let bytes = std::fs::read(daemon.home().join("server").join(file)).unwrap_or_default();
        let found = bytes
            .windows(session.len())
            .any(|window| window == session.as_bytes());
        assert!(!found, "{file}");
    }
}
