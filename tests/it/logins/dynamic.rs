//! Registering oneself, and finding everything from a URL: MCP servers.

use crate::cli::transcript::Person;
use crate::support::agent::Agent;
use crate::support::oauth_home::{OAuthHome, begin, go_on, open};
use crate::support::oauth_server::{Endpoint, Fault, Issuer};
use serde_json::{Value, json};

pub(crate) fn discover(agent: &Agent, url: &str) -> crate::support::http::Answer {
    agent.post("/discovery", &json!({"url": url}))
}

/// Registers what was discovered, and logs in there.
pub(crate) fn log_in(home: &OAuthHome, agent: &Agent, definition: &Value) -> String {
    agent
        .post("/providers", &json!({"definition": definition}))
        .expect(200);
    let wish = json!({"provider": definition["name"]});
    let login = agent.post("/auth/sessions", &wish).expect(200).json();
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    assert!(!page.text().contains("client_id"), "{}", page.text());
    let back = home.server.approve(&go_on(&mut browser, &page));
    browser.open(&back).expect(200).text()
}

#[test]
fn an_mcp_server_is_logged_in_to_from_its_url_alone() {
    let home = OAuthHome::with(elsewhere, |daemon| daemon);
    home.server.names_itself(Issuer::Named);
    let agent = home.daemon.agent("scout");
    let url = home.server.url("/mcp");
    let found = discover(&agent, &url).expect(200).json();
    assert_eq!(found["provider"], "localhost-mcp");
    let definition = &found["definition"];
    assert_eq!(definition["flow"], "dcr_pkce");
    assert_eq!(definition["api_url"], url);
    assert_eq!(definition["oauth"]["issuer"], home.server.issuer());
    assert_eq!(definition["oauth"]["resource"], url);
    let done = log_in(&home, &agent, definition);
    assert!(done.contains("Login successful"), "{done}");
    let shown = agent.get("/connections/localhost-mcp/default?show_secret=true");
    let shown = shown.expect(200).json();
    let token = shown["access_token"].as_str().unwrap();
    assert_eq!(home.server.get_as(token, "/mcp").status, 200);
    assert_eq!(home.server.seen(Endpoint::Register), 1);
    let call = &home.server.token_calls()[0];
    assert_eq!(call.resource.as_deref(), Some(url.as_str()));
    // Known from now on: by its URL, and to the server.
    let again = discover(&agent, &url).expect(200).json();
    assert_eq!(again["provider"], "localhost-mcp");
    assert_eq!(again["definition"], Value::Null);
    let login = begin(
        &agent,
        &json!({"provider": "localhost-mcp", "connection": "two"}),
    );
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    let back = home.server.approve(&go_on(&mut browser, &page));
    browser.open(&back).expect(200);
    assert_eq!(home.server.seen(Endpoint::Register), 1);
}

#[test]
fn the_command_shows_where_tokens_would_go_and_asks() {
    let home = OAuthHome::with(elsewhere, |daemon| daemon);
    let person = Person::at(&home.daemon);
    let url = home.server.url("/mcp");
    let refused = person.run(&["login", "--mcp", &url, "--no-wait", "--json"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.stdout.contains(&home.server.url("/token")),
        "{refused:?}"
    );
    let begun = person.run(&["login", "--mcp", &url, "--yes", "--no-wait", "--json"]);
    assert_eq!(begun.code, 0, "{begun:?}");
    let begun: Value = serde_json::from_str(&begun.stdout).unwrap();
    assert_eq!(begun["provider"], "localhost-mcp");
    assert_eq!(begun["status"], "started");
    let nothing = person.run(&["login", "--no-wait"]);
    assert_eq!(nothing.code, 2);
}

#[test]
fn metadata_that_lie_or_are_too_weak_stop_everything() {
    let home = OAuthHome::with(elsewhere, |daemon| daemon);
    let agent = home.daemon.agent("scout");
    let url = home.server.url("/mcp");
    for (name, value) in [
        ("code_challenge_methods_supported", json!(["plain"])),
        ("issuer", json!("https://evil.example")),
        ("token_endpoint", json!("not a URL")),
        ("authorization_endpoint", Value::Null),
    ] {
        home.server.metadata(name, value.clone());
        let refused = discover(&agent, &url).expect(400).json();
        assert_eq!(refused["error"], "DiscoveryError", "{name} {value}");
        home.server.restore_metadata();
    }
    for (name, value) in [
        ("resource", json!("https://evil.example/mcp")),
        ("authorization_servers", json!([])),
        ("authorization_servers", json!(["http://169.254.169.254/"])),
    ] {
        home.server.resource_metadata(name, value.clone());
        let refused = discover(&agent, &url).expect(400).json();
        assert_eq!(refused["error"], "DiscoveryError", "{name} {value}");
        home.server.restore_metadata();
    }
    for fault in [
        Fault::Status(500),
        Fault::Garbage,
        Fault::Huge,
        Fault::Reset,
    ] {
        home.server.fault(Endpoint::Metadata, Some(fault.clone()));
        home.server
            .fault(Endpoint::OpenIdMetadata, Some(fault.clone()));
        discover(&agent, &url).expect(400);
    }
    for url in [
        "http://a.example/mcp",
        "https://169.254.169.254/",
        "https://u:p@a.example",
        "",
        "file:///etc/passwd",
    ] {
        let refused = discover(&agent, url);
        assert!(
            (400..500).contains(&refused.status),
            "{url}: {}",
            refused.status
        );
    }
    let providers = agent.get("/providers").expect(200).json();
    assert_eq!(providers["custom"].as_array().unwrap().len(), 1);
}

#[test]
fn a_registration_that_is_refused_says_why() {
    let home = OAuthHome::with(elsewhere, |daemon| daemon);
    let agent = home.daemon.agent("scout");
    let found = discover(&agent, &home.server.url("/mcp"))
        .expect(200)
        .json();
    let definition = json!({"definition": found["definition"]});
    agent.post("/providers", &definition).expect(200);
    for fault in [Fault::Status(500), Fault::Garbage] {
        home.server.fault(Endpoint::Register, Some(fault));
        let wish = json!({"provider": "localhost-mcp"});
        let login = agent.post("/auth/sessions", &wish).expect(200).json();
        let mut browser = home.daemon.browser();
        let page = open(&mut browser, &login);
        let refused = browser.submit(&page, "/input", &[]);
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(
            refused.text().contains("registration"),
            "{}",
            refused.text()
        );
    }
}

/// The usual provider, out of the way: its API is another host than the server's.
pub(crate) fn elsewhere(mut definition: Value) -> Value {
    definition["api_url"] = json!("api.acme.example");
    definition
}
