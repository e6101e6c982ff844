//! Row 4: no page can be made to run, frame or leak anything.

use crate::api::OPENAI_KEY;
use crate::api::routes::{ROUTES, Wants};
use crate::support::daemon::TestDaemon;
use crate::support::http::Answer;
use crate::support::live::Live;
use crate::support::people::signed_in;
use serde_json::json;

#[track_caller]
fn is_guarded(answer: &Answer) {
    let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
    let csp = header("content-security-policy");
    assert!(csp.contains("default-src 'none'"), "{csp}");
    assert!(csp.contains("frame-ancestors 'none'"), "{csp}");
    assert!(!csp.contains("unsafe"), "{csp}");
    // A page runs our own script file at most, everything else runs nothing.
    let scripts: Vec<&str> = csp
        .split(';')
        .filter(|part| part.contains("script-src"))
        .collect();
    let is_page = header("content-type").starts_with("text/html");
    assert!(
        scripts
            .iter()
            .all(|part| is_page && part.trim() == "script-src 'self'"),
        "{csp}"
    );
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("cache-control"), "no-store");
    let referrer = header("referrer-policy");
    assert!(
        matches!(referrer.as_str(), "no-referrer" | "same-origin"),
        "{referrer}"
    );
    if header("content-type").starts_with("text/html") {
        let text = answer.text();
        assert_eq!(header("x-frame-options"), "DENY");
        for script in text.split("<script").skip(1) {
            let rest = script.strip_prefix(" src=\"/assets/authsome-");
            let rest = rest.and_then(|rest| rest.split_once('"'));
            assert!(
                rest.is_some_and(|(_, rest)| rest.starts_with(" defer></script>")),
                "{text}"
            );
        }
        assert!(!has_handler(&text), "{text}");
        assert!(!text.contains("style=\""), "{text}");
    }
}

/// Whether an element has an attribute that runs script, such as `onclick`.
fn has_handler(page: &str) -> bool {
    page.split('<').skip(1).any(|element| {
        let inside = element.split('>').next().unwrap_or_default();
        let mut words = inside.split_ascii_whitespace().skip(1);
        words.any(|word| word.starts_with("on") && word.contains('='))
    })
}

#[test]
fn every_answer_carries_its_guards() {
    let daemon = TestDaemon::start();
    for route in ROUTES {
        is_guarded(&daemon.send(&route.request()));
        is_guarded(&daemon.send(&route.request().header("Accept", "text/html")));
        is_guarded(&daemon.send(&route.request().header("Host", "evil.example")));
    }
    is_guarded(&daemon.get("/nothing-here"));
}

#[test]
fn the_pages_of_somebody_signed_in_carry_them_too() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    let mut browser = signed_in(&daemon, &agent);
    for route in ROUTES.iter().filter(|route| route.wants == Wants::Browser) {
        if route.path == "/ui/live" {
            is_guarded(&Live::open(&browser, daemon.address(), None).head);
        } else if route.method == "GET" {
            let answer = browser.open(route.path);
            is_guarded(&answer);
            assert!(!answer.text().contains(OPENAI_KEY), "{route:?}");
        }
    }
    let page = browser.open("/ui/").expect(200).text();
    assert!(page.contains("OpenAI"), "{page}");
    let page = browser.open("/ui/agents").expect(200).text();
    assert!(page.contains("scout"), "{page}");
}

#[test]
fn a_definition_whose_link_is_a_command_is_refused() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    for url in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,<script>",
        "http://insecure.example/",
        "vbscript:x",
        "//evil.example",
    ] {
        let answer = agent.post("/providers", &definition("Acme", url));
        assert!(
            matches!(answer.status, 400 | 422),
            "{url}: {} {}",
            answer.status,
            answer.text()
        );
        agent.get("/providers/acme").expect(404);
    }
}

#[test]
fn a_name_that_is_markup_is_shown_as_text() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let nasty = "<img src=x onerror=alert(1)>\"'&";
    agent
        .post(
            "/providers",
            &definition(nasty, "https://acme.example/keys"),
        )
        .expect(200);
    let page = daemon.browser().open(&agent.login_url("acme")).expect(200);
    is_guarded(&page);
    assert!(!page.text().contains("<img src=x"), "{}", page.text());
}

#[test]
fn what_was_typed_as_a_secret_is_never_sent_back() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let mut browser = daemon.browser();
    let page = browser.open(&agent.login_url("openai")).expect(200);
    let again = browser.submit(&page, "/input", &[("api_key", "not-a-key-but-secret")]);
    let text = again.expect(400).text();
    assert!(!text.contains("not-a-key-but-secret"), "{text}");
    assert!(text.contains("aria-invalid"), "{text}");
}

fn definition(display_name: &str, docs_url: &str) -> serde_json::Value {
    json!({"definition": {
        "schema_version": 1, "name": "acme", "display_name": display_name,
        "auth_type": "api_key", "flow": "api_key",
        "api_key": {"header_name": "Authorization", "header_prefix": "Bearer", "env_var": "ACME_KEY"},
        "export": {"ACME_KEY": "API_TOKEN"}, "api_url": "api.acme.example", "docs_url": docs_url,
    }, "force": false})
}
