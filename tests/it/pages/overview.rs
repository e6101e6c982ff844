//! The first page, as it is left open all day.

use crate::api::OPENAI_KEY;
use crate::support::chromium::Chromium;
use crate::support::daemon::TestDaemon;
use crate::support::past::{self, Past};
use authsome::clock::{Clock as _, SystemClock};
use authsome::model::ConnectionState;

/// Marks the page; a page that is loaded again has no mark.
async fn mark(browser: &Chromium) {
    let script = "window.mark = true";
    browser.page.execute(script, Vec::new()).await.unwrap();
}

async fn is_marked(browser: &Chromium) -> bool {
    let script = "return window.mark === true";
    let done = browser.page.execute(script, Vec::new()).await.unwrap();
    done.json().as_bool().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_agent_does_appears_by_itself_until_somebody_signs_out_elsewhere() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    browser.sign_in(&agent).await;
    assert_eq!(browser.heading().await, "Overview");
    browser.inspect("overview-first-run").await;
    mark(&browser).await;
    // Where the keyboard is, it stays.
    let focus = "document.querySelector('#stats a').focus()";
    browser.page.execute(focus, Vec::new()).await.unwrap();
    agent.log_in("openai", "default", OPENAI_KEY);
    browser.wait_for("//div[@id='events']//a[.='OpenAI']").await;
    browser.wait_for("//h2[.='One step is left']").await;
    agent.resolve("openai").expect(200);
    browser.wait_for("//div[@id='guide'][not(*)]").await;
    browser.wait_for("//div[@id='agents']//a[.='OpenAI']").await;
    assert!(is_marked(&browser).await, "the page was loaded again");
    let focus = "return document.activeElement.getAttribute('href')";
    let focused = browser.page.execute(focus, Vec::new()).await.unwrap();
    assert_eq!(focused.json(), "/ui/providers?state=connected");
    browser.inspect("overview").await;

    // The same browser in another window.
    let name = format!("authsome_session_{}", daemon.address().port());
    let cookie = browser.page.get_named_cookie(name.clone()).await.unwrap();
    let mut window = daemon.browser();
    window.cookies.insert(name, cookie.value);
    let page = window.open("/ui/").expect(200);
    window.submit(&page, "/logout", &[]).expect(303);
    browser.wait_for("//h1[not(.='Overview')]").await;
    assert!(!is_marked(&browser).await);
    assert!(!browser.text().await.contains("OpenAI"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_while_one_looks_says_so() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let mut daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    for number in 0..6 {
        daemon.agent(&format!("an-agent-with-quite-a-long-name-{number}"));
    }
    let me = agent.get("/whoami").expect(200).json();
    daemon.stop();
    let now = SystemClock.now();
    let ends = |seconds| ConnectionState::Connected {
        expires_at: Some(now + time::Duration::seconds(seconds)),
    };
    let mut all = vec![
        Past::new("notion", "this-one").state(ends(12)),
        Past::new("linear", "default").state(ends(100_000)),
        Past::new("slack", "gone").state(ConnectionState::Revoked {
            at: now - time::Duration::days(3),
        }),
        Past::new("github", "default").trouble("github did not answer"),
    ];
    all.extend((0..8).map(|number| Past::new("openai", &format!("a-long-name-{number}"))));
    let home = daemon.home().to_owned();
    let added = move || past::add(&home, &me, time::Duration::days(40), all);
    std::thread::spawn(added).join().unwrap();
    daemon.start_again();
    let agent = agent.at(&daemon);
    browser.sign_in(&agent).await;
    mark(&browser).await;
    let ended = "//div[@id='attention']//li[contains(.,'this-one')]//*[.='expired']";
    browser.wait_for(ended).await;
    assert!(is_marked(&browser).await, "the page was loaded again");
    browser.inspect("overview-full").await;
    browser.close().await;
}
