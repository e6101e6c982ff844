//! Rows 4, 28 and 35 for what a definition can say: links that are code, addresses of the cloud's
//! own services, values that break out of their place. 422, and nothing stored.

use crate::support::daemon::TestDaemon;
use serde_json::{Value, json};

fn with(more: &Value) -> Value {
    let mut all = json!({"name": "acme", "display_name": "Acme", "auth_type": "api_key",
        "flow": "api_key", "api_url": "api.acme.example"});
    all.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    all
}

#[test]
fn a_definition_that_means_ill_is_refused_by_its_field_and_nothing_is_stored() {
    let daemon = TestDaemon::start();
    let admin = daemon.agent("admin-agent");
    for (field, more) in [
        ("docs_url", json!({"docs_url": "javascript:alert(1)"})),
        ("docs_url", json!({"docs_url": "data:text/html,x"})),
        ("api_url", json!({"api_url": "https://169.254.169.254"})),
        ("api_url", json!({"api_url": "https://[::ffff:10.0.0.1]"})),
        ("api_url", json!({"api_url": "http://api.acme.example"})),
        ("api_url", json!({"api_url": "regex:.*"})),
        ("name", json!({"name": "../acme"})),
        ("name", json!({"name": "a\u{0}"})),
        (
            "display_name",
            json!({"display_name": "a\r\nSet-Cookie: x"}),
        ),
        ("header_name", json!({"api_key": {"header_name": "X\r\nY"}})),
        ("header_name", json!({"api_key": {"header_name": "Host"}})),
        ("env_var", json!({"api_key": {"env_var": "LD_PRELOAD"}})),
        (
            "key_pattern",
            json!({"api_key": {"key_pattern": "(a{999}){999}"}}),
        ),
        ("oauth", json!({"auth_type": "oauth2", "flow": "pkce"})),
    ] {
        let refused = admin.post("/providers", &with(&more)).expect(422);
        assert!(
            refused.text().contains(field),
            "{field}: {}",
            refused.text()
        );
    }
    let listed = admin.get("/providers").expect(200).json();
    assert_eq!(listed["custom"], json!([]));
}
