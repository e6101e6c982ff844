//! Row 28: nobody makes the daemon ask an address of its own machine, its network, or a cloud's metadata
//! service: not by a definition, not by a provider's metadata, not by the site of a login, not by
//! discovery, and in no spelling. The operator's list opens what it names and nothing beside it.
//!
//! Whether anybody connected is seen at a port of this machine. Names that resolve to several
//! addresses are judged in the tests of `src/oauth/transport.rs`.

use crate::logins::dynamic::{discover, elsewhere};
use crate::support::agent::Agent;
use crate::support::http::Answer;
use crate::support::oauth_home::{CLIENT_ID, CLIENT_SECRET, OAuthHome, definition};
use crate::support::oauth_server::Endpoint;
use crate::support::trap::{PRIVATE_HOSTS, Trap};
use serde_json::{Value, json};

/// Goes as far as a login gets, the person allowing everything; the answer that stopped it.
fn goes_as_far_as_it_can(home: &OAuthHome, agent: &Agent, wish: &Value) -> Answer {
    let begun = agent.post("/auth/sessions", wish);
    if begun.status != 200 {
        return begun;
    }
    let login = begun.json();
    let mut browser = home.daemon.browser();
    let page = browser.open(login["next_action"]["url"].as_str().unwrap());
    if page.status != 200 {
        return page;
    }
    let client = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let asked = page.text().contains("name=\"client_id\"");
    let fields = if asked { &client[..] } else { &[] };
    let sent = browser.submit(&page, "/input", fields);
    if sent.status != 303 {
        return sent;
    }
    let at_provider = sent.header("location").unwrap();
    assert!(
        at_provider.starts_with(&home.server.url("/authorize")),
        "{at_provider}"
    );
    let back = home.server.approve(at_provider);
    browser.open(&back)
}

#[track_caller]
fn stopped(answer: &Answer, by: &str) {
    let text = answer.text();
    assert!(!text.contains("Login successful"), "{by}: {text}");
    assert!(answer.status < 500, "{by}: {} {text}", answer.status);
}

/// A provider that is the test's but for one endpoint.
fn with_endpoint(home: &OAuthHome, name: &str, field: &str, url: &str) -> Value {
    let mut made = definition(&home.server);
    made["name"] = json!(name);
    made["api_url"] = json!(format!("api.{name}.example"));
    made["oauth"][field] = json!(url);
    made
}

#[test]
fn a_definition_leads_to_no_private_address() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    let trap = Trap::set();
    let mut registered = 0;
    for (number, host) in PRIVATE_HOSTS.into_iter().enumerate() {
        for (field, flow) in [
            ("token_url", "pkce"),
            ("device_authorization_url", "device_code"),
        ] {
            let name = format!("p{number}-{}", &flow[..1]);
            let made = with_endpoint(&home, &name, field, &trap.at(host, "/token"));
            let known = agent.post("/providers", &json!({"definition": made}));
            if known.status == 200 {
                registered += 1;
                let wish = json!({"provider": name, "flow": flow});
                let end = goes_as_far_as_it_can(&home, &agent, &wish);
                stopped(&end, host);
                assert!(
                    end.text().contains("private address"),
                    "{host}: {}",
                    end.text()
                );
            } else {
                assert!(
                    (400..500).contains(&known.status),
                    "{host}: {}",
                    known.status
                );
            }
            trap.is_untouched(host);
        }
    }
    // This machine may be in a definition; that alone opens nothing.
    assert!(registered > 0);
    assert_eq!(home.server.seen(Endpoint::Token), 0);
}

#[test]
fn metadata_lead_to_no_private_address() {
    let home = OAuthHome::with(elsewhere, |daemon| daemon);
    let agent = home.daemon.agent("scout");
    let trap = Trap::set();
    let url = home.server.url("/mcp");
    for host in PRIVATE_HOSTS {
        home.server
            .resource_metadata("authorization_servers", json!([trap.at(host, "")]));
        discover(&agent, &url).expect(400);
        home.server.restore_metadata();
        home.server.challenge(&trap.at(host, "/metadata"));
        discover(&agent, &url).expect(400);
        home.server.restore_metadata();
        trap.is_untouched(host);
    }
    let mut number = 0;
    for host in PRIVATE_HOSTS {
        for field in [
            "token_endpoint",
            "registration_endpoint",
            "device_authorization_endpoint",
            "revocation_endpoint",
        ] {
            home.server.metadata(field, trap.at(host, "/x"));
            let found = discover(&agent, &url);
            home.server.restore_metadata();
            if found.status != 200 {
                continue;
            }
            number += 1;
            let mut definition = found.json()["definition"].clone();
            let name = format!("m{number}");
            definition["name"] = json!(name);
            definition["api_url"] = json!(format!("api.{name}.example"));
            let known = agent.post("/providers", &json!({"definition": definition}));
            if known.status == 200 && !field.starts_with("revocation") {
                let flow = if field.starts_with("device") {
                    "device_code"
                } else {
                    "dcr_pkce"
                };
                let wish = json!({"provider": name, "flow": flow});
                let end = goes_as_far_as_it_can(&home, &agent, &wish);
                stopped(&end, host);
            }
            trap.is_untouched(&format!("{field} {host}"));
        }
    }
    assert_eq!(home.server.seen(Endpoint::Token), 0);
}

#[test]
fn discovery_asks_no_private_address() {
    let home = OAuthHome::with(elsewhere, |daemon| daemon);
    let agent = home.daemon.agent("scout");
    let trap = Trap::set();
    for host in PRIVATE_HOSTS {
        let refused = discover(&agent, &trap.at(host, "/mcp"));
        assert!(
            (400..500).contains(&refused.status),
            "{host}: {}",
            refused.status
        );
        trap.is_untouched(host);
    }
}

#[test]
fn the_site_of_a_login_is_no_private_address() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    let trap = Trap::set();
    let own = home.server.url("");
    let private = PRIVATE_HOSTS.map(|host| trap.at(host, ""));
    for (number, site) in private.iter().chain([&own]).enumerate() {
        // Each with a client of its own: a client is bound to the first site it is used at.
        let name = format!("site{number}");
        let made = with_endpoint(&home, &name, "token_url", "{base_url}/token");
        let definition = json!({"definition": made});
        agent.post("/providers", &definition).expect(200);
        let wish = json!({"provider": name, "base_url": site});
        let end = goes_as_far_as_it_can(&home, &agent, &wish);
        if *site == own {
            assert!(end.text().contains("Login successful"), "{}", end.text());
        } else {
            assert_eq!(home.server.seen(Endpoint::Token), 0, "{site}");
            stopped(&end, site);
            trap.is_untouched(site);
        }
    }
}

#[test]
fn the_operators_list_opens_what_it_names_alone() {
    let at = |hosts: &'static str| {
        let home = OAuthHome::with(
            |definition| definition,
            move |daemon| daemon.env("AUTHSOME_PRIVATE_HOSTS", hosts),
        );
        let agent = home.daemon.agent("scout");
        let end = goes_as_far_as_it_can(&home, &agent, &json!({"provider": "acme"}));
        (home, end.text())
    };
    for hosts in ["", "10.0.0.0/8,localhost.evil.example", "169.254.169.254"] {
        let (home, end) = at(hosts);
        assert!(end.contains("private address"), "{hosts}: {end}");
        assert!(end.contains("AUTHSOME_PRIVATE_HOSTS"), "{hosts}: {end}");
        assert_eq!(home.server.seen(Endpoint::Token), 0, "{hosts}");
    }
    for hosts in ["localhost", "127.0.0.0/8,::1"] {
        let (_, end) = at(hosts);
        assert!(end.contains("Login successful"), "{hosts}: {end}");
    }
}
