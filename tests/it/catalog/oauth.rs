//! What the definitions with OAuth say: every endpoint their flow needs, and no word misspelt.

use super::all;
use authsome::model::Provider;
use authsome::model::provider::Flow;
use serde_json::Value;
use std::collections::BTreeSet;
use url::Url;

const BASE_URL: &str = "{base_url}";

/// Every field of `oauth` that some reader knows.
const KNOWN: &[&str] = &[
    "assertion_audience",
    "authorization_method",
    "authorization_params",
    "authorization_url",
    "base_url",
    "base_url_hint",
    "client",
    "device_authorization_url",
    "device_token_request",
    "grants",
    "installation_token_url",
    "pkce",
    "revocation_url",
    "scope_separator",
    "scopes",
    "supports_dcr",
    "supports_device_code",
    "token_url",
    "userinfo",
];

/// Parameters that are the protocol's own, and no definition's.
const OWN: &[&str] = &[
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
];

/// Each provider with OAuth, and its `oauth` as the file has it.
fn with_oauth() -> Vec<(Provider, Value)> {
    all()
        .into_iter()
        .filter_map(|provider| {
            let oauth = serde_json::to_value(provider.oauth.as_ref()?).unwrap();
            Some((Provider::clone(&provider), oauth))
        })
        .collect()
}

/// The URL that a field stands for, at the usual site or at some site.
fn url(oauth: &Value, text: &str) -> Url {
    let site = oauth["base_url"].as_str().unwrap_or("https://site.example");
    let full = match text.strip_prefix(BASE_URL) {
        Some(rest) => format!("{site}{rest}"),
        None => text.to_owned(),
    };
    full.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The domain somebody registered; none of ours lies under a country's `co` or `com`.
fn domain(host: &str) -> String {
    let labels: Vec<_> = host.rsplit('.').take(2).collect();
    labels.into_iter().rev().collect::<Vec<_>>().join(".")
}

#[test]
fn every_field_is_known_and_every_endpoint_is_https() {
    for (provider, oauth) in with_oauth() {
        let name = &provider.name;
        for (key, value) in oauth.as_object().unwrap() {
            assert!(KNOWN.contains(&key.as_str()), "{name}: {key}");
            if let Some(text) = value.as_str().filter(|_| key.ends_with("_url")) {
                let text = &text.replace("{installation_id}", "1");
                assert_eq!(url(&oauth, text).scheme(), "https", "{name}: {text}");
                assert_eq!(url(&oauth, text).query(), None, "{name}: {text}");
            }
        }
        let scopes: Vec<_> = oauth["scopes"].as_array().unwrap().iter().collect();
        let different: BTreeSet<_> = scopes.iter().map(|scope| scope.as_str()).collect();
        assert_eq!(
            scopes.len(),
            different.len(),
            "{name} asks twice for a scope"
        );
    }
}

#[test]
fn each_flow_has_its_endpoints() {
    let mut flows = BTreeSet::new();
    for (provider, oauth) in with_oauth() {
        let name = &provider.name;
        flows.insert(provider.flow.as_str());
        let has = |key: &str| oauth[key].is_string();
        assert!(has("token_url"), "{name}");
        let device = has("device_authorization_url");
        assert_eq!(
            device,
            oauth["supports_device_code"] == Value::Bool(true),
            "{name}"
        );
        match provider.flow {
            Flow::Pkce => assert!(has("authorization_url"), "{name}"),
            Flow::DeviceCode => assert!(device, "{name}"),
            Flow::DcrPkce => {
                let registration = provider.registration.unwrap();
                let endpoint = registration.registration_endpoint.unwrap();
                assert_eq!(url(&oauth, &endpoint).scheme(), "https", "{name}");
                assert!(has("authorization_url"), "{name}");
                assert_eq!(oauth["pkce"], true, "{name}");
            }
            Flow::ClientCredentials | Flow::JwtBearer => {}
            Flow::GithubApp => assert!(has("installation_token_url"), "{name}"),
            Flow::ApiKey | Flow::Browser => panic!("{name} is no OAuth flow"),
        }
        let dcr = oauth["supports_dcr"] == Value::Bool(true);
        assert_eq!(dcr, provider.flow == Flow::DcrPkce, "{name}");
    }
    assert_eq!(flows.len(), 4, "{flows:?}");
}

#[test]
fn how_a_client_says_who_it_is_and_what_it_adds_is_spelt_right() {
    for (provider, oauth) in with_oauth() {
        let name = &provider.name;
        let method = oauth["authorization_method"].as_str();
        assert!(matches!(method, None | Some("basic")), "{name}: {method:?}");
        let separator = oauth["scope_separator"].as_str();
        assert!(
            matches!(separator, None | Some(",")),
            "{name}: {separator:?}"
        );
        for (key, value) in oauth["authorization_params"]
            .as_object()
            .into_iter()
            .flatten()
        {
            assert!(!OWN.contains(&key.as_str()), "{name}: {key}");
            assert!(value.is_string(), "{name}: {key}");
        }
    }
}

/// The access token is sent there, so it must be the provider's own.
#[test]
fn the_page_that_says_who_it_is_belongs_to_the_provider() {
    for (provider, oauth) in with_oauth() {
        let name = &provider.name;
        let Some(info) = oauth["userinfo"].as_object() else {
            continue;
        };
        let keys: BTreeSet<_> = info.keys().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(["id", "label", "url"]), "{name}");
        for key in ["id", "label"] {
            assert!(info[key].as_str().unwrap().starts_with('/'), "{name} {key}");
        }
        let page = url(&oauth, info["url"].as_str().unwrap());
        assert_eq!(page.scheme(), "https", "{name}");
        let token = url(&oauth, oauth["token_url"].as_str().unwrap());
        let own = |host: &str| domain(host) == domain(page.host_str().unwrap());
        let places = provider.api_url.iter().any(|entry| {
            own(entry
                .trim_start_matches("https://")
                .split('/')
                .next()
                .unwrap())
        });
        assert!(places || own(token.host_str().unwrap()), "{name}: {page}");
    }
}

/// Without these, a login works for an hour and then never again.
#[test]
fn those_who_give_a_refresh_token_on_request_alone_are_asked_for_one() {
    let mut asked = 0;
    for (provider, oauth) in with_oauth() {
        let name = &provider.name;
        let scopes = oauth["scopes"].as_array().unwrap();
        let params = &oauth["authorization_params"];
        let token_url = oauth["token_url"].as_str().unwrap();
        let is_asked = match url(&oauth, token_url).host_str().unwrap() {
            "oauth2.googleapis.com" => params["access_type"] == "offline",
            "login.microsoftonline.com" | "auth.atlassian.com" => {
                scopes.contains(&"offline_access".into())
            }
            "api.x.com" => scopes.contains(&"offline.access".into()),
            "login.salesforce.com" => scopes.contains(&"refresh_token".into()),
            "www.reddit.com" => params["duration"] == "permanent",
            "api.dropboxapi.com" => params["token_access_type"] == "offline",
            _ => continue,
        };
        assert!(is_asked, "{name}");
        asked += 1;
    }
    assert!(asked > 28, "{asked}");
}

/// A token of one installation is never sent to another: what goes with the site goes with it everywhere.
#[test]
fn a_provider_of_many_sites_writes_no_endpoint_out() {
    let mut many = 0;
    for (provider, oauth) in with_oauth() {
        if !provider.has_sites() || provider.usual_site().is_none() {
            continue;
        }
        many += 1;
        let name = &provider.name;
        let site = provider.site(Some("https://git.elsewhere.example"));
        let userinfo = oauth["userinfo"]["url"].as_str();
        let named = oauth.as_object().unwrap().iter();
        let urls = named.filter(|(key, _)| key.ends_with("_url") && *key != "base_url");
        for text in urls.filter_map(|(_, value)| value.as_str()).chain(userinfo) {
            assert!(site.fill(text).is_ok(), "{name}: {text}");
        }
        let there = provider.at_site(Some("https://git.elsewhere.example"));
        assert!(!there.api_url.is_empty(), "{name}");
        for place in &there.api_url {
            assert!(
                place.starts_with("https://git.elsewhere.example"),
                "{name}: {place}"
            );
        }
    }
    assert!(many >= 2, "{many}");
}
