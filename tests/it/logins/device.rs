//! Logging in from another device (RFC 8628), through the daemon and a real provider.

use crate::cli::transcript::Person;
use crate::support::agent::Agent;
use crate::support::http::PATIENCE;
use crate::support::oauth_home::{CLIENT_ID, CLIENT_SECRET, OAuthHome, begin, open};
use crate::support::oauth_server::{Auth, Endpoint, Fault};
use crate::support::pty::Terminal;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A daemon that the provider knows, so that a device login begins at once.
pub(crate) fn known(agent: &str) -> (OAuthHome, Agent) {
    let home = OAuthHome::start();
    home.server.device_interval(Duration::from_secs(1));
    let agent = home.daemon.agent(agent);
    home.log_in(&agent, &json!({"connection": "first"}))
        .expect(200);
    (home, agent)
}

pub(crate) fn by_device(agent: &Agent) -> Value {
    begin(agent, &json!({"flow": "device_code"}))
}

/// The login when it is over.
pub(crate) fn over(agent: &Agent, login: &Value) -> Value {
    let path = format!("/auth/sessions/{}", login["id"].as_str().unwrap());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = agent.get(&path).expect(200).json();
        let open = ["pending", "waiting_for_user", "processing"];
        if !open.contains(&now["status"].as_str().unwrap()) {
            return now;
        }
        assert!(Instant::now() < deadline, "still open: {now}");
        std::thread::yield_now();
    }
}

#[test]
fn a_code_typed_elsewhere_logs_in() {
    let (home, agent) = known("scout");
    let login = by_device(&agent);
    assert_eq!(login["flow"], "device_code");
    assert_eq!(login["verification_uri"], home.server.url("/device"));
    let code = login["user_code"].as_str().unwrap();
    assert!(
        login["verification_uri_complete"]
            .as_str()
            .unwrap()
            .contains(code)
    );
    // The page of it shows the code, too, and notices when it is done.
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    assert!(page.text().contains(code) && page.text().contains("http-equiv"));
    home.server.approve_device(code);
    assert_eq!(over(&agent, &login)["status"], "completed");
    let path = format!("/auth/sessions/{}/device", login["id"].as_str().unwrap());
    assert!(
        browser
            .open(&path)
            .expect(200)
            .text()
            .contains("Login successful")
    );
    let shown = agent
        .get("/connections/acme/default?show_secret=true")
        .expect(200)
        .json();
    let token = shown["access_token"].as_str().unwrap();
    assert_eq!(home.server.get_as(token, "/api/x").status, 200);
    let text = login.to_string();
    assert!(!text.contains("device_code\":\"") && !text.contains(token));
}

#[test]
fn an_unknown_client_is_asked_for_first() {
    let home = OAuthHome::start();
    home.server.device_interval(Duration::from_secs(1));
    let agent = home.daemon.agent("scout");
    let login = by_device(&agent);
    assert_eq!(login["user_code"], Value::Null);
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    let client = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let sent = browser.submit(&page, "/input", &client).expect(303);
    let page = browser
        .open(sent.header("location").unwrap())
        .expect(200)
        .text();
    let path = format!("/auth/sessions/{}", login["id"].as_str().unwrap());
    let now = agent.get(&path).expect(200).json();
    let code = now["user_code"].as_str().unwrap();
    assert!(page.contains(code), "{page}");
    home.server.approve_device(code);
    assert_eq!(over(&agent, &login)["status"], "completed");
}

#[test]
fn a_refusal_an_end_and_a_broken_endpoint_are_told_apart() {
    let (home, agent) = known("scout");
    let login = by_device(&agent);
    home.server
        .deny_device(login["user_code"].as_str().unwrap());
    let denied = over(&agent, &login);
    assert!(
        denied["error"].as_str().unwrap().contains("access_denied"),
        "{denied}"
    );
    let again = "; log in with `authsome login acme`";
    assert!(
        denied["error"].as_str().unwrap().ends_with(again),
        "{denied}"
    );
    let login = by_device(&agent);
    home.server.expire_device_codes();
    let expired = over(&agent, &login);
    assert!(
        expired["error"].as_str().unwrap().contains("expired_token"),
        "{expired}"
    );
    // One that answers nothing for a while is asked again, more slowly.
    home.server.fault(Endpoint::Token, Some(Fault::Status(503)));
    let seen = home.server.seen(Endpoint::Token);
    let login = by_device(&agent);
    home.server.wait_for(Endpoint::Token, seen + 1);
    home.server.fault(Endpoint::Token, None);
    home.server
        .approve_device(login["user_code"].as_str().unwrap());
    assert_eq!(over(&agent, &login)["status"], "completed");
    // One that gives no code ends the login at once, and the caller is told.
    for fault in [Fault::Status(500), Fault::Garbage, Fault::Reset] {
        home.server
            .fault(Endpoint::DeviceAuthorization, Some(fault));
        let wish = json!({"provider": "acme", "flow": "device_code", "force": true});
        let refused = agent.post("/auth/sessions", &wish).expect(400).json();
        assert_eq!(refused["error"], "EndpointUnreachableError");
        assert_eq!(refused["hint"], "log in with `authsome login acme`");
    }
}

#[test]
fn it_goes_on_after_a_crash_of_the_daemon() {
    let (mut home, agent) = known("scout");
    let login = by_device(&agent);
    home.daemon.crash_and_restart_in_place();
    home.server
        .approve_device(login["user_code"].as_str().unwrap());
    assert_eq!(over(&agent, &login)["status"], "completed");
}

#[test]
fn a_provider_without_devices_says_so() {
    let home = OAuthHome::with(
        |mut definition| {
            definition["oauth"]
                .as_object_mut()
                .unwrap()
                .remove("device_authorization_url");
            definition
        },
        |daemon| daemon,
    );
    let agent = home.daemon.agent("scout");
    let wish = json!({"provider": "acme", "flow": "device_code"});
    let refused = agent.post("/auth/sessions", &wish).expect(400).json();
    assert_eq!(refused["error"], "UnsupportedFlowError");
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("another device")
    );
}

#[test]
fn at_a_terminal_it_shows_the_code_the_place_and_a_picture_of_the_link() {
    let home = OAuthHome::start();
    home.server.device_interval(Duration::from_secs(1));
    let person = Person::at(&home.daemon);
    home.log_in(&home.daemon.agent("scout"), &json!({}))
        .expect(200);
    let args = [
        "login",
        "acme",
        "--flow",
        "device_code",
        "--no-open",
        "-c",
        "tv",
    ];
    let mut command = person.prepare(&args);
    command.env("TERM", "xterm-256color");
    let mut terminal = Terminal::run(command);
    let seen = terminal.shows("waiting for you to log in");
    assert!(seen.contains(&home.server.url("/device")), "{seen}");
    assert!(
        seen.contains('\u{2584}') || seen.contains('\u{2580}'),
        "{seen}"
    );
    let code = seen
        .split_whitespace()
        .skip_while(|word| *word != "code")
        .nth(1)
        .unwrap();
    home.server.approve_device(code);
    terminal.shows("Connected to acme");
    assert!(terminal.ends().success());
}

/// As Postiz has it: no client is known there, and both requests are JSON.
#[test]
fn a_provider_without_clients_is_asked_at_once_and_in_json() {
    let home = OAuthHome::with(
        |mut definition| {
            definition["flow"] = json!("device_code");
            let oauth = definition["oauth"].as_object_mut().unwrap();
            oauth.insert("client".to_owned(), json!("none"));
            oauth.insert("device_token_request".to_owned(), json!("json"));
            oauth.remove("authorization_url");
            definition
        },
        |daemon| daemon,
    );
    home.server.device_interval(Duration::from_secs(1));
    home.server.client("", None, Auth::None, &[]);
    let agent = home.daemon.agent("scout");
    let login = begin(&agent, &json!({}));
    let code = login["user_code"].as_str().expect("no form comes first");
    home.server.approve_device(code);
    assert_eq!(over(&agent, &login)["status"], "completed");
    let json = "application/json";
    assert_eq!(home.server.device_requests(), [json]);
    let calls = home.server.token_calls();
    assert!(calls.iter().all(|call| call.kind == json), "{calls:?}");
    assert!(calls.iter().all(|call| call.client_id.is_empty()));
    // A login of that kind renews itself without a client, too.
    let wish = json!({"provider": "acme", "rejected": true});
    agent.post("/credentials/resolve", &wish).expect(200);
    let renewed = home.server.token_calls().pop().unwrap();
    assert_eq!(
        (renewed.grant.as_str(), renewed.ok),
        ("refresh_token", true)
    );
}

#[test]
fn polls_are_written_as_the_definition_says() {
    for (style, kind) in [
        ("oauth2_form", "application/x-www-form-urlencoded"),
        ("json", "application/json"),
    ] {
        let home = OAuthHome::with(
            |mut definition| {
                definition["oauth"]["device_token_request"] = json!(style);
                definition
            },
            |daemon| {
                daemon
                    .env("AUTHSOME_ACME_CLIENT_ID", CLIENT_ID)
                    .env("AUTHSOME_ACME_CLIENT_SECRET", CLIENT_SECRET)
            },
        );
        home.server.device_interval(Duration::from_secs(1));
        let agent = home.daemon.agent("scout");
        let login = by_device(&agent);
        home.server
            .approve_device(login["user_code"].as_str().unwrap());
        assert_eq!(over(&agent, &login)["status"], "completed");
        let calls = home.server.token_calls();
        assert!(calls.iter().all(|call| call.kind == kind), "{calls:?}");
        assert!(calls.iter().all(|call| call.client_id == CLIENT_ID));
        assert_eq!(home.server.device_requests(), [kind]);
    }
}
