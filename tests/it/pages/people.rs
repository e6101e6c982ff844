//! People: invited, made administrators, shut out.

use super::providers::{follow, says, sign_in};
use crate::support::chromium::Chromium;
use crate::support::daemon::TestDaemon;
use thirtyfour::By;

fn sign_up(daemon: &TestDaemon, email: &str) {
    let mut browser = daemon.browser();
    let page = browser.open("/auth/register").expect(200);
    let fields = [("email", email), ("password", "correct horse battery")];
    browser.submit(&page, "/auth/register", &fields).expect(303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_looks_after_people() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let keeper = daemon.agent("keeper");
    sign_in(&browser, &keeper).await;
    follow(&browser, "People").await;
    assert_eq!(browser.heading().await, "People");
    says(&browser, "this computer").await;
    browser.inspect("people-alone").await;
    // The browser itself stops what is no address.
    browser.fill("email", "nobody").await;
    browser.press_in_vain("Make the link").await;
    assert_eq!(browser.heading().await, "People");
    browser.fill("email", "ada@example.test").await;
    browser.press("Make the link").await;
    says(&browser, "/auth/register?token=").await;
    let copy = browser.page.find(By::Css("button[data-copy]")).await;
    assert!(copy.unwrap().is_displayed().await.unwrap());
    browser.inspect("people-invited").await;
    follow(&browser, "Back to People").await;
    says(&browser, "For ada@example.test").await;
    sign_up(&daemon, "bea@example.test");
    sign_up(
        &daemon,
        "somebody.with.a.very.long.name.indeed@a-department.of.example.test",
    );
    browser.open(&format!("{}/ui/people", daemon.url())).await;
    browser.inspect("people").await;
    browser.press("Withdraw").await;
    says(&browser, "The invitation is withdrawn").await;

    follow(&browser, "Role…").await;
    browser.inspect("people-promote").await;
    browser.press("Make administrator").await;
    says(&browser, "bea@example.test is an administrator now.").await;
    follow(&browser, "Role…").await;
    browser.inspect("people-demote").await;
    browser.press("Make user").await;
    says(&browser, "is no administrator any more.").await;
    follow(&browser, "Shut out…").await;
    browser.inspect("people-shut-out").await;
    browser.press("Shut out").await;
    says(&browser, "bea@example.test is shut out").await;
    browser.inspect("people-one-out").await;
    browser.press("Let in").await;
    says(&browser, "bea@example.test may sign in again.").await;
    browser
        .open(&format!("{}/ui/people?q=nobody", daemon.url()))
        .await;
    says(&browser, "Nobody is like that").await;
    browser.inspect("people-none-found").await;
    browser.close().await;
}
