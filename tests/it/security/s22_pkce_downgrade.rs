//! Row 22: nobody talks us out of PKCE with S256, neither a provider's metadata nor a definition.

use crate::logins::dynamic::{discover, elsewhere};
use crate::support::oauth_home::{CLIENT_ID, CLIENT_SECRET, OAuthHome, begin, go_on, open};
use crate::support::oauth_server::Endpoint;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn a_server_without_s256_is_not_logged_in_to() {
    let home = OAuthHome::with(elsewhere, |daemon| daemon);
    let agent = home.daemon.agent("scout");
    let url = home.server.url("/mcp");
    for methods in [json!(["plain"]), json!([]), json!(["s256"]), json!("S256")] {
        home.server
            .metadata("code_challenge_methods_supported", methods.clone());
        let refused = discover(&agent, &url).expect(400).json();
        assert_eq!(refused["error"], "DiscoveryError", "{methods}");
    }
    assert_eq!(home.server.seen(Endpoint::Register), 0);
    assert_eq!(home.server.seen(Endpoint::Authorize), 0);
    let providers = agent.get("/providers").expect(200).json();
    assert_eq!(providers["custom"].as_array().unwrap().len(), 1);
    // With it, all is well.
    let both = json!(["plain", "S256"]);
    home.server
        .metadata("code_challenge_methods_supported", both);
    discover(&agent, &url).expect(200);
}

#[test]
fn every_person_is_sent_with_s256_whatever_the_definition_says() {
    for change in [
        json!({"pkce": false}),
        json!({"pkce": null}),
        json!({"authorization_params": {"code_challenge_method": "plain", "code_challenge": "mine"}}),
    ] {
        let home = OAuthHome::with(|definition| changed(definition, &change), |daemon| daemon);
        let agent = home.daemon.agent("scout");
        let login = begin(&agent, &json!({}));
        let mut browser = home.daemon.browser();
        let page = open(&mut browser, &login);
        let at_provider: url::Url = go_on(&mut browser, &page).parse().unwrap();
        let pairs: Vec<_> = at_provider.query_pairs().into_owned().collect();
        let query: BTreeMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(pairs.len(), query.len(), "no parameter twice: {pairs:?}");
        assert_eq!(query["code_challenge_method"], "S256", "{change}");
        assert_eq!(query["code_challenge"].len(), 43, "{change}");
        // The provider compares the verifier.
        let back = home.server.approve(at_provider.as_str());
        let done = browser.open(&back).expect(200).text();
        assert!(done.contains("Login successful"), "{done}");
    }
}

#[test]
fn a_definition_whose_url_asks_for_plain_sends_nobody_there() {
    let home = OAuthHome::with(
        |mut definition| {
            let url = &mut definition["oauth"]["authorization_url"];
            *url = json!(format!(
                "{}?code_challenge_method=plain",
                url.as_str().unwrap()
            ));
            definition
        },
        |daemon| daemon,
    );
    let agent = home.daemon.agent("scout");
    let login = begin(&agent, &json!({}));
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    let client = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let refused = browser.submit(&page, "/input", &client);
    assert_eq!(refused.header("location"), None, "{}", refused.text());
    assert!((400..500).contains(&refused.status), "{}", refused.status);
}

fn changed(mut definition: Value, change: &Value) -> Value {
    for (name, value) in change.as_object().unwrap() {
        definition["oauth"][name] = value.clone();
    }
    definition
}
