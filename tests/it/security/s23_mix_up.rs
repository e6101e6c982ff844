//! Row 23: an answer counts only from the issuer that the login went to (RFC 9207). A code of another
//! one is never taken to a token endpoint.

use crate::logins::dynamic::{discover, elsewhere, log_in};
use crate::support::agent::Agent;
use crate::support::oauth_home::{OAuthHome, go_on, open};
use crate::support::oauth_server::{Endpoint, Issuer};
use serde_json::{Value, json};

const EVIL: &str = "https://evil.example";

/// A home, and the definition of a server whose metadata promise `iss` or do not.
fn discovered(issuer: Issuer) -> (OAuthHome, Agent, Value) {
    let home = OAuthHome::with(elsewhere, |daemon| daemon);
    home.server.names_itself(issuer);
    let agent = home.daemon.agent("scout");
    let found = discover(&agent, &home.server.url("/mcp"));
    let definition = found.expect(200).json()["definition"].clone();
    (home, agent, definition)
}

/// The last page of a login whose way back a test has changed.
fn comes_back(home: &OAuthHome, agent: &Agent, change: impl FnOnce(String) -> String) -> String {
    let wish = json!({"provider": "localhost-mcp"});
    let login = agent.post("/auth/sessions", &wish).expect(200).json();
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    let back = home.server.approve(&go_on(&mut browser, &page));
    browser.open(&change(back)).text()
}

#[test]
fn an_answer_of_another_issuer_or_of_nobody_gets_no_token() {
    let (home, agent, definition) = discovered(Issuer::Named);
    assert_eq!(definition["oauth"]["names_issuer"], true);
    home.server.names_itself(Issuer::Other(EVIL.to_owned()));
    let failed = log_in(&home, &agent, &definition);
    assert!(failed.contains("another issuer"), "{failed}");
    // Promised and missing.
    home.server.names_itself(Issuer::Unnamed);
    let failed = comes_back(&home, &agent, |back| back);
    assert!(failed.contains("another issuer"), "{failed}");
    assert_eq!(home.server.seen(Endpoint::Token), 0);
    assert_eq!(
        agent.get("/connections").expect(200).json()["connections"],
        json!([])
    );
}

#[test]
fn a_wrong_issuer_gets_no_token_where_none_was_promised() {
    let (home, agent, definition) = discovered(Issuer::Unnamed);
    assert_ne!(definition["oauth"]["names_issuer"], true);
    home.server.names_itself(Issuer::Other(EVIL.to_owned()));
    let failed = log_in(&home, &agent, &definition);
    assert!(failed.contains("another issuer"), "{failed}");
    assert_eq!(home.server.seen(Endpoint::Token), 0);
    // Not promised and missing is how most providers are.
    home.server.names_itself(Issuer::Unnamed);
    let done = comes_back(&home, &agent, |back| back);
    assert!(done.contains("Login successful"), "{done}");
}

#[test]
fn an_issuer_that_is_only_almost_the_same_is_another() {
    let (home, agent, definition) = discovered(Issuer::Named);
    agent
        .post("/providers", &json!({"definition": definition}))
        .expect(200);
    let own = home.server.issuer();
    for almost in [
        format!("{own}/"),
        format!("{own}.evil.example"),
        own.to_uppercase(),
        String::new(),
    ] {
        home.server.names_itself(Issuer::Other(almost.clone()));
        let failed = comes_back(&home, &agent, |back| back);
        assert!(failed.contains("another issuer"), "{almost}: {failed}");
    }
    // The right one first or last, and a wrong one beside it.
    home.server.names_itself(Issuer::Named);
    for extra in ["&iss=https%3A%2F%2Fevil.example", "&iss="] {
        let failed = comes_back(&home, &agent, |back| format!("{back}{extra}"));
        assert!(!failed.contains("Login successful"), "{extra}: {failed}");
    }
    assert_eq!(home.server.seen(Endpoint::Token), 0);
}
