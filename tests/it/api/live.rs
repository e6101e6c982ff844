//! What an open page hears.

use super::OPENAI_KEY;
use crate::support::browser::Browser;
use crate::support::daemon::TestDaemon;
use crate::support::live::{Live, known};
use crate::support::people::{signed_in, signed_up};
use crate::support::postgres::TestPostgres;
use crate::support::replicas::Replicas;
use serde_json::json;

#[test]
fn a_browser_that_is_not_signed_in_hears_nothing() {
    let daemon = TestDaemon::start();
    let live = Live::open(&daemon.browser(), daemon.address(), None);
    assert_eq!(live.head.status, 401);
    let mut browser = daemon.browser();
    let name = format!("authsome_session_{}", daemon.address().port());
    browser.cookies.insert(name, "made-up".into());
    let live = Live::open(&browser, daemon.address(), None);
    assert_eq!(live.head.status, 401);
}

#[test]
fn what_an_agent_does_is_heard_and_nothing_is_told_of_it() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let browser = signed_in(&daemon, &agent);
    let mut live = Live::open(&browser, daemon.address(), None);
    assert_eq!(live.head.header("content-type"), Some("text/event-stream"));
    assert_eq!(live.head.header("cache-control"), Some("no-store"));
    assert_eq!(live.head.header("content-encoding"), None);
    agent.log_in("openai", "default", OPENAI_KEY);
    let told = live.next().unwrap();
    let lines: Vec<&str> = told.lines().collect();
    let [id, "event: changed", "data: 1"] = lines.as_slice() else {
        panic!("{told}");
    };
    assert_eq!(id.len(), "id: ".len() + 16, "{id}");
}

#[test]
fn what_happened_between_a_page_and_its_stream_is_told_at_once() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let mut browser = signed_in(&daemon, &agent);
    let page = browser.open("/ui/").expect(200);
    agent.log_in("openai", "default", OPENAI_KEY);
    let mut live = Live::open(&browser, daemon.address(), Some(&known(&page)));
    assert_eq!(live.event().as_deref(), Some("changed"));
    // A page that knows it hears nothing before the next thing that happens: the sign-out.
    let page = browser.open("/ui/").expect(200);
    let mut live = Live::open(&browser, daemon.address(), Some(&known(&page)));
    browser.submit(&page, "/logout", &[]).expect(303);
    assert_eq!(live.event().as_deref(), Some("ended"));
    assert_eq!(live.next(), None);
}

#[test]
fn somebody_who_signs_out_hears_no_more_in_any_tab() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let (mut one, other) = (signed_in(&daemon, &agent), signed_in(&daemon, &agent));
    let page = one.open("/ui/").expect(200);
    let mut tabs = [(); 3].map(|()| Live::open(&one, daemon.address(), None));
    let mut elsewhere = Live::open(&other, daemon.address(), None);
    one.submit(&page, "/logout", &[]).expect(303);
    for tab in &mut tabs {
        assert_eq!(tab.event().as_deref(), Some("ended"));
        assert_eq!(tab.next(), None);
    }
    assert_eq!(elsewhere.event().as_deref(), Some("changed"));
    // An agent that ends takes along the browsers that it signed in.
    let keeper = daemon.agent("keeper");
    let mut third = signed_in(&daemon, &keeper);
    let page = third.open("/ui/agents/scout/revoke").expect(200);
    third
        .submit(&page, "/ui/agents/scout/revoke", &[])
        .expect(303);
    while elsewhere.event().unwrap() != "ended" {}
    assert_eq!(elsewhere.next(), None);
}

#[test]
fn a_person_hears_of_nobody_else_and_an_administrator_of_everybody() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let mut owner = signed_in(&daemon, &agent);
    let mut guest = signed_up(&daemon, "guest@example.test");
    let page = guest.open("/ui/").expect(200);
    let mut to_guest = Live::open(&guest, daemon.address(), Some(&known(&page)));
    agent.log_in("openai", "default", OPENAI_KEY);
    let own = owner.open("/ui/").expect(200);
    let mut to_owner = Live::open(&owner, daemon.address(), Some(&known(&own)));
    // A sign-out of one is a reason for all to look whether they are still signed in.
    guest.submit(&page, "/logout", &[]).expect(303);
    assert_eq!(to_guest.event().as_deref(), Some("ended"));
    assert_eq!(to_owner.event().as_deref(), Some("changed"));
}

#[test]
fn a_daemon_that_stops_waits_for_no_open_page() {
    let mut daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let browser = signed_in(&daemon, &agent);
    let mut live = Live::open(&browser, daemon.address(), None);
    assert!(daemon.stop().success());
    while live.next().is_some() {}
    let said = daemon.stderr();
    assert!(!said.contains("still under way"), "{said}");
}

#[test]
fn one_page_too_many_is_told_to_come_back_and_is_a_page_all_the_same() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let mut browser = signed_in(&daemon, &agent);
    let open = |browser: &Browser| Live::open(browser, daemon.address(), None);
    let tabs: Vec<Live> = (0..20).map(|_| open(&browser)).collect();
    let refused = open(&browser);
    assert_eq!(refused.head.status, 429);
    assert_eq!(refused.head.header("retry-after"), Some("30"));
    browser.open("/ui/").expect(200);
    drop(tabs);
    // The daemon notices that they are gone when it has something to say.
    while open(&browser).head.status != 200 {
        agent.log_in("openai", "default", OPENAI_KEY);
    }
}

#[test]
fn what_happens_at_another_replica_is_heard() {
    let Some(postgres) = TestPostgres::shared() else {
        return;
    };
    let replicas = Replicas::start(postgres);
    let [here, there] = &replicas.daemons;
    let mut browser = signed_in(there, &replicas.agent);
    let page = browser.open("/ui/").expect(200);
    let mut live = Live::open(&browser, there.address(), Some(&known(&page)));
    let wish = json!({"provider": "acme", "connection": "second"});
    replicas.agent.post("/auth/sessions", &wish).expect(200);
    assert_eq!(live.event().as_deref(), Some("changed"));
    // The same session at the other daemon, where the cookie has the name of another port.
    let session = |port: u16| format!("authsome_session_{port}");
    let token = browser.cookies[&session(there.address().port())].clone();
    let mut at_here = here.browser();
    at_here
        .cookies
        .insert(session(here.address().port()), token);
    let page = at_here.open("/ui/").expect(200);
    at_here.submit(&page, "/logout", &[]).expect(303);
    while live.event().unwrap() != "ended" {}
    assert_eq!(live.next(), None);
}
