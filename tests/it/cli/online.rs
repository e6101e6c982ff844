//! Every command against a running daemon, as text and as JSON.

use super::transcript::Person;
use crate::support::daemon::TestDaemon;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

const KEY: &str = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH";

fn connected(person: &Person) {
    let ran = person.run_with(KEY, &["login", "openai", "--key-stdin"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn the_first_minute_reads_well() {
    let daemon = TestDaemon::start();
    let mut person = Person::at(&daemon);
    person.tells(&["init"]);
    person.tells(&["whoami"]);
    person.tells(&["list", "--connected"]);
    person.tells(&["list", "openai"]);
    person.tells(&["inspect", "openai"]);
    person.tells_with(&format!("{KEY}\n"), &["login", "openai", "--key-stdin"]);
    person.tells(&["login", "openai"]);
    person.tells(&["list", "--connected"]);
    person.tells(&["list", "nothing-like-this"]);
    person.tells(&["get", "openai"]);
    person.tells(&["get", "openai", "--field", "status"]);
    person.tells(&["get", "openai", "--field", "api_key"]);
    person.tells(&["get", "openai", "--field", "colour"]);
    person.tells(&["logout", "openai"]);
    person.tells(&["logout", "openai"]);
    person.matches("first_minute");
}

#[test]
fn the_same_as_json() {
    let daemon = TestDaemon::start();
    let mut person = Person::at(&daemon);
    person.tells(&["init", "--json"]);
    person.tells(&["whoami", "--json"]);
    person.tells(&["list", "openai", "--json"]);
    person.tells_with(KEY, &["login", "openai", "--key-stdin", "--json"]);
    person.tells(&["login", "openai", "--json"]);
    person.tells(&["login", "openai", "-c", "work", "--no-wait", "--json"]);
    person.tells(&["list", "openai", "--connected", "--json"]);
    person.tells(&["inspect", "openai", "--json"]);
    person.tells(&["get", "openai", "--json"]);
    person.tells(&["get", "openai", "--field", "status", "--json"]);
    person.tells(&["export", "openai", "--json"]);
    person.tells(&["logout", "openai", "--json"]);
    person.tells(&["logout", "openai", "--json"]);
    person.tells(&["get", "no-such-provider", "--json"]);
    person.matches("json");
}

#[test]
fn secrets_come_only_when_asked_for_and_it_is_written_down() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    connected(&person);
    for args in [
        &["get", "openai"][..],
        &["get", "openai", "--json"],
        &["get", "openai", "--field", "api_key"],
        &["list"],
        &["inspect", "openai"],
        &["whoami"],
        &["log"],
        &["log", "--json"],
        &["doctor"],
    ] {
        let ran = person.run(args);
        assert!(!ran.stdout.contains(KEY), "{args:?}");
    }
    let shown = person.run(&["get", "openai", "--show-secret", "--field", "api_key"]);
    assert_eq!(shown.stdout, format!("{KEY}\n"));
    let (_, log) = person.json(&["log", "--event", "credential.revealed"]);
    assert_eq!(log["entries"].as_array().unwrap().len(), 1, "{log}");
}

#[test]
fn exports_are_variables_in_three_spellings() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    connected(&person);
    let text = |format: &str| person.run(&["export", "openai", "--format", format]).stdout;
    assert_eq!(text("env"), format!("OPENAI_API_KEY={KEY}\n"));
    assert!(
        text("shell").starts_with("export OPENAI_API_KEY="),
        "{}",
        text("shell")
    );
    let json: serde_json::Value = serde_json::from_str(&text("json")).unwrap();
    assert_eq!(json["OPENAI_API_KEY"], KEY);
    assert_eq!(person.run(&["export"]).stdout, text("env"));
}

#[test]
fn several_logins_at_one_provider_have_a_default() {
    let daemon = TestDaemon::start();
    let mut person = Person::at(&daemon);
    connected(&person);
    let work = ["login", "openai", "--connection", "work", "--key-stdin"];
    person.tells_with(KEY, &work);
    person.tells(&["list", "--connected"]);
    person.tells(&["set-default", "openai", "work"]);
    person.tells(&["list", "--connected"]);
    person.tells(&["logout", "openai"]);
    person.tells(&["list", "--connected"]);
    person.tells(&["set-default", "openai", "elsewhere"]);
    person.tells(&["get", "openai", "-c", "work"]);
    person.matches("several_logins");
}

#[test]
fn a_key_that_does_not_fit_is_refused_and_says_what_would() {
    let daemon = TestDaemon::start();
    let mut person = Person::at(&daemon);
    person.tells_with("nonsense", &["login", "openai", "--key-stdin"]);
    person.tells_with("", &["login", "openai", "--key-stdin"]);
    person.tells_with("sk-a\u{0}b", &["login", "openai", "--key-stdin", "--json"]);
    person.tells_with(
        "sk-a\r\nX: y",
        &["login", "openai", "--key-stdin", "--json"],
    );
    person.tells(&["login", "openai", "--no-browser"]);
    person.tells(&["login", "no-such-provider"]);
    let ran = person.run_with(&"k".repeat(100_000), &["login", "openai", "--key-stdin"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let list = person.run(&["list", "--connected"]);
    assert!(
        list.stdout.starts_with("Nothing is connected yet"),
        "{list:?}"
    );
    person.matches("keys_that_do_not_fit");
}

#[test]
fn a_provider_of_ones_own_comes_and_goes() {
    let daemon = TestDaemon::start();
    let mut person = Person::at(&daemon);
    let file = person.home().with_file_name("acme.json");
    let definition = r#"{
        // a service of our own
        "name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": "api_key",
        "api_url": "https://api.acme.example/v1",
        "api_key": {"header_name": "X-Acme-Key", "key_pattern": "acme-[0-9]+"},
        "export": {"ACME_KEY": "API_TOKEN"},
    }"#;
    fs::write(&file, definition).unwrap();
    let path = file.to_str().unwrap();
    person.tells(&["register", path]);
    person.tells(&["register", path, "--yes"]);
    person.tells(&["register", path, "--yes"]);
    person.tells(&["register", path, "--yes", "--force"]);
    person.tells_with("acme-1", &["login", "acme", "--key-stdin"]);
    person.tells(&["inspect", "acme"]);
    person.tells(&["list", "acme"]);
    person.tells(&["revoke", "acme"]);
    person.tells(&["list", "acme"]);
    person.tells(&["remove", "acme", "--json"]);
    person.tells(&["remove", "acme"]);
    person.tells(&["remove", "openai", "--json"]);
    person.matches("own_provider");
}

#[test]
fn definitions_the_daemon_does_not_take_are_refused_with_the_reason() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let file = person.home().with_file_name("bad.json");
    for definition in [
        r#"{"name":"acme"}"#,
        r#"{"name":"acme","display_name":"A","auth_type":"api_key","flow":"api_key","api_url":"regex:(","api_key":{}}"#,
        r#"{"name":"acme","display_name":"A","auth_type":"api_key","flow":"api_key","api_url":"api.openai.com","api_key":{"header_name":"X"}}"#,
        r#"{"name":"acme","display_name":"A","auth_type":"api_key","flow":"api_key","api_url":"a.example","api_key":{"header_name":"X\r\nY"}}"#,
        r#"{"name":"acme","display_name":"A","auth_type":"api_key","flow":"api_key","api_url":"a.example","docs_url":"javascript:x","api_key":{"header_name":"X"}}"#,
    ] {
        fs::write(&file, definition).unwrap();
        let (code, object) = person.json(&["register", file.to_str().unwrap(), "--yes"]);
        assert_ne!(code, 0, "{definition}");
        assert!(object["error"].is_string(), "{object}");
        assert!(!object["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(person.run(&["inspect", "acme"]).code, 4);
}

#[test]
fn the_log_tells_who_did_what_and_can_be_narrowed() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    connected(&person);
    person.run(&["logout", "openai"]);
    let names = |args: &[&str]| -> Vec<String> {
        let (code, log) = person.json(args);
        assert_eq!(code, 0, "{log}");
        let entries = log["entries"].as_array().unwrap();
        let name = |entry: &serde_json::Value| entry["event"].as_str().unwrap().to_owned();
        entries.iter().map(name).collect()
    };
    let all = names(&["log"]);
    assert!(
        all.iter().any(|name| name == "connection.logged_out"),
        "{all:?}"
    );
    let narrow = names(&[
        "log",
        "--event",
        "login.completed",
        "--provider",
        "openai",
        "--since",
        "1h",
    ]);
    assert_eq!(narrow, ["login.completed"]);
    assert!(names(&["log", "--until", "1h"]).is_empty());
    assert_eq!(names(&["log", "--limit", "1"]).len(), 1);
    let text = person.run(&["log"]).stdout;
    let out = text.find("connection.logged_out").unwrap();
    let done = text.find("login.completed").unwrap();
    assert!(done < out, "oldest first:\n{text}");
}

#[test]
fn links_are_printed_where_no_browser_can_be_seen() {
    let daemon = TestDaemon::start();
    let mut person = Person::at(&daemon);
    person.tells(&["ui"]);
    person.tells(&["ui", "--no-open", "--json"]);
    person.tells(&["login", "openai", "--no-wait"]);
    person.tells(&["admin", "invite"]);
    person.tells(&[
        "admin",
        "invite",
        "--email",
        "Ann@Example.test",
        "--role",
        "admin",
        "--json",
    ]);
    person.tells(&["admin", "invite", "--email", "nobody"]);
    person.matches("links");
}

#[test]
fn doctor_sees_what_is_well_and_what_is_not() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    person.run(&["init"]);
    let (code, report) = person.json(&["doctor"]);
    assert_eq!(code, 0, "{report}");
    let verdict = |report: &serde_json::Value, name: &str| {
        let checks = report["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["name"] == name);
        found.map(|check| check["status"].as_str().unwrap().to_owned())
    };
    for name in [
        "home", "config", "identity", "daemon", "clock", "claim", "store", "vault",
    ] {
        assert_eq!(
            verdict(&report, name).as_deref(),
            Some("ok"),
            "{name}: {report}"
        );
    }
    let key = fs::read_dir(person.home().join("identities"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "key"))
        .unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, report) = person.json(&["doctor"]);
    assert_eq!(
        (code, verdict(&report, "files").as_deref()),
        (1, Some("fail")),
        "{report}"
    );
    assert!(person.run(&["doctor"]).stdout.contains("chmod 600"));
}

#[test]
fn a_second_command_needs_no_second_registration() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let first = person.json(&["whoami"]).1;
    let second = person.json(&["whoami"]).1;
    assert_eq!(first["did"], second["did"]);
    assert_eq!(first["principal_id"], second["principal_id"]);
    let (_, log) = person.json(&["log", "--event", "identity.registered"]);
    assert_eq!(log["entries"].as_array().unwrap().len(), 1, "{log}");
}

#[test]
fn many_first_commands_at_once_end_with_one_identity() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let running: Vec<_> = (0..6)
        .map(|_| {
            person
                .prepare(&["whoami", "--json"])
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut dids = std::collections::BTreeSet::new();
    for child in running {
        let output = child.wait_with_output().unwrap();
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(output.status.success(), "{said}");
        dids.insert(said["did"].as_str().unwrap().to_owned());
    }
    assert_eq!(dids.len(), 1, "{dids:?}");
}

#[test]
fn another_home_on_the_same_port_is_told_so() {
    let daemon = TestDaemon::start();
    let stranger = Person::with("AUTHSOME_DAEMON_URL", &daemon.url());
    let (code, object) = stranger.json(&["list"]);
    assert_eq!(code, 1, "{object}");
    assert_eq!(object["error"], "ForbiddenError");
    assert!(
        object["hint"].as_str().unwrap().contains("claim"),
        "{object}"
    );
}

#[test]
fn an_identity_from_the_environment_is_bound_without_files() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon)
        .env("AUTHSOME_IDENTITY", "cloud-agent-1")
        .env("AUTHSOME_IDENTITY_PRIVATE_KEY", &"11".repeat(32));
    let (code, who) = person.json(&["whoami"]);
    assert_eq!(code, 0, "{who}");
    assert_eq!(who["profile"], "cloud-agent-1");
    assert!(!person.home().join("identities/cloud-agent-1.key").exists());
}

#[test]
fn a_pipe_closed_early_is_no_failure() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    for args in [&["list"][..], &["list", "--json"], &["log"], &["doctor"]] {
        let mut child = person
            .prepare(args)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), said.as_str()),
            (Some(0), ""),
            "{args:?}"
        );
    }
}

#[test]
fn quiet_keeps_confirmations_to_itself_and_gives_data() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let login = person.run_with(KEY, &["login", "openai", "--key-stdin", "--quiet"]);
    assert_eq!(
        (login.code, login.stdout.as_str(), login.stderr.as_str()),
        (0, "", "")
    );
    assert!(
        person
            .run(&["list", "--connected", "-q"])
            .stdout
            .contains("openai")
    );
    let logout = person.run(&["logout", "openai", "-q"]);
    assert_eq!((logout.stdout.as_str(), logout.stderr.as_str()), ("", ""));
}

#[test]
fn following_the_log_shows_every_event_however_many_came_at_once() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    person.run(&["init"]);
    let mut child = person
        .prepare(&["log", "--follow"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("TIME"));
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    // Stopped, so that all of it happens between two looks.
    kill(pid, Signal::SIGSTOP).unwrap();
    let agent = daemon.agent("scout");
    for number in 0..250 {
        let event = json!({"event": {"event": format!("n.{number:03}"), "metadata": {}}});
        agent.post("/audit/events", &event).expect(200);
    }
    kill(pid, Signal::SIGCONT).unwrap();
    let mut seen = Vec::new();
    for line in lines {
        let line = line.unwrap();
        assert!(!line.starts_with("TIME"), "the columns are named once");
        let name = line.split_whitespace().find(|word| word.starts_with("n."));
        seen.extend(name.map(str::to_owned));
        if name == Some("n.249") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let all: Vec<String> = (0..250).map(|number| format!("n.{number:03}")).collect();
    assert_eq!(seen, all);
}
