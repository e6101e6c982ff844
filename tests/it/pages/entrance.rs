//! The way in: the first page at home, and the first administrator and agent of a hosted daemon.

use crate::api::OPENAI_KEY;
use crate::support::agent::Agent;
use crate::support::chromium::Chromium;
use crate::support::daemon::TestDaemon;
use crate::support::hosted::PASSWORD;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_home_the_dashboard_opens_signed_in() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let agent = daemon.agent("keeper");
    browser.open(&format!("{}/ui/", daemon.url())).await;
    browser.inspect("sign-in-at-home").await;
    browser.sign_in(&agent).await;
    assert_eq!(browser.heading().await, "Overview");
    agent.log_in("openai", "default", OPENAI_KEY);
    agent.log_in("openai", "a-connection-with-quite-a-long-name", OPENAI_KEY);
    browser.open(&format!("{}/ui/", daemon.url())).await;
    assert!(browser.text().await.contains("OpenAI"));
    for page in ["audit", "nothing-here"] {
        browser.open(&format!("{}/{page}", daemon.url())).await;
        browser.inspect(&page.replace('/', "-")).await;
    }
    browser.open(&format!("{}/ui/", daemon.url())).await;
    browser.press("Sign out").await;
    browser.open(&format!("{}/ui/", daemon.url())).await;
    assert!(!browser.text().await.contains("OpenAI"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosted_the_first_administrator_signs_up_and_accepts_an_agent() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let keys = tempfile::tempdir().unwrap();
    let token = keys.path().join("setup");
    std::fs::write(&token, "a-setup-token-of-an-operator").unwrap();
    let url = free_origin();
    let daemon = TestDaemon::builder()
        .env("AUTHSOME_SERVER_BASE_URL", &url)
        .env("AUTHSOME_SETUP_TOKEN_FILE", token.to_str().unwrap())
        .listen(url.trim_start_matches("http://"))
        .start();
    let agent = Agent::unregistered(daemon.address(), &url, "scout");
    let registered = agent.register().expect(200).json();
    let claim = registered["claim_url"].as_str().unwrap();
    browser.open(claim).await;
    assert_eq!(browser.heading().await, "Sign in");
    browser.inspect("sign-in").await;
    browser.fill("email", "ada@example.test").await;
    browser.fill("password", "not the password").await;
    browser.press("Sign in").await;
    browser.inspect("sign-in-refused").await;
    let sign_up = format!("{url}/auth/register?token=a-setup-token-of-an-operator");
    browser.open(&sign_up).await;
    browser.inspect("sign-up").await;
    browser.fill("email", "ada@example.test").await;
    browser.fill("password", PASSWORD).await;
    browser.press("Create account").await;
    browser.inspect("connections-hosted").await;
    browser.open(claim).await;
    assert!(browser.heading().await.contains("scout"));
    let fingerprint = agent.key.fingerprint();
    assert!(browser.text().await.contains(&fingerprint), "{fingerprint}");
    browser.inspect("claim").await;
    browser.press("Accept").await;
    browser.inspect("claim-accepted").await;
    browser.open(claim).await;
    browser.inspect("claim-used").await;
    for page in ["agents", "people", "settings"] {
        browser.open(&format!("{url}/ui/{page}")).await;
        browser.inspect(&format!("{page}-hosted")).await;
    }
    browser.open(&agent.login_url("openai")).await;
    browser.fill("api_key", OPENAI_KEY).await;
    browser.press("Store the key").await;
    assert!(browser.text().await.contains("successful"));
    agent.resolve("openai").expect(200);
    browser.close().await;
}

/// An origin on loopback that nobody uses.
fn free_origin() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", free.local_addr().unwrap())
}
