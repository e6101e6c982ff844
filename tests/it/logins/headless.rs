//! Programs that log in by a key of their own: client credentials, assertions (RFC 7523), GitHub Apps.

use crate::cli::transcript::Person;
use crate::support::agent::Agent;
use crate::support::oauth_home::{CLIENT_ID, CLIENT_SECRET, OAuthHome, begin, open};
use crate::support::oauth_server::{Endpoint, Fault};
use crate::support::pty::Terminal;
use jsonwebtoken::{Algorithm, DecodingKey};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

const ROBOT: &str = "robot@acme.example";

pub(crate) fn home() -> OAuthHome {
    OAuthHome::with(
        |mut definition| {
            let oauth = definition["oauth"].as_object_mut().unwrap();
            let token_url = oauth["token_url"].as_str().unwrap();
            let installations = token_url.replace(
                "/token",
                "/app/installations/{installation_id}/access_tokens",
            );
            oauth.insert("installation_token_url".to_owned(), installations.into());
            let grants = json!(["client_credentials", "jwt_bearer", "github_app"]);
            oauth.insert("grants".to_owned(), grants);
            oauth.remove("userinfo");
            definition
        },
        |daemon| daemon,
    )
}

/// A key that the server takes assertions of.
pub(crate) fn trusted(home: &OAuthHome, issuer: &str) -> String {
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let public = DecodingKey::from_rsa_pem(pair.public_key_pem().as_bytes()).unwrap();
    home.server.trust(issuer, Algorithm::RS256, public);
    pair.serialize_pem()
}

/// The access token that is given out, which the provider takes.
#[track_caller]
fn living(home: &OAuthHome, agent: &Agent) -> String {
    let answer = agent.resolve("acme").expect(200).json();
    let header = answer["headers"]["Authorization"].as_str().unwrap();
    let token = header.strip_prefix("Bearer ").unwrap().to_owned();
    home.server.get_as(&token, "/api/x").expect(200);
    token
}

fn renew(agent: &Agent) -> u16 {
    let wish = json!({"provider": "acme", "rejected": true});
    agent.post("/credentials/resolve", &wish).status
}

#[track_caller]
fn resume(agent: &Agent, login: &Value, key: &Value, status: u16) -> Value {
    let path = format!("/auth/sessions/{}/resume", login["id"].as_str().unwrap());
    let sent = agent.post(&path, &json!({"data": {"key": key}}));
    sent.expect(status).json()
}

#[test]
fn a_client_gets_its_tokens_by_itself_for_ever() {
    let home = home();
    let agent = home.daemon.agent("scout");
    let login = begin(&agent, &json!({"flow": "client_credentials"}));
    assert_eq!(login["flow"], "client_credentials");
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    let wrong = [("client_id", CLIENT_ID), ("client_secret", "not-the-one")];
    let refused = browser.submit(&page, "/input", &wrong).expect(400).text();
    assert!(refused.contains("invalid_client"), "{refused}");
    assert!(!refused.contains("not-the-one"));
    let right = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let done = browser.submit(&page, "/input", &right).expect(200).text();
    assert!(done.contains("Login successful"), "{done}");
    let first = living(&home, &agent);
    // Nobody is asked again: there is no refresh token, and none is needed.
    home.server.expire_access_tokens();
    assert_eq!(renew(&agent), 200);
    let second = living(&home, &agent);
    assert_ne!(first, second);
    let grants: Vec<String> = home
        .server
        .token_calls()
        .iter()
        .map(|call| call.grant.clone())
        .collect();
    assert!(
        grants.iter().all(|grant| grant == "client_credentials"),
        "{grants:?}"
    );
    let shown = agent.get("/connections/acme/default?show_secret=true");
    let shown = shown.expect(200).text();
    assert!(shown.contains(&second) && !shown.contains(CLIENT_SECRET));
    let logout = agent.post("/connections/acme/default/logout", &json!({}));
    logout.expect(200);
    assert_eq!(home.server.get_as(&second, "/api/x").status, 401);
}

#[test]
fn a_service_account_logs_in_by_its_key_file_in_a_pipe() {
    let home = home();
    let person = Person::at(&home.daemon);
    let pem = trusted(&home, ROBOT);
    let file = |token_uri: &str| {
        json!({
            "type": "service_account", "client_email": ROBOT, "private_key": pem,
            "token_uri": token_uri,
        })
        .to_string()
    };
    let login = ["login", "acme", "--flow", "jwt_bearer", "--key-stdin"];
    let elsewhere = person.run_with(&file("https://evil.example/token"), &login);
    assert_eq!(elsewhere.code, 2, "{elsewhere:?}");
    assert!(elsewhere.stderr.contains("another token endpoint"));
    let other = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let unknown = json!({"client_email": ROBOT, "private_key": other.serialize_pem()});
    let refused = person.run_with(&unknown.to_string(), &login);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert!(refused.stderr.contains("invalid_grant"), "{refused:?}");
    let done = person.run_with(&file(&home.server.url("/token")), &login);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!format!("{done:?}{refused:?}").contains("PRIVATE KEY"));
    let shown = person.run(&["get", "acme", "--show-secret", "--field", "access_token"]);
    let token = shown.stdout.trim();
    assert_eq!(home.server.get_as(token, "/api/x").status, 200);
}

#[test]
fn an_app_acts_for_its_installation() {
    let home = home();
    let agent = home.daemon.agent("scout");
    let pem = trusted(&home, "12");
    let login = begin(&agent, &json!({"flow": "github_app"}));
    let key = |installation: &str| json!({"app_id": "12", "installation_id": installation, "private_key": pem});
    let refused = resume(&agent, &login, &key("1/../2"), 422);
    assert!(!refused.to_string().contains("PRIVATE KEY"), "{refused}");
    let done = resume(&agent, &login, &key("42"), 200);
    assert_eq!(done["status"], "completed");
    let first = living(&home, &agent);
    home.server.expire_access_tokens();
    assert_eq!(renew(&agent), 200);
    assert_ne!(living(&home, &agent), first);
    assert_eq!(home.server.seen(Endpoint::Installation), 2);
}

#[test]
fn a_provider_that_is_away_leaves_the_login_open_and_a_withdrawn_key_ends_the_connection() {
    let home = home();
    let agent = home.daemon.agent("scout");
    let login = begin(&agent, &json!({"flow": "client_credentials"}));
    let key = json!({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET});
    for fault in [Fault::Status(503), Fault::Garbage, Fault::Reset] {
        home.server.fault(Endpoint::Token, Some(fault));
        let refused = resume(&agent, &login, &key, 400);
        assert_eq!(refused["error"], "AuthenticationFailedError", "{refused}");
    }
    home.server.fault(Endpoint::Token, None);
    resume(&agent, &login, &key, 200);
    // The same client with another secret: what is stored is worth nothing from now on.
    let auth = crate::support::oauth_server::Auth::Form;
    home.server.client(CLIENT_ID, Some("another"), auth, &[]);
    home.server.expire_access_tokens();
    let wish = json!({"provider": "acme", "rejected": true});
    let ended = agent.post("/credentials/resolve", &wish);
    assert_eq!(
        ended.json()["error"],
        "TokenExpiredError",
        "{}",
        ended.text()
    );
    assert!(
        ended.text().contains("authsome login acme"),
        "{}",
        ended.text()
    );
}

#[test]
fn a_client_is_typed_at_a_terminal() {
    let home = home();
    let person = Person::at(&home.daemon);
    let args = [
        "login",
        "acme",
        "--flow",
        "client_credentials",
        "--no-browser",
    ];
    let mut terminal = Terminal::run(person.prepare(&args));
    terminal.shows("Client ID");
    terminal.types(&format!("{CLIENT_ID}\r"));
    terminal.shows("Client secret");
    // What is typed before is thrown away.
    terminal.hides_typing();
    terminal.types(&format!("{CLIENT_SECRET}\r"));
    let seen = terminal.shows("Connected to acme");
    assert!(!seen.contains(CLIENT_SECRET), "{seen}");
    assert!(terminal.ends().success());
}

#[test]
fn a_provider_without_such_a_grant_says_so() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    for flow in ["client_credentials", "jwt_bearer", "github_app", "browser"] {
        let wish = json!({"provider": "acme", "flow": flow});
        let refused = agent.post("/auth/sessions", &wish).expect(400).json();
        assert_eq!(refused["error"], "UnsupportedFlowError", "{flow}");
    }
}
