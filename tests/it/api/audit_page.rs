//! The audit log as an administrator meets it in a browser, and what of it can be taken away.

use super::OPENAI_KEY;
use crate::support::agent::Agent;
use crate::support::browser::Browser;
use crate::support::daemon::TestDaemon;
use crate::support::people::{signed_in, signed_up};
use serde_json::{Value, json};

const HOSTILE: &str = "\"><script>alert(1)</script>\u{202e}";

/// A home with some events, and a browser of its administrator.
fn house() -> (TestDaemon, Agent, Browser) {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    agent.resolve("openai").expect(200);
    agent.resolve("github").expect(401);
    note(
        &agent,
        "deploy.done",
        &json!({"note": HOSTILE, "formula": "=1+1"}),
    );
    let browser = signed_in(&daemon, &agent);
    (daemon, agent, browser)
}

fn note(agent: &Agent, event: &str, metadata: &Value) {
    let body = json!({"event": {"event": event, "metadata": metadata}});
    agent.post("/audit/events", &body).expect(200);
}

/// How many events a page of the list shows.
fn rows(page: &str) -> usize {
    page.matches("<summary><time").count()
}

#[test]
fn the_list_narrows_as_it_is_asked_to() {
    let (_daemon, _, mut browser) = house();
    let mut shows = |query: &str| browser.open(&format!("/audit?{query}")).expect(200).text();
    let whole = shows("");
    assert!(rows(&whole) >= 4, "{whole}");
    for (query, count) in [
        ("event=credential.resolved", 1),
        ("event=deploy.done&agent=scout", 1),
        ("outcome=refused&q=no+such+thing", 0),
        (
            "provider=openai&connection=default&event=login.completed",
            1,
        ),
        ("q=DEPLOY", 1),
        ("q=%22%3E%3Cscript", 1),
        ("since=2020-01-01&until=2020-01-02", 0),
        ("range=1h&event=deploy.done", 1),
        ("agent=nobody", 0),
    ] {
        assert_eq!(rows(&shows(query)), count, "{query}");
    }
    let narrowed = shows("event=deploy.done");
    // What is shown can be sent to somebody, taken away, and asked for more of the same.
    assert!(
        narrowed.contains("href=\"/audit/export?event=deploy.done&#38;format=csv\""),
        "{narrowed}"
    );
    assert!(
        narrowed.contains("href=\"/audit?agent=scout\""),
        "{narrowed}"
    );
    assert!(narrowed.contains("href=\"/ui/agents/scout\""), "{narrowed}");
    assert!(narrowed.contains("aria-label=\"1 event"), "{narrowed}");
}

#[test]
fn nothing_that_an_agent_reports_gets_into_the_markup() {
    let (_daemon, _, mut browser) = house();
    let page = browser.open("/audit").expect(200).text();
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(page.contains("&#60;script&#62;alert(1)"), "{page}");
    assert!(page.contains("\\u202e"), "{page}");
    let hostile = "/audit?q=%3Cscript%3E&agent=%22%3E%3Cb%3E&since=%27&event=%3C&principal=%3C";
    let page = browser.open(hostile).expect(200).text();
    assert!(
        !page.contains("<script>") && !page.contains("\"><b>"),
        "{page}"
    );
}

#[test]
fn a_wrong_field_is_told_at_the_field_and_shows_nothing() {
    let (_daemon, _, mut browser) = house();
    for (field, value) in [
        ("agent", "UPPER"),
        ("provider", "a/b"),
        ("connection", ".."),
        ("principal", "a+b"),
        ("event", "two+words"),
        ("outcome", "perhaps"),
        ("range", "1y"),
        ("since", "yesterday"),
        ("until", "2026-13-40"),
        ("q", "%00"),
    ] {
        let page = browser.open(&format!("/audit?{field}={value}")).expect(200);
        let page = page.text();
        let told = format!("id=\"{field}-problem\" data-part><p class=\"problem\">");
        assert!(page.contains(&told), "{field}: {page}");
        assert!(page.contains("Nothing is shown until"), "{page}");
        assert_eq!(rows(&page), 0);
        let export = format!("/audit/export?format=csv&{field}={value}");
        browser.open(&export).expect(422);
    }
    browser.open("/audit?older=x").expect(422);
    browser.open("/audit?newer=1").expect(422);
    browser.open("/audit?q=a&q=b").expect(422);
    browser.open("/audit/export").expect(422);
    browser.open("/audit/export?format=xlsx").expect(422);
}

#[test]
fn a_time_that_cannot_be_calculated_with_is_a_wrong_field() {
    let (_daemon, agent, mut browser) = house();
    for time in [
        "9999-12-31T23:59:59-23:59",
        "9999-12-31",
        "0000-01-01T00:00:00%2B23:59",
        "-9999-01-01",
        "1969-12-31",
    ] {
        for field in ["since", "until"] {
            let page = browser.open(&format!("/audit?{field}={time}")).expect(200);
            let told = format!("id=\"{field}-problem\" data-part><p class=\"problem\">");
            assert!(page.text().contains(&told), "{field}: {time}");
            let export = format!("/audit/export?format=csv&{field}={time}");
            browser.open(&export).expect(422);
        }
    }
    for time in ["1970-01-01", "9998-12-31T23:59:59"] {
        for field in ["since", "until"] {
            let page = browser.open(&format!("/audit?{field}={time}")).expect(200);
            assert!(!page.text().contains("class=\"problem\""), "{time}");
        }
    }
    for time in ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00%2B23:59"] {
        for field in ["since", "until"] {
            let path = format!("/audit/events?{field}={time}");
            let status = agent.get(&path).status;
            assert!(matches!(status, 200 | 422), "{path}: {status}");
        }
    }
}

#[test]
fn whoever_is_no_administrator_sees_none_of_it() {
    let daemon = TestDaemon::start();
    let mut guest = signed_up(&daemon, "guest@example.test");
    for page in [
        "/audit",
        "/audit?agent=UPPER",
        "/audit/events/evt_1",
        "/audit/export?format=csv",
    ] {
        let text = guest.open(page).expect(403).text();
        assert!(
            text.contains("only an administrator") || text.contains("Only an administrator"),
            "{text}"
        );
    }
    let mut stranger = daemon.browser();
    stranger.open("/audit/export?format=csv").expect(401);
}

#[test]
fn pages_lead_on_and_back() {
    let (_daemon, agent, mut browser) = house();
    for number in 0..120 {
        note(&agent, "step.done", &json!({"number": number}));
    }
    let first = browser.open("/audit?event=step.done").expect(200).text();
    let link = |page: &str, label: &str| {
        let (before, _) = page.split_once(&format!("\">{label}</a>"))?;
        let (_, href) = before.rsplit_once("href=\"")?;
        Some(href.replace("&#38;", "&"))
    };
    assert_eq!((rows(&first), link(&first, "Newer")), (50, None));
    let mut page = first.clone();
    let mut seen = rows(&page);
    while let Some(older) = link(&page, "Older") {
        page = browser.open(&older).expect(200).text();
        seen += rows(&page);
    }
    assert_eq!((seen, rows(&page)), (120, 20));
    let back = browser
        .open(&link(&page, "Newer").unwrap())
        .expect(200)
        .text();
    assert_eq!(rows(&back), 50);
    let newest = browser
        .open(&link(&back, "Newer").unwrap())
        .expect(200)
        .text();
    assert_eq!(rows(&newest), 50);
    assert_eq!(
        link(&newest, "Newer"),
        None,
        "the first page is the first page"
    );
}

#[test]
fn an_event_has_an_address_that_stays() {
    let (_daemon, agent, mut browser) = house();
    let whole = format!("{}-end", "x".repeat(3_000));
    note(&agent, "long.told", &json!({"note": whole}));
    let entries = agent
        .get("/audit/events?event=long.told")
        .expect(200)
        .json();
    let id = entries["entries"][0]["event_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let list = browser.open("/audit").expect(200).text();
    assert!(list.contains(&format!("href=\"/audit/events/{id}\"")));
    assert!(!list.contains("x-end"), "a row shows only the beginning");
    let page = browser
        .open(&format!("/audit/events/{id}"))
        .expect(200)
        .text();
    assert!(page.contains("x-end") && page.contains("long.told"));
    for nobody in ["evt_1", "evt_0192f3a1b2c37d4e8f5061728394a5b6"] {
        browser.open(&format!("/audit/events/{nobody}")).expect(404);
    }
    browser.open("/audit/events/a%2Fb").expect(422);
}

#[test]
fn what_is_shown_can_be_taken_away_and_that_is_written_down() {
    let (_daemon, agent, mut browser) = house();
    let answer = browser
        .open("/audit/export?format=jsonl&agent=scout")
        .expect(200);
    let name = answer.header("content-disposition").unwrap();
    assert!(
        name.starts_with("attachment; filename=\"authsome-audit-"),
        "{name}"
    );
    let text = answer.text();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() >= 4, "{text}");
    assert!(lines.iter().all(|line| line["identity"] == "scout"));
    let found = agent
        .get("/audit/events?event=audit.exported")
        .expect(200)
        .json();
    let event = &found["entries"][0];
    assert_eq!(event["metadata"]["format"], "jsonl");
    assert_eq!(event["metadata"]["filter"]["identity"], "scout");
    let answer = browser
        .open("/audit/export?format=csv&event=deploy.done")
        .expect(200);
    let text = answer.text();
    let head = "timestamp,event_id,event,source,status,identity,principal_id,provider,connection,metadata\r\n";
    assert!(text.starts_with(head) && text.ends_with("\r\n"), "{text}");
    assert_eq!(text.matches("\r\n").count(), 2, "{text}");
    assert!(
        text.contains("deploy.done,external,success,scout,"),
        "{text}"
    );
    assert!(text.contains(r#""{""note"":"#), "{text}");
}

#[test]
fn an_export_ends_wherever_the_list_stood() {
    let (_daemon, _, mut browser) = house();
    for place in ["newer=9.9", "newer=9999999999999.9", "older=9.9"] {
        let export = format!("/audit/export?format=csv&event=deploy.done&{place}");
        let text = browser.open(&export).expect(200).text();
        assert_eq!(text.matches("\r\n").count(), 2, "{place}: {text}");
    }
}

#[test]
fn looking_ahead_with_head_exports_nothing() {
    let (_daemon, agent, mut browser) = house();
    let looked = browser.send(&browser.request("HEAD", "/audit/export?format=csv"));
    assert_eq!(looked.status, 200);
    let found = agent
        .get("/audit/events?event=audit.exported")
        .expect(200)
        .json();
    assert_eq!(found["entries"], json!([]));
}

#[test]
fn a_search_of_the_api_takes_text_and_account() {
    let (_daemon, agent, _) = house();
    let me = agent.get("/whoami").expect(200).json();
    let count = |query: &str| {
        let found = agent
            .get(&format!("/audit/events?{query}"))
            .expect(200)
            .json();
        found["entries"].as_array().unwrap().len()
    };
    assert_eq!(count("q=deploy"), 1);
    assert_eq!(count("q=nothing-like-that"), 0);
    let principal = me["principal_id"].as_str().unwrap();
    assert!(count(&format!("principal_id={principal}")) > 2);
    agent.get("/audit/events?q=").expect(422);
    agent.get("/audit/events?q=%00").expect(422);
    agent.get("/audit/events?event=%00").expect(422);
}
