//! From signing in to logging out by the keyboard alone, with what has the focus always seen.

use crate::api::OPENAI_KEY;
use crate::support::chromium::Chromium;
use crate::support::daemon::TestDaemon;
use serde_json::json;
use thirtyfour::Key;

/// More things than any page has to step over.
const MOST_STEPS: usize = 60;

/// What has the focus: its text or label, and whether that can be seen.
const FOCUSED: &str = "
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return {
        name: (element.innerText || element.ariaLabel || element.name || '').trim(),
        isSeen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
            && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight,
    };";

async fn send(browser: &Chromium, keys: &str) {
    let focused = browser.page.active_element().await.unwrap();
    focused.send_keys(keys).await.unwrap();
}

/// Steps on with Tab until the thing of that name has the focus; everything on the way shows it.
async fn step_to(browser: &Chromium, name: &str) {
    let mut passed = Vec::new();
    for _ in 0..MOST_STEPS {
        send(browser, &Key::Tab.value().to_string()).await;
        let found = browser.page.execute(FOCUSED, Vec::new()).await.unwrap();
        let found = found.json().clone();
        assert_eq!(found["isSeen"], json!(true), "{found}");
        let at = found["name"].as_str().unwrap().to_owned();
        if at.lines().next() == Some(name) {
            return;
        }
        passed.push(at);
    }
    panic!("Tab never comes to {name}: {passed:?}");
}

async fn heading(browser: &Chromium, text: &str) {
    browser
        .wait_for(&format!("//h1[normalize-space()='{text}']"))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_can_be_done_without_a_mouse() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let enter = Key::Enter.value().to_string();
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    browser.sign_in(&agent).await;
    // The way past the head is the first thing there is.
    step_to(&browser, "Skip to the content").await;
    step_to(&browser, "Providers").await;
    send(&browser, &enter).await;
    heading(&browser, "Providers").await;
    step_to(&browser, "q").await;
    send(&browser, "openai").await;
    // All that fit are shown now, not the first of many.
    browser
        .wait_for("//p[@class='count'][not(contains(.,' of '))]")
        .await;
    step_to(&browser, "OpenAI").await;
    send(&browser, &enter).await;
    heading(&browser, "OpenAI").await;
    step_to(&browser, "Connect").await;
    send(&browser, &enter).await;
    heading(&browser, "Connect OpenAI").await;
    // The form waits with the cursor in its field.
    send(&browser, OPENAI_KEY).await;
    step_to(&browser, "Store the key").await;
    send(&browser, &enter).await;
    heading(&browser, "Login successful").await;
    agent.resolve("openai").expect(200);
    step_to(&browser, "Go to OpenAI").await;
    send(&browser, &enter).await;
    heading(&browser, "OpenAI").await;
    step_to(&browser, "Log out…").await;
    send(&browser, &enter).await;
    step_to(&browser, "Log out").await;
    send(&browser, &enter).await;
    heading(&browser, "OpenAI").await;
    agent.resolve("openai").expect(401);
    browser.close().await;
}
