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
    for (status, field, more) in [
        (422, "docs_url", json!({"docs_url": "javascript:alert(1)"})),
        (422, "docs_url", json!({"docs_url": "data:text/html,x"})),
        (422, "control character", json!({"name": "a\u{0}"})),
        (
            422,
            "control character",
            json!({"display_name": "a\r\nSet-Cookie: x"}),
        ),
        (
            422,
            "control character",
            json!({"api_key": {"header_name": "X\r\nY"}}),
        ),
        (
            400,
            "api_url",
            json!({"api_url": "https://169.254.169.254"}),
        ),
        (
            400,
            "api_url",
            json!({"api_url": "https://[::ffff:10.0.0.1]"}),
        ),
        (
            400,
            "api_url",
            json!({"api_url": "http://api.acme.example"}),
        ),
        (400, "api_url", json!({"api_url": "regex:.*"})),
        (422, "name", json!({"name": "../acme"})),
        (
            400,
            "header_name",
            json!({"api_key": {"header_name": "Host"}}),
        ),
        (
            400,
            "env_var",
            json!({"api_key": {"env_var": "LD_PRELOAD"}}),
        ),
        (
            400,
            "key_pattern",
            json!({"api_key": {"key_pattern": "(a{999}){999}"}}),
        ),
        (400, "oauth", json!({"auth_type": "oauth2", "flow": "pkce"})),
    ] {
        let refused = admin.post("/providers", &with(&more));
        let text = refused.text();
        assert_eq!(refused.status, status, "{more}: {text}");
        assert!(text.contains(field), "{field}: {text}");
    }
    let listed = admin.get("/providers").expect(200).json();
    assert_eq!(listed["custom"], json!([]));
}
