//! Row 21: an answer of a provider counts in the browser that asked, and in no other.

use crate::support::oauth_home::{OAuthHome, begin, open};
use crate::support::oauth_server::Endpoint;
use serde_json::json;

#[test]
fn another_browser_gets_nothing_and_spends_nothing() {
    let home = OAuthHome::start();
    let mut opened = home.opened(&json!({}));
    let back = home.server.approve(&opened.go_on());
    let mut other = home.daemon.browser();
    other.open(&back).expect(403);
    // One that has a login of its own open.
    let own = begin(&opened.agent, &json!({"connection": "other"}));
    open(&mut other, &own);
    other.open(&back).expect(403);
    assert_eq!(home.server.seen(Endpoint::Token), 0);
    assert!(
        opened
            .browser
            .open(&back)
            .expect(200)
            .text()
            .contains("Login successful")
    );
}
