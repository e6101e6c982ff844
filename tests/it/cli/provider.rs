//! Definitions of one's own: written by answering, checked with line and field, and never in the
//! place of a bundled provider unasked.

use super::transcript::{Person, Ran};
use crate::support::daemon::TestDaemon;
use crate::support::pty::Terminal;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn room(person: &Person) -> PathBuf {
    person.home().parent().unwrap().to_owned()
}

fn prepare(person: &Person, args: &[&str]) -> Command {
    let mut command = person.prepare(args);
    command
        .current_dir(room(person))
        .env("TERM", "xterm-256color");
    command
}

fn run(person: &Person, args: &[&str]) -> Ran {
    Ran::from(prepare(person, args).output().unwrap())
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Answers each question as it comes.
fn answers(terminal: &mut Terminal, all: &[(&str, &str)]) {
    for (question, answer) in all {
        terminal.shows(question);
        terminal.types(&format!("{answer}\r"));
    }
}

#[test]
fn a_definition_is_written_by_answering_and_a_wrong_answer_is_asked_again() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let mut terminal = Terminal::run(prepare(&person, &["provider", "new"]));
    answers(
        &mut terminal,
        &[
            ("How does one log in?", ""),
            ("Name, as in", "../acme"),
            ("write 1 to 64 lower-case", "acme"),
            ("Name for people", "Acme"),
            ("Hosts or https URLs", "http://api.acme.example"),
            ("https", "\u{15}https://api.acme.example/v1"),
            ("Header that carries", "X-Acme-Key"),
            ("Word before the key", ""),
            ("Variable that programs read", "PATH"),
            ("may not hold a credential", "\u{15}ACME_API_KEY"),
            ("Pattern that every key fits", "ak_[a-z0-9]+"),
            ("What to say of a key", "it starts with ak_"),
            ("Shape of the fake key", "fixed"),
            ("at least 16 random", "\u{15}ak_{hex:32}"),
            ("Page where a key is made", ""),
        ],
    );
    terminal.shows("Register it now?");
    terminal.types("y");
    terminal.shows("api_url: https://api.acme.example/v1");
    terminal.shows("Register it? ");
    terminal.types("y");
    terminal.shows("Registered acme");
    assert!(terminal.ends().success());
    let written = json(&room(&person).join("acme.json"));
    assert_eq!(written["api_url"], "https://api.acme.example/v1");
    assert_eq!(written["api_key"]["env_var"], "ACME_API_KEY");
    assert_eq!(written["placeholder"], "ak_{hex:32}");
    assert_eq!(
        person
            .run_with("ak_1", &["login", "acme", "--key-stdin"])
            .code,
        0
    );
}

#[test]
fn without_a_terminal_flags_say_everything_or_it_says_which_are_missing() {
    let person = Person::without_daemon();
    let ran = run(&person, &["provider", "new"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.stderr.contains("nobody to ask for NAME, --host"),
        "{ran:?}"
    );
    assert!(
        ran.stderr
            .contains("authsome provider new acme --auth api_key"),
        "{ran:?}"
    );
    let ran = run(
        &person,
        &[
            "provider",
            "new",
            "acme",
            "--auth",
            "oauth2",
            "--host",
            "a.acme.example",
        ],
    );
    assert!(
        ran.stderr.contains("--authorization-url, --token-url"),
        "{ran:?}"
    );
    let flags = [
        "provider",
        "new",
        "acme",
        "--host",
        "a.acme.example",
        "--host",
        "b.acme.example",
        "--env",
        "ACME_KEY",
        "--prefix",
        "none",
    ];
    let ran = run(&person, &flags);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stdout.contains("authsome register acme.json"),
        "{ran:?}"
    );
    let written = json(&room(&person).join("acme.json"));
    assert_eq!(
        written["api_url"],
        serde_json::json!(["a.acme.example", "b.acme.example"])
    );
    assert_eq!(written["api_key"]["header_prefix"], "");
    let ran = run(&person, &flags);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.stderr.contains("--force"),
        "a file is not replaced unasked: {ran:?}"
    );
    assert_eq!(run(&person, &[&flags[..], &["--force"]].concat()).code, 0);
}

#[test]
fn a_definition_of_an_oauth_login_is_printed_and_a_wrong_flag_named() {
    let person = Person::without_daemon();
    let oauth = [
        "provider",
        "new",
        "beta",
        "--auth",
        "oauth2",
        "--host",
        "a.beta.example",
        "--authorization-url",
        "https://beta.example/authorize",
        "--token-url",
        "https://beta.example/token",
        "--scopes",
        "read,write",
        "--env",
        "BETA_TOKEN",
        "--output",
        "-",
    ];
    let ran = run(&person, &oauth);
    let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        printed["oauth"]["scopes"],
        serde_json::json!(["read", "write"])
    );
    assert_eq!(printed["export"]["BETA_TOKEN"], "ACCESS_TOKEN");
    let ran = run(
        &person,
        &["provider", "new", "gamma", "--host", "http://gamma.example"],
    );
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("--host: "), "{ran:?}");
}

#[test]
fn every_fault_of_a_definition_is_told_with_field_and_line() {
    let person = Person::without_daemon();
    let file = room(&person).join("bad.json");
    let told = |text: &str| {
        fs::write(&file, text).unwrap();
        let ran = run(&person, &["register", "bad.json", "--yes"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        ran.stderr
    };
    let all = told(
        "{\n  \"name\": \"acme\",\n  \"auth_type\": \"api_key\",\n  \"api_url\": \"http://acme.example\",\n  \"api_key\": {\n    \"env_var\": \"PATH\"\n  },\n  \"note\": \"a\\u001bb\"\n}",
    );
    for part in [
        "`api_url` (line 4, column ",
        "`api_key.env_var` (line 6, column ",
        "`note` (line 8, column ",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    let wrapped = told("{\"definition\": {\n  \"name\": \"acme\",\n  \"auth_type\": \"oauth\"}}");
    assert!(
        wrapped.contains("`auth_type` (line 3, column "),
        "{wrapped}"
    );
    assert!(told("{\n\"name\" \"acme\"}").contains("(line 2, column "));
    assert!(told("{\"name\": \"a\", \"name\": \"b\"}").contains("`name` (line 1, column "));
    assert!(told("").contains("empty"));
}

#[test]
fn a_bundled_host_is_taken_only_by_somebody_who_says_so() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let file = room(&person).join("mine.json");
    fs::write(&file, r#"{"name": "mine", "auth_type": "api_key", "api_url": "api.openai.com", "api_key": {"env_var": "MINE_KEY"}}"#).unwrap();
    let ran = run(&person, &["register", "mine.json", "--yes"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stderr.contains("`openai`") && ran.stderr.contains("--force"),
        "{ran:?}"
    );
    let ask = |first: &str, second: Option<&str>| {
        let mut terminal = Terminal::run(prepare(&person, &["register", "mine.json"]));
        terminal.shows("`api.openai.com` is a host of the bundled provider `openai`");
        terminal.shows("Register it?");
        terminal.types(first);
        if let Some(second) = second {
            terminal.shows("Let it take their place?");
            terminal.types(second);
        }
        terminal.ends().code()
    };
    assert_eq!(ask("n", None), Some(2));
    assert_eq!(ask("y", Some("n")), Some(2));
    assert_eq!(
        person.run(&["inspect", "mine"]).code,
        4,
        "nothing was registered"
    );
    assert_eq!(ask("y", Some("y")), Some(0));
    assert_eq!(person.run(&["inspect", "mine"]).code, 0);
}
