//! Row 21: an answer of a provider counts in the browser that asked, and in no other.

use crate::support::oauth_home::{OAuthHome, begin, go_on, open};
use crate::support::oauth_server::Endpoint;
use serde_json::json;

#[test]
fn another_browser_gets_nothing_and_spends_nothing() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    let login = begin(&agent, &json!({}));
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    let back = home.server.approve(&go_on(&mut browser, &page));
    let mut other = home.daemon.browser();
    other.open(&back).expect(403);
    // One that has a login of its own open.
    let own = begin(&agent, &json!({"connection": "other"}));
    open(&mut other, &own);
    other.open(&back).expect(403);
    assert_eq!(home.server.seen(Endpoint::Token), 0);
    assert!(
        browser
            .open(&back)
            .expect(200)
            .text()
            .contains("Login successful")
    );
}
