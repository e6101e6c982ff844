//! Logins that do not come about: nobody to ask, nobody to type, a person who changes their mind.

use super::transcript::Person;
use crate::support::daemon::TestDaemon;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Stdio};

/// A command that waits for a login.
struct Waiting {
    child: Child,
    link: String,
    /// Open as long as the command may say something.
    _said: BufReader<ChildStderr>,
}

fn waiting(person: &Person, args: &[&str]) -> Waiting {
    let mut child = person
        .prepare(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let link = said
        .by_ref()
        .lines()
        .map_while(Result::ok)
        .find(|line| line.trim_start().starts_with("http://"));
    Waiting {
        child,
        link: link.unwrap_or_default().trim().to_owned(),
        _said: said,
    }
}

#[test]
fn a_provider_that_cannot_be_reached_is_not_a_wrong_key() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let file = person.home().with_file_name("acme.json");
    let definition = r#"{"name": "acme", "display_name": "Acme", "auth_type": "oauth2",
        "flow": "client_credentials", "api_url": "api.acme.example",
        "oauth": {"token_url": "https://accounts.authsome.invalid/token"}}"#;
    std::fs::write(&file, definition).unwrap();
    let registered = person.run(&["register", file.to_str().unwrap(), "--yes"]);
    assert_eq!(registered.code, 0, "{registered:?}");
    let key = r#"{"client_id": "me", "client_secret": "secret"}"#;
    let ran = person.run_with(key, &["--json", "login", "acme", "--key-stdin"]);
    assert_eq!(ran.code, 8, "{ran:?}");
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["error"], "EndpointUnreachableError", "{told}");
    assert!(told["hint"].as_str().unwrap().contains("network"), "{told}");
}

#[test]
fn a_server_that_cannot_be_reached_is_not_one_without_metadata() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let args = [
        "login",
        "--mcp",
        "https://mcp.authsome.invalid/mcp",
        "--yes",
    ];
    let (code, told) = person.json(&args);
    assert_eq!(code, 8, "{told}");
    assert_eq!(told["error"], "EndpointUnreachableError", "{told}");
    assert!(told["hint"].as_str().unwrap().contains("network"), "{told}");
}

#[test]
fn without_a_terminal_a_link_is_enough_where_no_key_is_typed() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let mut login = waiting(&person, &["login", "github", "--no-browser"]);
    assert!(login.link.starts_with(&daemon.url()), "{}", login.link);
    assert_eq!(login.child.try_wait().unwrap(), None, "it waits");
    login.child.kill().unwrap();
    login.child.wait().unwrap();
    let typed = person.run(&["login", "openai", "--no-browser"]);
    assert_eq!(typed.code, 2, "{typed:?}");
    assert!(typed.stderr.contains("--key-stdin"), "{typed:?}");
}

#[test]
fn whoever_closes_the_form_is_told_the_whole_command_to_begin_again() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let args = ["--json", "login", "mistral", "-c", "work", "--force"];
    let mut login = waiting(&person, &args);
    let mut browser = daemon.browser();
    let form = browser.open(&login.link).expect(200);
    browser.submit(&form, "/input", &[("action", "cancel")]);
    let mut said = String::new();
    let mut stdout = login.child.stdout.take().unwrap();
    stdout.read_to_string(&mut said).unwrap();
    assert_eq!(login.child.wait().unwrap().code(), Some(2), "{said}");
    let told: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["error"], "InputCancelledError", "{told}");
    assert_eq!(
        told["hint"],
        "try again with `authsome login mistral --connection work --force`"
    );
}

#[test]
fn a_flow_that_a_provider_has_not_is_4() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let (code, told) = person.json(&["login", "openai", "--flow", "pkce"]);
    assert_eq!(code, 4, "{told}");
}
