//! The first page: what it tells, and how large it may be.

use super::OPENAI_KEY;
use crate::support::daemon::TestDaemon;
use crate::support::live::Live;
use crate::support::past::{self, Past};
use crate::support::people::{signed_in, signed_up};
use authsome::clock::{Clock as _, SystemClock};
use authsome::model::ConnectionState;
use time::Duration;

/// The largest page on the wire, in bytes.
const LARGEST: usize = 10 * 1_024;

#[test]
fn what_does_not_work_is_told_first_then_what_soon_will_not_then_what_nobody_uses() {
    let mut daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let me = agent.get("/whoami").expect(200).json();
    daemon.stop();
    let now = SystemClock.now();
    let all = vec![
        Past::new("openai", "forgotten"),
        Past::new("github", "over").state(ConnectionState::Expired {
            since: now - Duration::hours(2),
        }),
        Past::new("notion", "soon-over").state(ConnectionState::Connected {
            expires_at: Some(now + Duration::days(1)),
        }),
        Past::new("linear", "not-answered").trouble("linear did not answer"),
        Past::new("slack", "gone").state(ConnectionState::Revoked {
            at: now - Duration::days(3),
        }),
    ];
    past::add(daemon.home(), &me, Duration::days(40), all);
    daemon.start_again();
    let agent = agent.at(&daemon);
    let mut browser = signed_in(&daemon, &agent);
    let page = browser.open("/ui/").expect(200).text();
    let told = page.split_once("id=\"attention\"").unwrap().1;
    let told = told.split_once("</section>").unwrap().0;
    let order = ["over", "gone", "not-answered", "soon-over", "forgotten"];
    let places = order.map(|name| told.find(&format!(">{name}<")).unwrap());
    assert!(places.is_sorted(), "{told}");
    for part in [
        "authsome login github --connection over",
        "/ui/apps/github?again=over#connect",
        "Linear did not answer.",
        "/ui/apps/openai/forgotten/logout",
        "data-until=",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("/ui/apps/linear/not-answered/logout"));
}

#[test]
fn a_first_run_is_guided_until_something_was_used() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let mut browser = signed_in(&daemon, &agent);
    let mut guest = signed_up(&daemon, "guest@example.test");
    let page = guest.open("/ui/").expect(200).text();
    for step in ["authsome init", "authsome login openai", "authsome run -- "] {
        assert!(page.contains(step), "{step}: {page}");
    }
    let page = browser.open("/ui/").expect(200).text();
    assert!(
        page.contains("<li class=\"done\"><strong>Let an agent"),
        "{page}"
    );
    agent.log_in("openai", "default", OPENAI_KEY);
    let page = browser.open("/ui/").expect(200).text();
    assert!(page.contains("One step is left"), "{page}");
    for _ in 0..3 {
        agent.resolve("openai").expect(200);
    }
    let page = browser.open("/ui/").expect(200).text();
    assert!(!page.contains("authsome run -- "), "{page}");
    assert!(
        page.contains("<span class=\"mono\">scout</span> used"),
        "{page}"
    );
    assert!(page.contains("3 times"), "{page}");
    // Nobody else is told.
    let page = guest.open("/ui/").expect(200).text();
    assert!(
        !page.contains("scout") && !page.contains("href=\"/audit\""),
        "{page}"
    );
}

#[test]
fn a_thousand_connections_and_fifty_agents_make_a_small_page() {
    let mut daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let me = agent.get("/whoami").expect(200).json();
    for number in 0..50 {
        daemon.agent(&format!("agent-{number}"));
    }
    daemon.stop();
    let all = (0..1_000).map(|number| Past::new("openai", &format!("account-{number}")));
    past::add(daemon.home(), &me, Duration::days(40), all.collect());
    daemon.start_again();
    let agent = agent.at(&daemon);
    let mut browser = signed_in(&daemon, &agent);
    let request = browser.request("GET", "/ui/");
    let request = request.header("Accept-Encoding", "gzip");
    let page = browser.send(&request).expect(200);
    assert_eq!(page.header("content-encoding"), Some("gzip"));
    assert!(page.body.len() <= LARGEST, "{}", page.body.len());
    let page = browser.open("/ui/").expect(200).text();
    assert!(page.contains("and 994 more"), "{page}");
    assert!(page.contains("and 46 more"), "{page}");
}

#[test]
fn two_hundred_open_pages_cost_little_memory() {
    const EACH: usize = 20;
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let owner = signed_in(&daemon, &agent);
    let people: Vec<_> = (0..10)
        .map(|number| signed_up(&daemon, &format!("guest-{number}@example.test")))
        .collect();
    // What is made once for all is there.
    let first: Vec<_> = (0..10)
        .map(|_| Live::open(&owner, daemon.address(), None))
        .collect();
    let before = daemon.resident_kib();
    let at = daemon.address();
    let open = |browser| (0..EACH).map(move |_| Live::open(browser, at, None));
    let tabs: Vec<Live> = people.iter().flat_map(open).collect();
    assert!(tabs.iter().all(|tab| tab.head.status == 200));
    let grown = daemon.resident_kib().saturating_sub(before);
    assert!(grown <= 200 * 100, "{grown} KiB for {} pages", tabs.len());
    drop(first);
}
