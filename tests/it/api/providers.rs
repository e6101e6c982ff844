//! Providers on pages: who may do what, and where a secret is seen.

use super::OPENAI_KEY;
use crate::support::agent::Agent;
use crate::support::browser::csrf;
use crate::support::daemon::TestDaemon;
use crate::support::http::Answer;
use crate::support::past::{self, Past};
use crate::support::people::{signed_in, signed_up};
use serde_json::Value;
use time::Duration;

/// Where an answer leads.
#[track_caller]
fn next(answer: Answer) -> String {
    answer.expect(303).header("location").unwrap().to_owned()
}

/// The events of one name, newest first.
fn events(agent: &Agent, name: &str) -> Vec<Value> {
    let all = agent.get("/audit/events?limit=100").expect(200).json();
    let all = all["entries"].as_array().unwrap().clone();
    all.into_iter().filter(|one| one["event"] == name).collect()
}

#[test]
fn a_person_connects_a_key_on_a_page_and_no_agent_is_named() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let mut browser = signed_in(&daemon, &agent);
    let page = browser.open("/ui/apps/openai").expect(200);
    let form = next(browser.submit(&page, "/connect", &[("connection", "work")]));
    let page = browser.open(&form).expect(200);
    assert!(page.text().contains("<dd>you</dd>"), "{}", page.text());
    let done = browser.submit(&page, "/input", &[("api_key", OPENAI_KEY)]);
    let done = done.expect(200).text();
    assert!(done.contains("href=\"/ui/apps/openai\""), "{done}");
    assert!(
        !done.contains(OPENAI_KEY) && !done.contains("terminal"),
        "{done}"
    );
    agent.resolve("openai").expect(200);
    let started = &events(&agent, "login.started")[0];
    assert!(started["identity"].is_null() && started["connection"] == "work");
    let page = browser.open("/ui/apps/openai").expect(200).text();
    assert!(
        page.contains("work") && page.contains("connected"),
        "{page}"
    );
    // The same name once more is not begun, and said at its field.
    let page = browser.open("/ui/apps/openai").expect(200);
    let again = browser.submit(&page, "/connect", &[("connection", "work")]);
    let again = again.expect(400).text();
    assert!(again.contains("id=\"connection-problem\""), "{again}");
    let again = browser.submit(&page, "/connect", &[("connection", "a b")]);
    assert!(again.expect(400).text().contains("value=\"a b\""));
    // Logging in again to it is another thing.
    let page = browser.open("/ui/apps/openai?again=work").expect(200);
    let form = next(browser.submit(&page, "/connect", &[("connection", "work")]));
    assert!(form.starts_with("/auth/sessions/"), "{form}");
}

#[test]
fn a_secret_is_shown_to_who_asks_once_more_and_that_is_recorded() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    let mut browser = signed_in(&daemon, &agent);
    let before = events(&agent, "credential.revealed").len();
    for path in [
        "/ui/providers",
        "/ui/apps/openai",
        "/ui/apps/openai/default/reveal",
    ] {
        let page = browser.open(path).expect(200).text();
        assert!(!page.contains(OPENAI_KEY), "{path}");
    }
    assert_eq!(events(&agent, "credential.revealed").len(), before);
    let page = browser.open("/ui/apps/openai/default/reveal").expect(200);
    let shown = browser.submit(&page, "/reveal", &[]).expect(200);
    assert!(shown.text().contains(OPENAI_KEY));
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    assert_eq!(shown.header("content-encoding"), None);
    assert!(shown.text().contains("data-mask-after=\"20\""));
    assert!(shown.text().contains("content=\"20;url=/ui/apps/openai\""));
    let recorded = &events(&agent, "credential.revealed")[0];
    assert!(recorded["identity"].is_null() && recorded["provider"] == "openai");
    // Also where a browser takes compressed pages, this one is not.
    let fields = [("csrf", csrf(&page))];
    let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let request = browser.request("POST", "/ui/apps/openai/default/reveal");
    let request = request.header("Accept-Encoding", "gzip").form(&fields);
    let shown = browser.send(&request).expect(200);
    assert_eq!(shown.header("content-encoding"), None);
}

#[test]
fn nothing_is_done_without_the_token_of_the_session() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    let mut browser = signed_in(&daemon, &agent);
    for path in [
        "/ui/apps/openai/connect",
        "/ui/apps/openai/default/default",
        "/ui/apps/openai/default/refresh",
        "/ui/apps/openai/default/logout",
        "/ui/apps/openai/default/reveal",
        "/ui/providers/new",
        "/ui/providers/openai/edit",
        "/ui/providers/openai/remove",
        "/ui/providers/openai/revoke",
    ] {
        for token in ["", "guess"] {
            let form = browser.request("POST", path).form(&[("csrf", token)]);
            let answer = browser.send(&form).expect(403);
            assert!(!answer.text().contains(OPENAI_KEY), "{path}");
        }
    }
    agent.resolve("openai").expect(200);
    assert!(events(&agent, "credential.revealed").is_empty());
}

#[test]
fn what_is_not_there_is_404_on_every_page_of_it() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let mut browser = signed_in(&daemon, &agent);
    for path in [
        "/ui/apps/none",
        "/ui/apps/openai/none/logout",
        "/ui/apps/openai/none/reveal",
        "/ui/providers/none/edit",
        "/ui/providers/none/remove",
        "/ui/providers/none/revoke",
    ] {
        browser.open(path).expect(404);
    }
    let page = browser.open("/ui/apps/openai").expect(200);
    let token = csrf(&page);
    for path in ["none/default", "none/refresh", "none/logout", "none/reveal"] {
        let path = format!("/ui/apps/openai/{path}");
        let form = browser.request("POST", &path).form(&[("csrf", &token)]);
        browser.send(&form).expect(404);
    }
    let form = browser.request("POST", "/ui/apps/none/connect");
    let form = form.form(&[("csrf", &token), ("connection", "default")]);
    browser.send(&form).expect(404);
}

#[test]
fn providers_are_searched_and_filtered() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    let mut browser = signed_in(&daemon, &agent);
    let mut at = |query: &str| {
        let page = browser.open(&format!("/ui/providers?{query}")).expect(200);
        let text = page.text();
        let tiles = text.matches("class=\"tile\"").count();
        (text, tiles)
    };
    let (all, tiles) = at("");
    assert!(
        tiles > 50 && tiles < 130 && all.contains("Show all "),
        "{tiles}"
    );
    let first = all.split("class=\"tile\"").nth(1).unwrap();
    assert!(
        first.contains("OpenAI") && first.contains("connected"),
        "{first}"
    );
    let (_, whole) = at("all=1");
    assert!(whole > 200, "{whole}");
    let (page, tiles) = at("q=api.openai.com");
    assert!(page.contains("OpenAI") && tiles < 5, "{tiles}");
    assert_eq!(at("state=connected").1, 1);
    assert_eq!(at("state=attention").1, 0);
    assert_eq!(at("q=openai&state=none&type=oauth2").1, 0);
    assert!(
        at("q=%22%3E%3Cscript%3E")
            .0
            .contains("&#34;&#62;&#60;script")
    );
    assert!(at("type=nonsense&state=nonsense").1 > 50);
    let connected = browser.open("/ui/connections").expect(200).text();
    assert_eq!(connected.matches("class=\"tile\"").count(), 1);
}

#[test]
fn a_definition_is_looked_at_before_it_is_taken() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let mut browser = signed_in(&daemon, &agent);
    let page = browser.open("/ui/providers/new").expect(200);
    let wrong = [
        ("name", "Acme Labs"),
        ("display_name", "Acme"),
        ("api_url", "http://acme.example"),
        ("header_name", "Authorization"),
    ];
    let again = browser.submit(&page, "/new", &wrong).expect(400).text();
    assert!(again.contains("id=\"name-problem\""), "{again}");
    assert!(again.contains("id=\"api_url-problem\""), "{again}");
    assert!(again.contains("value=\"Acme Labs\""), "{again}");
    let right = [
        ("name", "acme"),
        ("display_name", "Acme"),
        ("api_url", "api.openai.com"),
        ("header_name", "Authorization"),
        ("header_prefix", "Bearer"),
    ];
    let look = browser.submit(&page, "/new", &right).expect(200);
    assert!(look.text().contains("api.openai.com"), "{}", look.text());
    browser.open("/ui/apps/acme").expect(404);
    // It takes the host of a bundled one: that has to be said.
    let take = [("step", "take")];
    let refused = browser.submit(&look, "/new", &take).expect(400);
    assert!(refused.text().contains("Tick the box"));
    let back = browser
        .submit(&look, "/new", &[("step", "edit")])
        .expect(200);
    assert!(back.text().contains("&#34;acme&#34;"), "{}", back.text());
    let agreed = [("step", "take"), ("agreed", "yes")];
    let to = next(browser.submit(&refused, "/new", &agreed));
    let page = browser.open(&to).expect(200).text();
    assert!(
        page.contains("Acme") && page.contains("own definition"),
        "{page}"
    );
    assert_eq!(events(&agent, "provider.registered").len(), 1);
    // Removing it asks first.
    let ask = browser.open("/ui/providers/acme/remove").expect(200);
    browser.open("/ui/apps/acme").expect(200);
    let to = next(browser.submit(&ask, "/remove", &[]));
    let list = browser.open(&to).expect(200).text();
    assert!(list.contains("acme is removed"), "{list}");
    browser.open("/ui/apps/acme").expect(404);
    browser.open("/ui/providers/openai/remove").expect(400);
}

#[test]
fn only_administrators_are_offered_what_counts_for_everybody() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    // On loopback anybody may sign up; the home has its administrator already.
    let mut guest = signed_up(&daemon, "guest@example.test");
    let list = guest.open("/ui/providers").expect(200).text();
    assert!(!list.contains("/ui/providers/new"), "{list}");
    let page = guest.open("/ui/apps/openai").expect(200);
    assert!(page.text().contains("OpenAI is not connected yet"));
    assert!(!page.text().contains("/ui/providers/openai/"));
    for path in ["new", "openai/edit", "openai/remove", "openai/revoke"] {
        let path = format!("/ui/providers/{path}");
        guest.open(&path).expect(403);
        let form = guest.request("POST", &path);
        let form = form.form(&[
            ("csrf", &csrf(&page)),
            ("definition", "{}"),
            ("step", "take"),
        ]);
        guest.send(&form).expect(403);
    }
    // What another has connected is as what nobody has.
    for name in ["default", "none"] {
        for act in ["logout", "reveal"] {
            let path = format!("/ui/apps/openai/{name}/{act}");
            guest.open(&path).expect(404);
        }
        for act in ["default", "refresh", "logout", "reveal"] {
            let path = format!("/ui/apps/openai/{name}/{act}");
            let form = guest.request("POST", &path).form(&[("csrf", &csrf(&page))]);
            let answer = guest.send(&form).expect(404);
            assert!(!answer.text().contains(OPENAI_KEY), "{path}");
        }
    }
    agent.resolve("openai").expect(200);
}

/// Most bytes that a page may have on the wire, once its style sheet is there.
const LARGEST: usize = 10 * 1024;

#[test]
fn with_a_thousand_connections_the_pages_stay_small_on_the_wire() {
    let mut daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let me = agent.get("/whoami").expect(200).json();
    let known = agent.get("/providers").expect(200).json();
    let known = known["bundled"].as_array().unwrap().iter();
    let names: Vec<String> = known
        .take(130)
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect();
    daemon.stop();
    let all = (0..1_000).map(|number| {
        Past::new(&names[number % names.len()], &format!("account-{number}"))
            .default_if(number < names.len())
            .account(&format!("person-{number}@example.test"))
    });
    past::add(daemon.home(), &me, Duration::ZERO, all.collect());
    daemon.start_again();
    let agent = agent.at(&daemon);
    let mut browser = signed_in(&daemon, &agent);
    for path in [
        "/ui/providers".to_owned(),
        "/ui/providers?state=connected".to_owned(),
        "/ui/providers?q=o".to_owned(),
        format!("/ui/apps/{}", names[0]),
    ] {
        let request = browser.request("GET", &path);
        let request = request.header("Accept-Encoding", "gzip");
        let page = browser.send(&request).expect(200);
        assert_eq!(page.header("content-encoding"), Some("gzip"), "{path}");
        assert!(page.body.len() <= LARGEST, "{path}: {}", page.body.len());
    }
}
