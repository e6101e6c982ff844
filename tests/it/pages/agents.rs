//! Agents: listed, looked at, ended.

use crate::api::OPENAI_KEY;
use crate::support::chromium::Chromium;
use crate::support::daemon::TestDaemon;
use crate::support::hosted::PASSWORD;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_is_looked_at_and_its_access_ended() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let at = |path: &str| format!("{}{path}", daemon.url());
    // What an agent opened would end with it; the one that is ended is another.
    let keeper = daemon.agent("keeper");
    let scout = daemon.agent("scout");
    daemon.agent("an-agent-with-quite-a-long-name-that-somebody-once-thought-of-1");
    scout.log_in("openai", "a-connection-with-quite-a-long-name", OPENAI_KEY);
    scout.resolve("openai").expect(200);
    browser.sign_in(&keeper).await;
    browser.follow("Agents").await;
    assert_eq!(browser.heading().await, "Agents");
    browser.says(&scout.key.fingerprint()).await;
    browser.says("1 connection").await;
    browser.inspect("agents").await;
    browser.follow("scout").await;
    browser.says(scout.key.did().as_str()).await;
    browser.says("a-connection-with-quite-a-long-name").await;
    browser.says("credential.resolved").await;
    assert!(!browser.source().await.contains(OPENAI_KEY));
    browser.inspect("agent").await;
    browser.follow("End access…").await;
    browser.inspect("agent-end").await;
    browser.follow("Keep it").await;
    scout.resolve("openai").expect(200);
    browser.follow("End access…").await;
    browser.press("End access").await;
    browser
        .says("scout cannot use any connection any more")
        .await;
    browser.inspect("agent-ended").await;
    scout.resolve("openai").expect(403);
    browser.open(&at("/ui/agents/scout")).await;
    browser.says("you, no more").await;
    browser.inspect("agent-over").await;
    // The one through which this browser was opened takes it along.
    browser.open(&at("/ui/agents/keeper/revoke")).await;
    browser.says("signed out here, too").await;
    browser.press("End access").await;
    assert_eq!(browser.heading().await, "Sign in");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_without_an_agent_is_told_how_to_get_one() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let at = |path: &str| format!("{}{path}", daemon.url());
    daemon.agent("scout");
    browser.open(&at("/auth/register")).await;
    browser.fill("email", "guest@example.test").await;
    browser.fill("password", PASSWORD).await;
    browser.press("Create account").await;
    browser.open(&at("/ui/agents")).await;
    browser.says("No agent acts for you yet").await;
    browser.inspect("agents-empty").await;
    browser.open(&at("/ui/agents?q=nothing")).await;
    browser.says("No agent is like that").await;
    browser.inspect("agents-none-found").await;
    browser.open(&at("/ui/agents/scout")).await;
    assert_eq!(browser.heading().await, "There is nothing here");
    browser.close().await;
}
