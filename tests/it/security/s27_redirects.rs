//! Row 27: an endpoint of a provider that redirects is not followed, whichever it is. One request, an
//! error, and nothing at the second host: a redirect with 307 would carry the code, the refresh token or
//! the client's secret along.

use crate::logins::device::{by_device, over};
use crate::logins::dynamic::{discover, elsewhere};
use crate::support::agent::Agent;
use crate::support::http::Answer;
use crate::support::oauth_home::{CLIENT_ID, CLIENT_SECRET, OAuthHome, begin, open};
use crate::support::oauth_server::{Endpoint, Fault};
use crate::support::trap::Trap;
use serde_json::{Value, json};
use std::time::Duration;

/// A home whose provider sends everybody away from one endpoint.
struct Story {
    home: OAuthHome,
    agent: Agent,
    trap: Trap,
}

impl Story {
    fn begin(change: impl FnOnce(Value) -> Value) -> Self {
        let home = OAuthHome::with(change, |daemon| daemon);
        let agent = home.daemon.agent("scout");
        Self {
            home,
            agent,
            trap: Trap::set(),
        }
    }

    /// Does something while an endpoint redirects; it is asked once, and nobody else is.
    #[track_caller]
    fn while_redirecting<T>(&self, endpoint: Endpoint, act: impl FnOnce(&OAuthHome) -> T) -> T {
        let before = self.home.server.seen(endpoint);
        // The name is open to the daemon, so that it is nothing but the redirect that it refuses.
        let away = Fault::Redirect(self.trap.at("localhost", "/elsewhere"));
        self.home.server.fault(endpoint, Some(away));
        let done = act(&self.home);
        self.home.server.fault(endpoint, None);
        assert_eq!(self.home.server.seen(endpoint), before + 1);
        self.trap.is_untouched(&format!("{endpoint:?}"));
        done
    }
}

#[track_caller]
fn says_redirect(text: &str) {
    assert!(text.contains("redirect, which is not followed"), "{text}");
}

#[test]
fn a_code_goes_to_its_own_token_endpoint_alone() {
    let story = Story::begin(|definition| definition);
    let page = story.while_redirecting(Endpoint::Token, |home| {
        home.log_in(&story.agent, &json!({}))
    });
    says_redirect(&page.text());
    let connections = story.agent.get("/connections").expect(200).json();
    assert_eq!(connections["connections"], json!([]));
}

#[test]
fn a_refresh_token_goes_to_its_own_token_endpoint_alone() {
    let story = Story::begin(|definition| definition);
    story.home.log_in(&story.agent, &json!({})).expect(200);
    let again = json!({"provider": "acme", "connection": null, "rejected": true});
    let ask = || story.agent.post("/credentials/resolve", &again);
    let old = ask_header(&story.agent.resolve("acme").expect(200));
    // The old token bridges it.
    let given = story.while_redirecting(Endpoint::Token, |_| ask().expect(200));
    assert_eq!(ask_header(&given), old);
    let log = story.agent.get("/audit/events?limit=20").expect(200).text();
    says_redirect(&log);
}

fn ask_header(answer: &Answer) -> String {
    let header = answer.json()["headers"]["Authorization"].clone();
    header.as_str().unwrap().to_owned()
}

#[test]
fn a_device_is_neither_begun_nor_polled_elsewhere() {
    let story = Story::begin(|definition| definition);
    story.home.server.device_interval(Duration::from_secs(1));
    let first = json!({"connection": "first"});
    story.home.log_in(&story.agent, &first).expect(200);
    let wish = json!({"provider": "acme", "flow": "device_code"});
    let refused = story.while_redirecting(Endpoint::DeviceAuthorization, |_| {
        story.agent.post("/auth/sessions", &wish)
    });
    says_redirect(&refused.expect(400).text());
    let ended = story.while_redirecting(Endpoint::Token, |_| {
        let login = by_device(&story.agent);
        over(&story.agent, &login)
    });
    assert_eq!(ended["status"], "failed", "{ended}");
    says_redirect(&ended.to_string());
}

#[test]
fn a_registration_stays_where_it_belongs() {
    let story = Story::begin(elsewhere);
    let found = discover(&story.agent, &story.home.server.url("/mcp"));
    let definition = json!({"definition": found.expect(200).json()["definition"]});
    story.agent.post("/providers", &definition).expect(200);
    let wish = json!({"provider": "localhost-mcp"});
    let login = begin(&story.agent, &wish);
    let mut browser = story.home.daemon.browser();
    let page = open(&mut browser, &login);
    let refused =
        story.while_redirecting(Endpoint::Register, |_| browser.submit(&page, "/input", &[]));
    says_redirect(&refused.expect(400).text());
}

#[test]
fn a_revocation_stays_where_it_belongs_and_the_logout_counts() {
    let story = Story::begin(|definition| definition);
    story.home.log_in(&story.agent, &json!({})).expect(200);
    story.while_redirecting(Endpoint::Revoke, |_| {
        let path = "/connections/acme/default/logout";
        story.agent.post(path, &json!({})).expect(200)
    });
    let connections = story.agent.get("/connections").expect(200).json();
    assert_eq!(connections["connections"], json!([]));
}

#[test]
fn metadata_stay_where_they_belong() {
    let story = Story::begin(elsewhere);
    let url = story.home.server.url("/mcp");
    let refused =
        story.while_redirecting(Endpoint::ResourceMetadata, |_| discover(&story.agent, &url));
    says_redirect(&refused.expect(400).text());
    for endpoint in [Endpoint::Metadata, Endpoint::OpenIdMetadata] {
        let away = Fault::Redirect(story.trap.at("localhost", "/elsewhere"));
        story.home.server.fault(endpoint, Some(away));
    }
    says_redirect(&discover(&story.agent, &url).expect(400).text());
    story
        .trap
        .is_untouched("the metadata of the authorization server");
    // The resource itself is only asked where its metadata are.
    story.home.server.restore_metadata();
    let away = Fault::Redirect(story.trap.at("localhost", "/elsewhere"));
    story.home.server.fault(Endpoint::Mcp, Some(away));
    drop(discover(&story.agent, &url));
    story.trap.is_untouched("the resource");
}

#[test]
fn an_access_token_is_shown_to_its_own_userinfo_alone() {
    let story = Story::begin(|definition| definition);
    let page = story.while_redirecting(Endpoint::UserInfo, |home| {
        let login = begin(&story.agent, &json!({}));
        let mut browser = home.daemon.browser();
        let page = open(&mut browser, &login);
        let client = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
        let sent = browser.submit(&page, "/input", &client).expect(303);
        let back = home.server.approve(sent.header("location").unwrap());
        browser.open(&back)
    });
    // Whose it is stays unknown; the login counts.
    assert!(page.text().contains("Login successful"), "{}", page.text());
    let shown = story.agent.get("/connections/acme/default").expect(200);
    assert_eq!(shown.json()["account"]["id"], Value::Null);
}
