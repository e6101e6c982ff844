//! Row 33: a definition takes over another's host. Defence: hosts of bundled providers are
//! reserved; an administrator confirms.

use crate::support::daemon::TestDaemon;
use serde_json::{Value, json};

fn claiming(name: &str, api_url: &str) -> Value {
    json!({"name": name, "display_name": "Mine", "auth_type": "api_key", "flow": "api_key",
        "api_key": {"header_name": "X-Key"}, "api_url": [api_url, "mine.example.com"]})
}

#[test]
fn a_bundled_host_is_taken_only_when_an_administrator_repeats_it() {
    let daemon = TestDaemon::start();
    let admin = daemon.agent("admin-agent");
    for host in [
        "api.openai.com",
        "API.OpenAI.com.",
        "https://api.openai.com:8443/mine",
        r"regex:api\.openai\.com",
        r"regex:.*\.openai\.com",
    ] {
        let refused = admin
            .post("/providers", &claiming("mine", host))
            .expect(409);
        let text = refused.text();
        assert!(text.contains("openai"), "{host}: {text}");
    }
    let listed = admin.get("/providers").expect(200).json();
    assert_eq!(listed["custom"], json!([]));

    let forced = json!({"definition": claiming("mine", "api.openai.com"), "force": true});
    admin.post("/providers", &forced).expect(200);
    let listed = admin.get("/providers").expect(200).json();
    assert_eq!(listed["custom"][0]["name"], "mine");
}

#[test]
fn the_name_of_a_bundled_provider_is_asked_for_twice() {
    let daemon = TestDaemon::start();
    let admin = daemon.agent("admin-agent");
    let own = claiming("openai", "llm.corp.example");
    let refused = admin.post("/providers", &own).expect(400).json();
    assert_eq!(refused["error"], "ProviderAlreadyRegisteredError");
    admin
        .post("/providers", &json!({"definition": own, "force": true}))
        .expect(200);
    let now = admin.get("/providers/openai").expect(200).json();
    assert_eq!(now["display_name"], "Mine");
    admin.delete("/providers/openai").expect(200);
    let reset = admin.get("/providers/openai").expect(200).json();
    assert_eq!(reset["display_name"], "OpenAI");
}

#[test]
fn a_neighbour_is_nobodys() {
    let daemon = TestDaemon::start();
    let admin = daemon.agent("admin-agent");
    let own = claiming("mine", "api.openai.com.acme.example");
    admin.post("/providers", &own).expect(200);
}
