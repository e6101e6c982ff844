//! Row 32: the form of a login works once, for ten minutes, in its owner's browser.

use crate::api::OPENAI_KEY;
use crate::support::agent::Agent;
use crate::support::daemon::{HOSTED_URL, TestDaemon};
use crate::support::http::Request;
use crate::support::postgres::TestPostgres;
use serde_json::{Value, json};

fn begin(agent: &Agent) -> Value {
    let wish = json!({"provider": "openai", "force": true});
    agent.post("/auth/sessions", &wish).expect(200).json()
}

fn url_of(login: &Value) -> &str {
    login["next_action"]["url"].as_str().unwrap()
}

#[test]
fn the_key_goes_in_once_and_the_agent_never_sees_it() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let login = begin(&agent);
    assert_eq!(login["status"], "waiting_for_user");
    let mut browser = daemon.browser();
    let page = browser.open(url_of(&login)).expect(200);
    let done = browser.submit(&page, "/input", &[("api_key", OPENAI_KEY)]);
    assert!(done.expect(200).text().contains("successful"));
    let again = browser.submit(&page, "/input", &[("api_key", OPENAI_KEY)]);
    assert!(again.expect(410).text().contains("login is finished"));
    let path = format!("/auth/sessions/{}", login["id"].as_str().unwrap());
    let seen = agent.get(&path).expect(200);
    assert!(!seen.text().contains(OPENAI_KEY));
    assert_eq!(seen.json()["status"], "completed");
}

#[test]
fn a_key_that_does_not_fit_keeps_the_form_open() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let login = begin(&agent);
    let mut browser = daemon.browser();
    let page = browser.open(url_of(&login)).expect(200);
    let again = browser
        .submit(&page, "/input", &[("api_key", "x\r\ny")])
        .expect(400);
    let done = browser.submit(&again, "/input", &[("api_key", OPENAI_KEY)]);
    done.expect(200);
}

#[test]
fn the_link_binds_the_first_browser_and_no_second_one() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let login = begin(&agent);
    let mut first = daemon.browser();
    let page = first.open(url_of(&login)).expect(200);
    let mut second = daemon.browser();
    let refused = second.open(url_of(&login));
    assert!((400..500).contains(&refused.status), "{}", refused.status);
    let stolen = second.submit(&page, "/input", &[("api_key", OPENAI_KEY)]);
    assert!((400..500).contains(&stolen.status), "{}", stolen.status);
    first
        .submit(&page, "/input", &[("api_key", OPENAI_KEY)])
        .expect(200);
}

#[test]
fn after_its_time_the_form_is_gone() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let database = server.database();
    let daemon = TestDaemon::builder()
        .env("AUTHSOME_DATABASE_URL", &database)
        .start();
    let agent = daemon.agent("scout");
    let (opened, unopened) = (begin(&agent), begin(&agent));
    let mut browser = daemon.browser();
    let page = browser.open(url_of(&opened)).expect(200);
    // Ten minutes pass for both logins at once.
    let (path, _) = database.split_once('?').unwrap();
    let (_, name) = path.rsplit_once('/').unwrap();
    let passed = "UPDATE login_sessions SET expires_at = expires_at - 600000";
    server.psql(passed, name).unwrap();
    let late = browser.submit(&page, "/input", &[("api_key", OPENAI_KEY)]);
    assert!(!late.expect(410).text().contains(OPENAI_KEY));
    let late = browser.open(url_of(&unopened));
    assert!(late.expect(410).text().contains("is older than 10 minutes"));
    let path = format!("/auth/sessions/{}", opened["id"].as_str().unwrap());
    assert_eq!(agent.get(&path).expect(200).json()["status"], "expired");
    let path = format!("{path}/resume");
    agent
        .post(&path, &json!({"data": {"api_key": OPENAI_KEY}}))
        .expect(410);
    let connections = agent.get("/connections").expect(200).json();
    assert_eq!(connections["connections"], json!([]));
}

#[test]
fn the_id_alone_opens_nothing() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let login = begin(&agent);
    let id = login["id"].as_str().unwrap();
    assert!(id.strip_prefix("sess_").unwrap().len() >= 32, "{id}");
    let mut browser = daemon.browser();
    let answer = browser.open(&format!("/auth/sessions/{id}/input"));
    assert!(matches!(answer.status, 401 | 404), "{}", answer.status);
    let guess = browser.open(&format!("{}x", url_of(&login)));
    assert!((400..500).contains(&guess.status), "{}", guess.status);
}

#[test]
fn a_person_who_says_no_ends_the_login() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let login = begin(&agent);
    let mut browser = daemon.browser();
    let page = browser.open(url_of(&login)).expect(200);
    browser
        .submit(&page, "/input", &[("action", "cancel")])
        .expect(200);
    let path = format!("/auth/sessions/{}", login["id"].as_str().unwrap());
    assert_eq!(agent.get(&path).expect(200).json()["status"], "cancelled");
    browser
        .submit(&page, "/input", &[("api_key", OPENAI_KEY)])
        .expect(410);
    agent.get("/connections/openai/default").expect(404);
}

#[test]
fn hosted_the_form_wants_its_owner_signed_in() {
    let daemon = TestDaemon::builder().hosted().start();
    for method in ["GET", "POST"] {
        let mut request = Request::new(
            method,
            "/auth/sessions/sess_00000000000000000000000000000000/input",
        )
        .header("Host", "authsome.example.test");
        if method == "POST" {
            request = request.form(&[("api_key", OPENAI_KEY)]);
        }
        let answer = daemon.send(&request);
        assert_eq!(answer.status, 401, "{method}: {}", answer.text());
    }
    assert!(HOSTED_URL.starts_with("https://"));
}
