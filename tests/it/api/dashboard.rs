//! What a person does on the dashboard.

use super::OPENAI_KEY;
use crate::support::daemon::TestDaemon;
use serde_json::json;

#[test]
fn an_agent_that_is_ended_is_refused_from_its_next_request_on() {
    let daemon = TestDaemon::start();
    let (scout, keeper) = (daemon.agent("scout"), daemon.agent("keeper"));
    scout.log_in("openai", "default", OPENAI_KEY);
    scout.resolve("openai").expect(200);
    let url = keeper.post("/session", &json!({})).expect(200).json();
    let mut browser = daemon.browser();
    let page = browser.open(url["url"].as_str().unwrap()).expect(200);
    let answer = browser.submit(&page, "/ui/agents/scout/revoke", &[]);
    answer.expect(303);
    scout.resolve("openai").expect(403);
    keeper.resolve("openai").expect(200);
    let page = browser.open("/ui/").expect(200).text();
    assert!(!page.contains("/ui/agents/scout/revoke"), "{page}");
}
