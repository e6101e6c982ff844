//! The audit log: looked through, narrowed, opened.

use crate::api::OPENAI_KEY;
use crate::support::agent::Agent;
use crate::support::chromium::Chromium;
use crate::support::daemon::TestDaemon;
use serde_json::{Value, json};
use thirtyfour::By;
use thirtyfour::extensions::query::ElementQueryable as _;

const HOSTILE: &str = "<img src=x onerror=alert(1)>\u{202e}\u{0} \"quoted\" and quite a long note, \
    so that a line of it has to be broken somewhere on a telephone";

fn note(agent: &Agent, event: &str, metadata: &Value) {
    let body = json!({"event": {"event": event, "metadata": metadata}});
    agent.post("/audit/events", &body).expect(200);
}

/// Waits until the page has an element.
async fn sees(browser: &Chromium, selector: &str) {
    let found = browser.page.query(By::Css(selector)).first().await;
    found.unwrap_or_else(|error| panic!("{selector}: {error}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_looks_through_what_happened() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    browser.sign_in(&agent).await;
    agent.log_in("openai", "a-connection-with-quite-a-long-name", OPENAI_KEY);
    agent.resolve("openai").expect(200);
    agent.resolve("github").expect(401);
    for number in 0..60 {
        note(&agent, "step.done", &json!({"number": number}));
    }
    note(
        &agent,
        "deploy.done",
        &json!({"note": HOSTILE, "steps": [1, {"of": 2}]}),
    );
    let page = |rest: &str| format!("{}/audit{rest}", daemon.url());
    browser.open(&page("")).await;
    assert_eq!(browser.heading().await, "Audit");
    browser.inspect("audit").await;
    browser.open(&page("?q=nothing+like+that")).await;
    browser.inspect("audit-nothing").await;
    browser
        .open(&page("?agent=UPPER&since=yesterday&q=x"))
        .await;
    browser.inspect("audit-wrong").await;

    // The list answers while somebody types, and the address goes along.
    browser.open(&page("")).await;
    browser.fill("q", "deploy").await;
    sees(&browser, "#events-found li:first-child:last-child").await;
    let address = browser.page.current_url().await.unwrap();
    assert_eq!(address.query(), Some("q=deploy"));
    let row = browser.page.find(By::Css("#events-found summary")).await;
    row.unwrap().click().await.unwrap();
    sees(&browser, "#events-found details[open] pre").await;
    assert!(browser.text().await.contains("\\u202e"));
    browser.inspect("audit-open").await;
    let link = browser.page.find(By::LinkText("Link to this event")).await;
    link.unwrap().click().await.unwrap();
    sees(&browser, "a.back").await;
    assert_eq!(browser.heading().await, "deploy.done");
    browser.inspect("audit-event").await;

    browser.open(&page("?event=step.done&range=24h")).await;
    browser.inspect("audit-filtered").await;
    browser
        .page
        .find(By::LinkText("Older"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    sees(&browser, "#events-found li:nth-child(10):last-child").await;
    browser.inspect("audit-older").await;
    browser.close().await;
}
