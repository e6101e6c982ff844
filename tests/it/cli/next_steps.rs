//! What a command says when it does not do what was meant: the reason, and what would help.

use super::transcript::Person;
use crate::support::daemon::TestDaemon;
use crate::support::pty::Terminal;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const KEY: &str = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH";
const OTHER_KEY: &str = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH";

fn stored_key(person: &Person) -> String {
    let get = ["get", "openai", "--show-secret", "--field", "api_key"];
    person.run(&get).stdout.trim_end().to_owned()
}

fn text<'v>(object: &'v Value, field: &str) -> &'v str {
    object[field].as_str().unwrap_or_default()
}

#[test]
fn a_daemon_of_this_home_elsewhere_is_named_at_once_by_every_command() {
    let daemon = TestDaemon::start();
    let (pid, address) = (daemon.pid().to_string(), daemon.address().to_string());
    let person = Person::at(&daemon)
        .env("AUTHSOME_DAEMON_URL", "http://127.0.0.1:9")
        .env("AUTHSOME_LISTEN", "127.0.0.1:9");
    let says = |told: &str| {
        assert!(told.contains(&address), "{told}");
        assert!(told.contains(&format!("(pid {pid})")), "{told}");
    };
    for args in [
        &["list"][..],
        &["daemon", "start"],
        &["daemon", "health-check"],
    ] {
        let (code, object) = person.json(args);
        assert_eq!(code, 9, "{object}");
        says(text(&object, "message"));
        assert!(text(&object, "hint").contains(&address), "{object}");
        assert!(text(&object, "hint").contains("daemon stop"), "{object}");
    }
    let (_, status) = person.json(&["daemon", "status"]);
    assert_eq!(status["running"], false);
    says(text(&status, "error"));
    let (code, report) = person.json(&["doctor"]);
    assert_eq!(code, 1, "{report}");
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "daemon");
    says(text(check.unwrap(), "message"));
}

#[test]
fn a_piped_key_is_stored_or_refused_but_never_dropped() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let login = ["login", "openai", "--key-stdin"];
    assert_eq!(person.run_with(KEY, &login).code, 0);
    let again = person.run_with(OTHER_KEY, &login);
    assert_eq!(again.code, 6, "{again:?}");
    assert!(again.stderr.contains("not stored"), "{again:?}");
    assert!(again.stderr.contains("--force"), "{again:?}");
    assert_eq!(stored_key(&person), KEY);
    let forced = person.run_with(OTHER_KEY, &[&login[..], &["--force"]].concat());
    assert_eq!(forced.code, 0, "{forced:?}");
    assert_eq!(stored_key(&person), OTHER_KEY);
}

#[test]
fn a_logout_names_the_connection_that_takes_over() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    for name in ["default", "work"] {
        let login = ["login", "openai", "-c", name, "--key-stdin"];
        assert_eq!(person.run_with(KEY, &login).code, 0);
    }
    let (_, first) = person.json(&["logout", "openai"]);
    assert_eq!(first["connection"], "default");
    assert_eq!(first["default_connection"], "work");
    let (_, last) = person.json(&["logout", "openai"]);
    assert_eq!(last["connection"], "work");
    assert_eq!(last.get("default_connection"), None, "{last}");
}

#[test]
fn what_ends_everybodys_connections_says_how_many() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    for name in ["default", "work"] {
        let login = ["login", "openai", "-c", name, "--key-stdin"];
        assert_eq!(person.run_with(KEY, &login).code, 0);
    }
    let (_, revoked) = person.json(&["revoke", "openai"]);
    assert_eq!(revoked["connections_ended"], 2, "{revoked}");
    person.run_with(KEY, &["login", "openai", "--key-stdin"]);
    let reset = person.run(&["remove", "openai"]);
    assert!(reset.stdout.contains("1 connection was ended"), "{reset:?}");
}

#[test]
fn an_unknown_provider_is_4_everywhere_and_the_nearest_is_named() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    for args in [
        &["inspect", "opnai"][..],
        &["login", "opnai"],
        &["set-default", "opnai", "default"],
        &["get", "opnai", "-c", "work"],
        &["logout", "opnai", "-c", "work"],
        &["export", "opnai"],
        &["run", "-p", "opnai", "--", "true"],
        &["run", "-c", "opnai=work", "--", "true"],
    ] {
        let ran = person.run(&[&["--json"], args].concat());
        let object: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(ran.code, 4, "{args:?}: {object}");
        let hint = text(&object, "hint");
        assert!(hint.starts_with("did you mean `openai`?"), "{hint}");
    }
    let (_, object) = person.json(&["inspect", "githb-pat"]);
    assert!(text(&object, "hint").contains("`github-pat`"), "{object}");
}

#[test]
fn an_unknown_connection_is_answered_with_those_there_are() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    person.run_with(KEY, &["login", "openai", "-c", "work", "--key-stdin"]);
    for args in [
        &["logout", "openai", "-c", "wrok"][..],
        &["set-default", "openai", "wrok"],
        &["get", "openai", "-c", "wrok"],
    ] {
        let (code, object) = person.json(args);
        assert_eq!(code, 3, "{object}");
        assert_eq!(text(&object, "hint"), "your connections to `openai`: work");
    }
}

#[test]
fn what_an_api_key_has_no_use_for_is_refused() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    for flag in [
        &["--scopes", "a,b"][..],
        &["--base-url", "https://x.example"],
    ] {
        let args = [&["login", "openai", "--key-stdin"], flag].concat();
        let ran = person.run_with(KEY, &args);
        assert_eq!(ran.code, 4, "{ran:?}");
        assert!(ran.stderr.contains(flag[0]), "{ran:?}");
    }
    assert_eq!(person.json(&["whoami"]).1["connected_providers_count"], 0);
}

#[test]
fn forgotten_dashes_before_a_program_are_pointed_out() {
    let person = Person::without_daemon();
    let (code, object) = person.json(&["run", "python", "agent.py"]);
    assert_eq!(code, 2);
    assert!(text(&object, "hint").contains("`--`"), "{object}");
}

#[test]
fn a_claim_to_be_accepted_is_told_to_programs_in_fields() {
    let daemon = TestDaemon::start();
    let stranger = Person::with("AUTHSOME_DAEMON_URL", &daemon.url());
    let (code, object) = stranger.json(&["list"]);
    assert_eq!(code, 1, "{object}");
    let claim = format!("{}/claim/", daemon.url());
    assert!(text(&object, "claim_url").starts_with(&claim), "{object}");
    assert!(text(&object, "hint").contains(text(&object, "fingerprint")));
    assert_eq!(text(&object, "fingerprint").split(' ').count(), 8);
}

#[test]
fn the_browser_of_the_environment_is_the_one_that_opens() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let pipe = person.home().with_file_name("opened");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let browser = person.home().with_file_name("browser");
    let script = format!("#!/bin/sh\necho \"$1 $2\" > {}\n", pipe.display());
    fs::write(&browser, script).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let choice = format!("/nowhere/browser:{} --new", browser.display());
    let person = person.env("BROWSER", &choice);
    let (code, object) = person.json(&["ui"]);
    assert_eq!((code, &object["opened"]), (0, &Value::Bool(true)));
    // Whoever opens a pipe to read waits for the one who writes.
    let opened = fs::read_to_string(&pipe).unwrap();
    assert_eq!(opened, format!("--new {}\n", text(&object, "url")));
}

#[test]
fn a_narrow_terminal_cuts_no_word() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    person.run_with(KEY, &["login", "openai", "--key-stdin"]);
    for args in [&["log"][..], &["list"]] {
        let mut command = person.prepare(args);
        command.env("TERM", "dumb").env("COLUMNS", "50");
        let mut terminal = Terminal::run(command);
        assert!(terminal.ends().success());
        let whole = person.run(args).stdout;
        let shown = terminal.shows(whole.split_whitespace().last().unwrap());
        for line in shown.lines() {
            assert!(line.trim_end().chars().count() <= 50, "{line:?}");
        }
        for word in shown.split_whitespace() {
            assert!(whole.contains(word), "{word} of\n{shown}");
        }
    }
}

#[test]
fn quiet_leaves_nothing_but_the_answer() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let invite = person.run(&["admin", "invite", "-q"]);
    assert_eq!(invite.stdout.lines().count(), 1, "{invite:?}");
    for args in [
        &["list", "zzz", "-q"][..],
        &["log", "-q", "--event", "nope"],
    ] {
        let ran = person.run(args);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    }
    let file = person.home().with_file_name("acme.json");
    let definition = r#"{"name": "acme", "auth_type": "api_key", "flow": "api_key",
        "api_url": "regex:.*acme\\.example", "api_key": {"header_name": "X-Key"}}"#;
    fs::write(&file, definition).unwrap();
    let register = person.run(&["register", file.to_str().unwrap(), "--yes", "-q"]);
    assert_eq!((register.code, register.stdout.as_str()), (0, ""));
    assert!(register.stderr.contains("acme.example"), "{register:?}");
}

#[test]
fn doctor_sees_a_lost_key_while_no_daemon_runs() {
    let person = Person::with("AUTHSOME_DAEMON_URL", "http://127.0.0.1:9");
    let server = person.home().join("server");
    fs::create_dir_all(&server).unwrap();
    fs::write(server.join("store.db"), "").unwrap();
    let (code, report) = person.json(&["doctor"]);
    assert_eq!(code, 1, "{report}");
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "daemon");
    assert!(
        text(check.unwrap(), "message").contains("master.key"),
        "{report}"
    );
}

#[test]
fn a_broken_config_is_told_once_by_doctor_with_what_to_do() {
    let person = Person::without_daemon();
    fs::create_dir_all(person.home()).unwrap();
    fs::write(person.home().join("config.json"), "{").unwrap();
    let (_, report) = person.json(&["doctor"]);
    let checks = report["checks"].as_array().unwrap();
    let about: Vec<_> = checks
        .iter()
        .filter(|check| text(check, "message").contains("configuration file"))
        .collect();
    assert_eq!(about.len(), 1, "{report}");
    assert!(!text(about[0], "fix").is_empty(), "{report}");
}

#[test]
fn health_check_tells_programs_one_object() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let (code, object) = person.json(&["daemon", "health-check"]);
    assert_eq!((code, text(&object, "status")), (0, "ok"));
    let silent = person.run(&["daemon", "health-check"]);
    assert_eq!((silent.code, silent.stdout.as_str()), (0, ""));
}

#[test]
fn completions_offer_shells_and_no_files_for_names() {
    let person = Person::without_daemon();
    let fish = person.run(&["completions", "fish"]).stdout;
    assert!(fish.contains("bash elvish fish powershell zsh"), "{fish}");
    let zsh = person.run(&["completions", "zsh"]).stdout;
    let offers_files = |argument: &str| {
        let mut lines = zsh.lines().filter(|line| line.contains(argument));
        lines.any(|line| line.contains("_default") || line.contains("_files"))
    };
    assert!(!offers_files(":provider -- "));
    assert!(offers_files(":file -- "));
}
