//! Providers: found, connected, looked after, defined.

use crate::api::OPENAI_KEY;
use crate::support::chromium::Chromium;
use crate::support::daemon::TestDaemon;
use crate::support::oauth_home::{CLIENT_ID, CLIENT_SECRET, OAuthHome};
use crate::support::oauth_server::{Endpoint, Fault};
use serde_json::json;
use thirtyfour::By;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_is_found_while_typing_connected_and_its_secret_seen_for_a_moment() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    browser.sign_in(&agent).await;
    let at = |path: &str| format!("{}{path}", daemon.url());
    browser.open(&at("/ui/connections")).await;
    browser.says("Nothing is connected yet").await;
    browser.inspect("providers-empty").await;
    browser.open(&at("/ui/providers")).await;
    browser.inspect("providers").await;
    // The list answers while one types; the page stays.
    browser.fill("q", "openai").await;
    let openai = "//a[@class='tile'][contains(.,'OpenAI')]";
    browser
        .wait_for("//p[@class='count'][not(contains(.,' of '))]")
        .await;
    browser.wait_for(openai).await;
    browser
        .page
        .find(By::XPath(openai))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    browser.wait_for("//h1[.='OpenAI']").await;
    browser.says("OpenAI is not connected yet").await;
    browser.says("authsome login openai").await;
    browser.inspect("provider-empty").await;
    browser.press("Connect").await;
    browser.says("Asked by\nyou").await;
    browser.inspect("form-of-a-person").await;
    browser.fill("api_key", OPENAI_KEY).await;
    browser.press("Store the key").await;
    browser.says("Login successful").await;
    browser.inspect("form-of-a-person-done").await;
    browser.follow("Go to OpenAI").await;
    browser.says("connected").await;
    browser.inspect("provider").await;
    browser.fill("connection", "default").await;
    browser.press("Connect").await;
    browser.says("is connected already").await;
    browser.inspect("provider-problem").await;

    browser.follow("Reveal…").await;
    assert!(!browser.source().await.contains(OPENAI_KEY));
    browser.inspect("reveal-ask").await;
    browser.press("Show it").await;
    browser.says(OPENAI_KEY).await;
    browser.inspect("reveal").await;
    browser.follow("Hide it now").await;
    // After its seconds it is gone by itself; in this browser they are over at once.
    let hasty = "const wait = setTimeout;
        window.setTimeout = (then, time) => wait(then, time < 20000 ? time : 0);";
    let cdp = browser.page.cdp();
    let script = json!({"source": hasty});
    cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", script)
        .await
        .unwrap();
    browser.follow("Reveal…").await;
    browser.press("Show it").await;
    browser.wait_for("//h1[.='OpenAI']").await;
    assert!(!browser.source().await.contains(OPENAI_KEY));
    let log = agent.get("/audit/events?limit=20").expect(200).json();
    assert!(log.to_string().contains("credential.revealed"), "{log}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_connected_by_oauth_renewed_and_logged_out() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    browser.sign_in(&agent).await;
    let page = format!("{}/ui/apps/acme", home.daemon.url());
    browser.open(&page).await;
    browser.says("Acme does not know this daemon yet").await;
    browser.inspect("oauth-empty").await;
    browser.press("Connect").await;
    assert_eq!(browser.heading().await, "Connect Acme");
    browser.inspect("consent-of-a-person").await;
    browser.fill("client_id", CLIENT_ID).await;
    browser.fill("client_secret", CLIENT_SECRET).await;
    browser.press("Continue to Acme").await;
    browser.press("Allow").await;
    browser.says("Login successful").await;
    browser.follow("Go to Acme").await;
    browser.says("renews itself").await;
    assert!(!browser.text().await.contains("does not know"));
    browser.inspect("oauth").await;
    agent.resolve("acme").expect(200);
    browser.press("Refresh now").await;
    browser.says("default is renewed").await;
    browser.press("Refresh now").await;
    browser.says("was renewed a moment ago").await;
    browser.inspect("oauth-renewed").await;

    browser.fill("connection", "work").await;
    browser.press("Connect").await;
    browser.press("Continue to Acme").await;
    browser.press("Deny").await;
    browser.says("Not connected").await;
    browser.inspect("consent-of-a-person-denied").await;
    browser.follow("Go to Acme").await;
    browser.fill("connection", "work").await;
    browser.press("Connect").await;
    browser.press("Continue to Acme").await;
    browser.press("Allow").await;
    browser.follow("Go to Acme").await;
    browser.press("Make default").await;
    browser.says("work is the default now").await;
    // The provider is away: why, and that what there is still works.
    let away = Some(Fault::Status(503));
    home.server.fault(Endpoint::Token, away);
    browser.press("Refresh now").await;
    browser.says("could not be renewed").await;
    browser.says("renewal fails").await;
    browser.inspect("oauth-trouble").await;
    browser
        .open(&format!(
            "{}/ui/providers?state=attention",
            home.daemon.url()
        ))
        .await;
    browser.says("needs attention").await;
    browser.inspect("providers-attention").await;
    home.server.fault(Endpoint::Token, None);
    browser.open(&page).await;
    browser.follow("Log in again").await;
    browser.inspect("oauth-again").await;
    browser.press("Log in").await;
    assert_eq!(browser.heading().await, "Connect Acme");
    browser.press("Cancel").await;
    browser.follow("Go to Acme").await;
    browser.follow("Log out…").await;
    browser.inspect("log-out-ask").await;
    browser.press("Log out").await;
    browser.says("work is logged out").await;
    // What is left is the default.
    agent.resolve("acme").expect(200);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_is_written_changed_and_removed() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    browser.sign_in(&agent).await;
    browser
        .open(&format!("{}/ui/providers", daemon.url()))
        .await;
    browser.follow("Add your own").await;
    browser.inspect("definition-new").await;
    browser.fill("name", "Acme Labs").await;
    browser.fill("display_name", "Acme").await;
    browser.fill("api_url", "http://acme.example").await;
    browser.press("Look at it").await;
    browser
        .wait_for("//input[@name='name'][@aria-invalid='true']")
        .await;
    browser.inspect("definition-wrong").await;
    browser.fill("name", "acme").await;
    browser.fill("api_url", "api.openai.com").await;
    browser.press("Look at it").await;
    assert_eq!(browser.heading().await, "Add Acme?");
    browser.inspect("definition-review").await;
    browser.press("Add it").await;
    browser.says("Tick the box").await;
    browser.inspect("definition-review-unticked").await;
    let agreed = browser.page.find(By::Id("agreed")).await.unwrap();
    agreed.click().await.unwrap();
    browser.press("Add it").await;
    browser.says("The definition is in use").await;

    browser.follow("Edit the definition").await;
    browser.inspect("definition-edit").await;
    browser
        .fill("definition", "{ \"name\": \"acme\",\n  \"api_url\": 7 }")
        .await;
    browser.press("Look at it").await;
    browser.says("line 2").await;
    browser.inspect("definition-edit-wrong").await;
    let better = json!({
        "name": "acme", "display_name": "Acme Labs", "auth_type": "api_key", "flow": "api_key",
        "api_url": "api.acme.example", "api_key": {"header_name": "Authorization"},
    });
    browser.fill("definition", &better.to_string()).await;
    browser.press("Look at it").await;
    assert_eq!(browser.heading().await, "Change Acme Labs?");
    let agreed = browser.page.find(By::Id("agreed")).await.unwrap();
    agreed.click().await.unwrap();
    browser.press("Change it").await;
    assert_eq!(browser.heading().await, "Acme Labs");
    browser.follow("Remove the definition…").await;
    browser.inspect("definition-remove").await;
    browser.press("Remove it").await;
    browser.says("The definition of acme is removed").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_are_paged_and_searched() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    for number in 10..65 {
        agent.log_in("openai", &format!("account-{number}"), OPENAI_KEY);
    }
    browser.sign_in(&agent).await;
    browser
        .open(&format!("{}/ui/apps/openai", daemon.url()))
        .await;
    browser.inspect("provider-full").await;
    browser.follow("More").await;
    browser.says("account-64").await;
    browser.fill("q", "account-33").await;
    browser.wait_for("//ul[@class='rows'][count(li)=1]").await;
    browser.says("account-33").await;
    browser.fill("q", "nobody").await;
    browser.wait_for("//p[@class='empty']").await;
    browser.inspect("provider-nobody").await;
    browser
        .open(&format!("{}/ui/providers/openai/revoke", daemon.url()))
        .await;
    browser.says("55 connections end").await;
    browser.inspect("revoke-ask").await;
    browser.press("Log everybody out").await;
    browser.says("Everybody is logged out of it").await;
    agent.resolve("openai").expect(401);
    browser.close().await;
}
