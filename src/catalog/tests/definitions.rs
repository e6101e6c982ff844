//! Definitions that are right, in all their spellings.

use super::{checked, refused};
use crate::catalog::{check, parse, to_file_text};
use crate::model::export::ExportSource;
use crate::model::provider::{AuthType, Flow};
use serde_json::{Value, json};

/// Shapes that definitions of version 0.5 have.
const SHAPES: &[&str] = &[
    r#"{"name": "github", "display_name": "GitHub", "type": "app", "auth_type": "oauth2", "flow": "pkce", "api_url": ["api.github.com", "regex:.*githubusercontent\\.com$"], "oauth": {"base_url": "https://github.com", "authorization_url": "{base_url}/login/oauth/authorize", "token_url": "{base_url}/login/oauth/access_token", "device_authorization_url": "{base_url}/login/device/code", "scopes": ["repo", "read:user"], "pkce": true, "supports_device_code": true, "supports_dcr": false}, "export": {"GITHUB_ACCESS_TOKEN": "ACCESS_TOKEN", "GH_TOKEN": "ACCESS_TOKEN"}, "docs_url": "https://docs.github.com/en/authentication"}"#,
    r#"{"name": "google", "display_name": "Google", "type": "app", "auth_type": "oauth2", "flow": "pkce", "api_url": "regex:.*googleapis.*", "oauth": {"authorization_url": "https://accounts.google.com/o/oauth2/v2/auth", "token_url": "https://oauth2.googleapis.com/token", "scopes": ["openid", "https://mail.google.com/"], "pkce": true, "supports_device_code": true, "supports_dcr": false}, "export": {"GOOGLE_ACCESS_TOKEN": "ACCESS_TOKEN"}}"#,
    r#"{"name": "linkedin-browser", "display_name": "LinkedIn — Browser Session", "type": "browser", "auth_type": "browser", "flow": "browser", "api_url": "regex:^(www\\.linkedin\\.com|linkedin\\.com)", "browser": {"entry_url": "https://www.linkedin.com/login", "domains": [".linkedin.com", "linkedin.com"], "auth_cookies": ["li_at"], "ttl_from_cookie": "li_at", "ttl_hours": 24, "extract": [{"cookie": "JSESSIONID", "header": "csrf-token"}]}, "export": {"env": {"li_at": "LINKEDIN_LI_AT", "JSESSIONID": "LINKEDIN_JSESSIONID"}}}"#,
    r#"{"name": "x-browser", "display_name": "X", "type": "browser", "auth_type": "browser", "flow": "browser", "api_url": "regex:^(api\\.twitter\\.com|x\\.com)", "browser": {"entry_url": "https://x.com/login", "domains": [".x.com"], "auth_cookies": ["auth_token"], "extra_headers": {"x-twitter-active-user": "yes"}, "extract": [{"cookie": "ct0", "header": "x-csrf-token"}]}, "export": {"env": {"auth_token": "X_AUTH_TOKEN", "ct0": "X_CT0"}}}"#,
    r#"{"name": "notion-mcp", "display_name": "Notion MCP", "type": "mcp", "auth_type": "oauth2", "flow": "dcr_pkce", "api_url": "mcp.notion.com", "oauth": {"authorization_url": "https://mcp.notion.com/authorize", "token_url": "https://mcp.notion.com/token", "pkce": true, "supports_device_code": false, "supports_dcr": true}, "registration": {"registration_endpoint": "https://mcp.notion.com/register"}, "export": {"NOTION_ACCESS_TOKEN": "ACCESS_TOKEN"}}"#,
    r#"{"name": "postiz", "display_name": "Postiz", "auth_type": "oauth2", "flow": "device_code", "api_url": "api.postiz.com", "oauth": {"authorization_url": "https://platform.postiz.com/oauth/authorize", "token_url": "https://cli-auth.postiz.com/device/token", "device_authorization_url": "https://cli-auth.postiz.com/device/code", "device_token_request": "json", "pkce": true, "supports_device_code": true, "supports_dcr": false}}"#,
    r#"{"name": "reddit", "display_name": "Reddit", "auth_type": "oauth2", "flow": "pkce", "oauth": {"base_url": "https://oauth.reddit.com", "authorization_url": "https://www.reddit.com/api/v1/authorize", "token_url": "https://www.reddit.com/api/v1/access_token", "authorization_method": "basic", "authorization_params": {"duration": "permanent"}, "_comment": "Basic\nalone"}, "api_url": "https://oauth.reddit.com"}"#,
    r#"{"name": "x", "display_name": "X (Twitter)", "auth_type": "oauth2", "flow": "pkce", "api_url": "api.twitter.com", "oauth": {"authorization_url": "https://twitter.com/i/oauth2/authorize", "token_url": "https://api.twitter.com/2/oauth2/token", "pkce": true, "authorization_method": "basic"}}"#,
    r#"{"name": "brevo", "display_name": "Brevo", "auth_type": "api_key", "flow": "api_key", "api_url": "api.brevo.com", "api_key": {"header_name": "api-key", "header_prefix": ""}, "export": {"BREVO_API_KEY": "API_TOKEN"}}"#,
];

#[test]
fn every_shape_of_the_former_version_is_taken_and_nothing_is_lost() {
    for text in SHAPES {
        let provider = parse(text)
            .unwrap_or_else(|e| panic!("{text}: {e}"))
            .provider;
        let again = to_file_text(&provider).unwrap();
        assert_eq!(parse(&again).unwrap().provider, provider, "{text}");
        let given: Value = serde_json::from_str(text).unwrap();
        let written: Value = serde_json::from_str(&again).unwrap();
        for (key, value) in given.as_object().unwrap() {
            match value.as_object() {
                None => assert_eq!(&written[key], value, "{key}"),
                Some(section) => {
                    for (inner, value) in section {
                        assert_eq!(&written[key][inner], value, "{key}.{inner}");
                    }
                }
            }
        }
    }
}

#[test]
fn comments_and_trailing_commas_are_read() {
    let text = "\u{feff}// ours\n{\"name\": \"acme\", /* kind */ \"auth_type\": \"api_key\",\n\"api_url\": [\"api.acme.example\",],}\n";
    let provider = parse(text).unwrap().provider;
    assert_eq!(provider.display_name, "acme");
    assert_eq!(
        (provider.auth_type, provider.flow),
        (AuthType::ApiKey, Flow::ApiKey)
    );
}

#[test]
fn the_usual_flow_goes_without_saying() {
    let oauth = json!({"auth_type": "oauth2", "flow": null, "oauth": {
        "authorization_url": "https://a.example/a", "token_url": "https://a.example/t"}});
    assert_eq!(checked(oauth).provider.flow, Flow::Pkce);
}

#[test]
fn a_null_prefix_is_the_bare_key_and_an_absent_one_is_bearer() {
    let prefix = |more| {
        let settings = checked(json!({"api_key": more})).provider.api_key.unwrap();
        settings.header_prefix
    };
    assert_eq!(
        prefix(json!({"header_name": "Authorization", "header_prefix": null})),
        Some(String::new())
    );
    assert_eq!(prefix(json!({"header_name": "Authorization"})), None);
}

#[test]
fn null_is_absent_everywhere_else() {
    let more = json!({"type": null, "docs_url": null, "oauth": null, "browser": null,
        "export": null, "placeholder": null, "injections": null, "registration": null,
        "api_key": {"env_var": null, "key_pattern": null}});
    let provider = checked(more).provider;
    assert!(provider.oauth.is_none() && provider.injections.is_empty());
    let oauth = json!({"auth_type": "oauth2", "flow": "dcr_pkce",
        "oauth": {"scopes": null, "pkce": null, "supports_dcr": true, "base_url": null}});
    assert!(checked(oauth).provider.oauth.unwrap().scopes.is_empty());
    let rule = json!({"injections": [{"kind": "query", "name": "key", "hosts": null}]});
    assert_eq!(checked(rule).provider.injections.len(), 1);
}

#[test]
fn unknown_fields_are_kept_at_every_level() {
    let more = json!({"later": {"a": [1]}, "api_key": {"header_name": "X-Key", "rotate": true}});
    let provider = checked(more).provider;
    let again = serde_json::to_value(&provider).unwrap();
    assert_eq!(again["later"], json!({"a": [1]}));
    assert_eq!(again["api_key"]["rotate"], json!(true));
}

#[test]
fn both_spellings_of_export_are_read() {
    let flat = checked(json!({"export": {"A_KEY": "API_TOKEN", "A_URL": "api_url"}})).provider;
    let nested = checked(json!({"export": {"env": {"api_key": "A_KEY", "api_url": "A_URL"}}}));
    assert_eq!(flat.export, nested.provider.export);
    assert_eq!(flat.export["A_URL"], ExportSource::ApiUrl);
    let both = json!({"export": {"env": {"api_key": "A"}, "B": "API_TOKEN"}});
    assert!(refused(both).to_string().contains("export"));
}

#[test]
fn a_service_on_this_machine_is_taken_with_its_port() {
    checked(json!({"api_url": ["https://127.0.0.1:8443/v1", "http://localhost:8080"]}));
    refused(json!({"api_url": "http://127.0.0.1"}));
    refused(json!({"api_url": "http://10.0.0.1:8080"}));
}

#[test]
fn what_its_writer_should_know_is_a_warning() {
    for (more, about) in [
        (json!({"api_url": null}), "no request"),
        (
            json!({"api_url": "https://10.0.0.1:8443"}),
            "AUTHSOME_PRIVATE_HOSTS",
        ),
        (
            json!({"api_url": "https://100.100.1.1:8443"}),
            "AUTHSOME_PRIVATE_HOSTS",
        ),
        (json!({"api_url": "intranet"}), "whole name"),
        (
            json!({"api_url": "regex:.*acme\\.example"}),
            "another domain",
        ),
        (
            json!({"browser": {"entry_url": "https://a.example", "auth_cookies": ["a"]}}),
            "does not use",
        ),
    ] {
        let warnings = checked(more.clone()).warnings;
        assert!(
            warnings.iter().any(|w| w.message.contains(about)),
            "{more}: {warnings:?}"
        );
    }
    assert!(checked(json!({})).warnings.is_empty());
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let text = "{\n  \"name\": \"Not Good\",\n  \"auth_type\": \"api_key\",\n  \"api_url\": [\"ok.example.com\", \"http://plain.example\"],\n  \"api_key\": {\"header_name\": \"Bad Name\",\n    \"env_var\": \"PATH\"}\n}";
    let invalid = parse(text).unwrap_err();
    let found: Vec<_> = invalid
        .problems()
        .iter()
        .map(|p| (p.path.as_str(), p.place))
        .collect();
    assert_eq!(
        found,
        [
            ("name", Some((2, 11))),
            ("api_url[1]", Some((4, 33))),
            ("api_key.header_name", Some((5, 30))),
            ("api_key.env_var", Some((6, 16))),
        ]
    );
    let text = invalid.to_string();
    assert!(
        text.contains("`api_url[1]` (line 4, column 33): only https is allowed"),
        "{text}"
    );
}

#[test]
fn a_value_and_its_text_are_judged_alike() {
    for text in SHAPES {
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            check(value).unwrap().provider,
            parse(text).unwrap().provider
        );
    }
}

#[test]
fn the_example_of_the_documentation_is_right() {
    let page = include_str!("../../../docs/providers-schema.md");
    let text = page
        .split("```json\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let checked = parse(text).unwrap_or_else(|e| panic!("{e}"));
    assert!(checked.warnings.is_empty());
    assert_eq!(to_file_text(&checked.provider).unwrap(), text);
    let rules = page
        .split("```json\n")
        .nth(2)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    for rule in serde_json::from_str::<Value>(&format!("{{{rules}}}")).unwrap()["injections"]
        .as_array()
        .unwrap()
    {
        super::checked(json!({"injections": [rule]}));
    }
}

#[test]
fn what_does_not_go_along_to_another_site_is_warned_of() {
    let warned = |oauth: Value, api_url: Value| {
        let definition = json!({"name": "acme", "auth_type": "oauth2", "flow": "pkce",
            "oauth": oauth, "api_url": api_url});
        let warnings = check(definition).unwrap().warnings;
        let paths = warnings.into_iter().map(|warning| warning.path);
        paths.collect::<Vec<_>>()
    };
    let mut oauth = json!({
        "base_url": "https://acme.example",
        "authorization_url": "{base_url}/authorize", "token_url": "{base_url}/token",
        "userinfo": {"url": "{base_url}/me"},
    });
    assert!(warned(oauth.clone(), json!("{base_url}/api")).is_empty());
    assert_eq!(warned(oauth.clone(), json!("acme.example")), ["api_url"]);
    oauth["revocation_url"] = json!("https://api.acme.example/revoke");
    oauth["userinfo"]["url"] = json!("https://api.acme.example/me");
    assert_eq!(
        warned(oauth.clone(), json!(["{base_url}/api", "acme.example"])),
        ["oauth.revocation_url", "oauth.userinfo.url"]
    );
    // Without a usual site, what is written out is meant at every one.
    oauth.as_object_mut().unwrap().remove("base_url");
    assert!(warned(oauth, json!("api.acme.example")).is_empty());
}
