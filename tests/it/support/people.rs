//! People at a daemon on this machine: its owner, and guests.

use super::agent::Agent;
use super::browser::Browser;
use super::daemon::TestDaemon;
use super::hosted::PASSWORD;
use serde_json::json;

/// A browser signed in as whom the agent acts for, by the link that `authsome ui` opens.
pub(crate) fn signed_in(daemon: &TestDaemon, agent: &Agent) -> Browser {
    let link = agent.visiting(daemon).post("/session", &json!({}));
    let link = link.expect(200).json();
    let mut browser = daemon.browser();
    browser.open(link["url"].as_str().unwrap()).expect(200);
    browser
}

/// A browser of somebody with an account of his own.
pub(crate) fn signed_up(daemon: &TestDaemon, email: &str) -> Browser {
    let mut browser = daemon.browser();
    let page = browser.open("/auth/register?token=").expect(200);
    let fields = [("email", email), ("password", PASSWORD)];
    let done = browser.submit(&page, "/auth/register", &fields);
    done.expect(303);
    browser
}
