//! Settings: browsers, the own password, and what the daemon is.

use crate::support::chromium::Chromium;
use crate::support::daemon::TestDaemon;
use crate::support::hosted::PASSWORD;
use crate::support::oauth_home::{CLIENT_ID, CLIENT_SECRET, OAuthHome, begin};
use serde_json::json;
use thirtyfour::By;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_of_a_home_sees_what_it_is_and_signs_other_browsers_out() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let keeper = daemon.agent("keeper");
    let mut elsewhere = daemon.browser();
    for _ in 0..2 {
        let url = keeper.post("/session", &json!({})).expect(200).json();
        // Two browsers, as each forgets the cookie of the one before.
        elsewhere.cookies.clear();
        elsewhere.open(url["url"].as_str().unwrap()).expect(200);
    }
    browser.sign_in(&keeper).await;
    browser.follow("Settings").await;
    assert_eq!(browser.heading().await, "Settings");
    browser.says("Chrome on Linux this one").await;
    browser.says(daemon.home().to_str().unwrap()).await;
    browser.says("this computer").await;
    browser.inspect("settings").await;
    browser.press("Sign out").await;
    assert_eq!(browser.heading().await, "Sign in");
    browser.sign_in(&keeper).await;
    browser.follow("Settings").await;
    browser.press("Sign out all others").await;
    browser
        .says("You are signed out in all other browsers")
        .await;
    browser.inspect("settings-one-browser").await;
    elsewhere.open("/ui/").expect(401);
    browser
        .open(&format!("{}/ui/settings/password", daemon.url()))
        .await;
    browser.says("You have no password").await;
    browser.inspect("password-at-home").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_with_a_password_changes_it() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    browser
        .open(&format!("{}/auth/register", daemon.url()))
        .await;
    browser.fill("email", "guest@example.test").await;
    browser.fill("password", PASSWORD).await;
    browser.press("Create account").await;
    // Where the account was before there were settings.
    browser.open(&format!("{}/ui/account", daemon.url())).await;
    assert_eq!(browser.heading().await, "Settings");
    browser.inspect("settings-of-a-user").await;
    browser.follow("Change password…").await;
    browser.inspect("password").await;
    browser.fill("current", "not the password").await;
    browser.fill("new", "another good password").await;
    browser.press("Change password").await;
    browser.says("The current password is wrong").await;
    browser.inspect("password-refused").await;
    browser.fill("current", PASSWORD).await;
    browser.fill("new", "another good password").await;
    browser.press("Change password").await;
    browser.says("Your password is changed").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_changed_once_its_connections_may_end() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let home = OAuthHome::start();
    let keeper = home.daemon.agent("keeper");
    let clients = format!("{}/ui/settings/clients", home.daemon.url());
    browser.sign_in(&keeper).await;
    browser.open(&clients).await;
    browser.says("None yet").await;
    browser.inspect("clients-empty").await;
    browser.open(&format!("{clients}/acme")).await;
    browser.inspect("client-new").await;
    browser.fill("client_id", CLIENT_ID).await;
    browser.fill("client_secret", CLIENT_SECRET).await;
    browser.press("Set the client").await;
    browser
        .says("Acme knows this daemon by this client now")
        .await;
    assert!(!browser.source().await.contains(CLIENT_SECRET));
    browser.inspect("clients").await;

    let login = begin(&keeper, &json!({}));
    let url = login["next_action"]["url"].as_str().unwrap();
    browser.open(url).await;
    browser.press("Continue to Acme").await;
    browser.press("Allow").await;
    keeper.resolve("acme").expect(200);
    browser.open(&clients).await;
    browser.says("got 1 connection").await;
    browser.follow("Forget…").await;
    browser.says("1 connection").await;
    browser.inspect("client-forget").await;
    browser.follow("Keep it").await;
    browser.follow("Change…").await;
    browser.says("End 1 connection").await;
    browser.inspect("client-change").await;
    browser.fill("client_id", "another-client").await;
    // The browser itself asks for the agreement.
    browser.press_in_vain("Put it in its place").await;
    keeper.resolve("acme").expect(200);
    let agreement = browser.page.find(By::Id("ends")).await.unwrap();
    agreement.click().await.unwrap();
    browser.press("Put it in its place").await;
    browser.says("another-client").await;
    browser.says("got 0 connections").await;
    assert_ne!(keeper.resolve("acme").status, 200);
    browser.close().await;
}
