//! The server itself, where our client does not speak to it yet.

use super::super::http::Request;
use super::token::DEVICE;
use super::{Auth, Endpoint, Issuer, OAuthServer, TokenStyle};
use serde_json::{Value, json};
use std::time::Duration;

const BACK: &str = "http://127.0.0.1:7998/auth/callback/oauth";
/// Of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn started() -> OAuthServer {
    let server = OAuthServer::start();
    server.client("web", Some("s3cret"), Auth::Form, &[BACK]);
    server.client("cli", None, Auth::None, &[]);
    server
}

fn authorize_url(server: &OAuthServer, changed: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", "web"),
        ("redirect_uri", BACK),
        ("state", "the-state"),
        ("scope", "read write"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let mut url: url::Url = server.url("/authorize").parse().unwrap();
    for (name, value) in usual {
        let value = changed
            .iter()
            .find(|(other, _)| *other == name)
            .map_or(value, |(_, value)| value);
        url.query_pairs_mut().append_pair(name, value);
    }
    url.into()
}

fn query(location: &str, name: &str) -> Option<String> {
    let url: url::Url = location.parse().unwrap();
    let mut pairs = url.query_pairs().into_owned();
    pairs
        .find(|(other, _)| other == name)
        .map(|(_, value)| value)
}

#[test]
fn a_person_allows_or_denies_and_is_sent_back_with_the_state() {
    let server = started();
    let back = server.approve(&authorize_url(&server, &[]));
    assert!(back.starts_with(BACK), "{back}");
    assert_eq!(query(&back, "state").unwrap(), "the-state");
    assert!(query(&back, "code").is_some());
    assert_eq!(query(&back, "iss"), None);

    server.names_itself(Issuer::Named);
    let back = server.deny(&authorize_url(&server, &[]));
    assert_eq!(query(&back, "error").unwrap(), "access_denied");
    assert_eq!(query(&back, "code"), None);
    assert_eq!(query(&back, "iss").unwrap(), server.url(""));

    server.names_itself(Issuer::Other("https://evil.example".to_owned()));
    let back = server.approve(&authorize_url(&server, &[]));
    assert_eq!(query(&back, "iss").unwrap(), "https://evil.example");
    assert_eq!(server.seen(Endpoint::Authorize), 6);
}

#[test]
fn a_wrong_client_or_redirect_uri_sends_nobody_anywhere() {
    let server = started();
    let near = format!("{BACK}/");
    let wrong = [
        ("client_id", "nobody"),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", &near),
        ("redirect_uri", ""),
    ];
    for change in wrong {
        let answer = server.visit(&authorize_url(&server, &[change])).expect(400);
        assert_eq!(answer.header("location"), None);
    }
}

#[test]
fn what_else_is_wrong_is_said_to_the_client() {
    let server = started();
    for (name, value, code) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("state", "", "invalid_request"),
    ] {
        let url = authorize_url(&server, &[(name, value)]);
        let answer = server.visit(&url).expect(303);
        let back = answer.header("location").unwrap();
        assert_eq!(query(back, "error").unwrap(), code, "{name}");
    }
}

#[test]
fn a_consent_page_decides_once() {
    let server = started();
    let page = server.visit(&authorize_url(&server, &[])).expect(200);
    let fields = super::super::browser::hidden_fields(&page.text());
    let fields = [(&*fields[0].0, &*fields[0].1), ("decision", "allow")];
    server.post("/authorize", &fields).expect(303);
    server.post("/authorize", &fields).expect(400);
}

fn code(server: &OAuthServer) -> String {
    query(&server.approve(&authorize_url(server, &[])), "code").unwrap()
}

#[test]
fn a_refused_exchange_spends_no_code_and_a_second_one_ends_what_the_first_gave() {
    let server = started();
    let code = code(&server);
    let exchange = |changed: (&str, &str)| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", "web"),
            ("client_secret", "s3cret"),
            ("code", &code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        let fields =
            fields.map(|(name, value)| (name, if name == changed.0 { changed.1 } else { value }));
        server.post("/token", &fields)
    };
    for (name, value, error) in [
        ("client_secret", "wrong", "invalid_client"),
        ("client_id", "nobody", "invalid_client"),
        ("code", "code_other", "invalid_grant"),
        ("redirect_uri", "https://evil.example/", "invalid_grant"),
        ("redirect_uri", "", "invalid_grant"),
        ("code_verifier", "", "invalid_request"),
        ("grant_type", "password", "unsupported_grant_type"),
    ] {
        assert_eq!(exchange((name, value)).json()["error"], error, "{name}");
    }
    let tokens = exchange(("", "")).expect(200).json();
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let echo = server.get_as(&token, "/api/user?q=1").expect(200).json();
    assert_eq!(
        echo,
        json!({"method": "GET", "path": "/api/user", "token": 1})
    );
    assert_eq!(server.living(&token), Some(1));

    assert_eq!(
        exchange(("", "")).expect(400).json()["error"],
        "invalid_grant"
    );
    server.get_as(&token, "/api/user").expect(401);
    let calls = server.token_calls();
    assert_eq!(calls.iter().filter(|call| call.ok).count(), 1);
    assert!(calls.iter().all(|call| call.auth == Auth::Form));
}

#[test]
fn a_parameter_twice_is_refused() {
    let server = started();
    let twice = [("client_id", "web"), ("client_id", "web")];
    let said = server.post("/token", &twice).expect(400).json();
    assert_eq!(said["error"], "invalid_request");
}

fn poll(server: &OAuthServer, device: &Value) -> Value {
    let code = device["device_code"].as_str().unwrap();
    let fields = [
        ("grant_type", DEVICE),
        ("client_id", "cli"),
        ("device_code", code),
    ];
    server.post("/token", &fields).json()
}

fn start_device(server: &OAuthServer) -> Value {
    let fields = [("client_id", "cli"), ("scope", "read")];
    server.post("/device/authorize", &fields).expect(200).json()
}

#[test]
fn a_device_waits_until_a_person_decides() {
    let server = started();
    server.device_interval(Duration::ZERO);
    let device = start_device(&server);
    assert_eq!(poll(&server, &device)["error"], "authorization_pending");
    server.slow_down(1);
    assert_eq!(poll(&server, &device)["error"], "slow_down");
    let page = server.visit(device["verification_uri_complete"].as_str().unwrap());
    let user_code = device["user_code"].as_str().unwrap();
    assert!(page.expect(200).text().contains(user_code));
    server.approve_device(&user_code.to_ascii_lowercase());

    let device = start_device(&server);
    server.approve_device(device["user_code"].as_str().unwrap());
    let tokens = poll(&server, &device);
    assert!(tokens["refresh_token"].is_string());
    let token = tokens["access_token"].as_str().unwrap();
    server.get_as(token, "/userinfo").expect(200);
    assert_eq!(poll(&server, &device)["error"], "invalid_grant");

    let device = start_device(&server);
    server.deny_device(device["user_code"].as_str().unwrap());
    assert_eq!(poll(&server, &device)["error"], "access_denied");

    let device = start_device(&server);
    server.expire_device_codes();
    assert_eq!(poll(&server, &device)["error"], "expired_token");
}

#[test]
fn a_device_that_polls_too_fast_is_slowed_down() {
    let server = started();
    server.device_interval(Duration::from_mins(10));
    let device = start_device(&server);
    assert_eq!(device["interval"], 600);
    assert_eq!(poll(&server, &device)["error"], "authorization_pending");
    assert_eq!(poll(&server, &device)["error"], "slow_down");
}

#[test]
fn a_device_may_speak_json() {
    let server = started();
    let ask = |target, body| server.send(&Request::new("POST", target).json(&body));
    let device = ask("/device/authorize", json!({"client_id": "cli"}))
        .expect(200)
        .json();
    server.approve_device(device["user_code"].as_str().unwrap());
    let poll = json!({"client_id": "cli", "device_code": device["device_code"]});
    assert!(ask("/token", poll).expect(200).json()["access_token"].is_string());
    assert_eq!(server.token_calls()[0].grant, DEVICE);
}

#[test]
fn a_client_registers_itself_and_logs_in() {
    let server = started();
    let ask = |body: Value| server.send(&Request::new("POST", "/register").json(&body));
    let wish = json!({"redirect_uris": [BACK], "token_endpoint_auth_method": "none"});
    let made = ask(wish).expect(201).json();
    assert_eq!(made["client_secret"], Value::Null);
    let id = made["client_id"].as_str().unwrap();
    server.approve(&authorize_url(&server, &[("client_id", id)]));
    let made = ask(json!({"redirect_uris": [BACK]})).expect(201).json();
    assert!(made["client_secret"].is_string());

    for uris in [
        json!([]),
        json!(["http://evil.example/"]),
        json!(["javascript:x"]),
    ] {
        let said = ask(json!({"redirect_uris": uris})).expect(400).json();
        assert_eq!(said["error"], "invalid_redirect_uri");
    }
    let said = ask(json!({"redirect_uris": "x"})).expect(400).json();
    assert_eq!(said["error"], "invalid_client_metadata");
}

#[test]
fn documents_are_where_the_issuer_puts_them() {
    let server = started();
    let inserted = "/.well-known/oauth-authorization-server";
    let said = server.get(inserted).expect(200).json();
    assert_eq!(said["issuer"], server.url(""));
    assert_eq!(said["code_challenge_methods_supported"], json!(["S256"]));
    server.metadata("code_challenge_methods_supported", json!(["plain"]));
    server.metadata("registration_endpoint", Value::Null);
    let said = server.get(inserted).expect(200).json();
    assert_eq!(said["code_challenge_methods_supported"], json!(["plain"]));
    assert_eq!(said.get("registration_endpoint"), None);

    server.issuer_path("/tenant");
    server.get(inserted).expect(404);
    for path in [
        "/.well-known/oauth-authorization-server/tenant",
        "/.well-known/openid-configuration/tenant",
        "/tenant/.well-known/openid-configuration",
    ] {
        let said = server.get(path).expect(200).json();
        assert_eq!(said["issuer"], server.url("/tenant"));
    }
    assert_eq!(server.seen(Endpoint::Metadata), 4);
    assert_eq!(server.seen(Endpoint::OpenIdMetadata), 2);
}

#[test]
fn the_resource_says_who_gives_tokens_for_it() {
    let server = started();
    let answer = server
        .send(&Request::new("POST", "/mcp").json(&json!({})))
        .expect(401);
    let challenge = answer.header("www-authenticate").unwrap();
    let metadata = server.url("/.well-known/oauth-protected-resource/mcp");
    assert_eq!(
        challenge,
        format!("Bearer resource_metadata=\"{metadata}\"")
    );
    let said = server.visit(&metadata).expect(200).json();
    assert_eq!(said["resource"], server.url("/mcp"));
    assert_eq!(said["authorization_servers"], json!([server.issuer()]));
    server.resource_metadata("resource", "https://evil.example/mcp");
    let said = server.visit(&metadata).expect(200).json();
    assert_eq!(said["resource"], "https://evil.example/mcp");

    let device = start_device(&server);
    server.approve_device(device["user_code"].as_str().unwrap());
    let token = poll(&server, &device)["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let greeting = server.get_as(&token, "/mcp").expect(200);
    assert_eq!(greeting.json()["result"]["token"], 1);
    assert!(!greeting.text().contains(&token));
}

#[test]
fn answers_come_in_the_style_that_was_set() {
    let server = started();
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "web"),
        ("client_secret", "s3cret"),
        ("scope", "read write"),
    ];
    server.expires_in("3600");
    server.scopes_as_list(true);
    let said = server.post("/token", &fields).expect(200).json();
    assert_eq!(said["expires_in"], "3600");
    assert_eq!(said["scope"], json!(["read", "write"]));
    server.expires_in(Value::Null);
    assert_eq!(
        server.post("/token", &fields).json().get("expires_in"),
        None
    );
    server.token_style(TokenStyle::Form);
    assert!(
        server
            .post("/token", &fields)
            .text()
            .contains("scope=read%2Cwrite")
    );
    assert!(
        server
            .post("/token", &fields[..1])
            .expect(200)
            .text()
            .starts_with("error=")
    );
    server.token_style(TokenStyle::ErrorsWith200);
    let said = server.post("/token", &fields[..1]).expect(200).json();
    assert_eq!(said["error"], "invalid_client");
}
