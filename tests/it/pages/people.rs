//! People: invited, made administrators, shut out.

use crate::support::chromium::Chromium;
use crate::support::daemon::TestDaemon;
use crate::support::people::signed_up;
use thirtyfour::By;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_looks_after_people() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let keeper = daemon.agent("keeper");
    browser.sign_in(&keeper).await;
    browser.follow("People").await;
    assert_eq!(browser.heading().await, "People");
    browser.says("this computer").await;
    browser.inspect("people-alone").await;
    // The browser itself stops what is no address.
    browser.fill("email", "nobody").await;
    browser.press_in_vain("Make the link").await;
    assert_eq!(browser.heading().await, "People");
    browser.fill("email", "ada@example.test").await;
    browser.press("Make the link").await;
    browser.says("/auth/register?token=").await;
    let copy = browser.page.find(By::Css("button[data-copy]")).await;
    assert!(copy.unwrap().is_displayed().await.unwrap());
    browser.inspect("people-invited").await;
    browser.follow("Back to People").await;
    browser.says("For ada@example.test").await;
    signed_up(&daemon, "bea@example.test");
    signed_up(
        &daemon,
        "somebody.with.a.very.long.name.indeed@a-department.of.example.test",
    );
    browser.open(&format!("{}/ui/people", daemon.url())).await;
    browser.inspect("people").await;
    browser.press("Withdraw").await;
    browser.says("The invitation is withdrawn").await;

    browser.follow("Role…").await;
    browser.inspect("people-promote").await;
    browser.press("Make administrator").await;
    browser
        .says("bea@example.test is an administrator now.")
        .await;
    browser.follow("Role…").await;
    browser.inspect("people-demote").await;
    browser.press("Make user").await;
    browser.says("is no administrator any more.").await;
    browser.follow("Shut out…").await;
    browser.inspect("people-shut-out").await;
    browser.press("Shut out").await;
    browser.says("bea@example.test is shut out").await;
    browser.inspect("people-one-out").await;
    browser.press("Let in").await;
    browser.says("bea@example.test may sign in again.").await;
    browser
        .open(&format!("{}/ui/people?q=nobody", daemon.url()))
        .await;
    browser.says("Nobody is like that").await;
    browser.inspect("people-none-found").await;
    browser.close().await;
}
