//! What needs no daemon: usage, bad input, files of the home, pipes.

use super::transcript::Person;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

#[test]
fn a_wrong_command_line_is_2_in_text_and_in_json() {
    let mut person = Person::without_daemon();
    person.tells(&["lsit"]);
    person.tells(&["list", "--wrong"]);
    person.tells(&["login"]);
    person.tells(&["login", "openai", "--key", "sk-secret"]);
    person.tells(&["daemon", "--json"]);
    person.tells(&["list", "--wrong", "--json"]);
    person.tells(&["log", "--limit", "0", "--json"]);
    person.tells(&["log", "--since", "yesterday"]);
    person.tells(&["login", "openai", "--no-wait", "--key-stdin"]);
    person.matches("usage");
}

#[test]
fn without_a_command_the_help_is_shown_and_it_is_a_usage_error() {
    let ran = Person::without_daemon().run(&[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.is_empty());
    assert!(ran.stderr.contains("Usage: authsome"), "{}", ran.stderr);
}

#[test]
fn help_and_version_are_answers() {
    let person = Person::without_daemon();
    for args in [
        &["--help"][..],
        &["login", "--help"],
        &["help", "daemon"],
        &["--version"],
    ] {
        let ran = person.run(args);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
        assert!(!ran.stdout.is_empty());
    }
}

#[test]
fn hostile_names_are_refused_before_anything_happens() {
    let person = Person::without_daemon();
    let long = "a".repeat(100_000);
    for name in [
        "..",
        "../x",
        "a:b",
        "a/b",
        "a\r\nb",
        "a\u{1b}]52;c;eA==\u{7}",
        "é",
        "",
        &long,
    ] {
        for args in [
            &["login", name][..],
            &["get", name],
            &["get", "openai", "--connection", name],
            &["logout", name],
            &["set-default", "openai", name],
            &["inspect", name],
            &["remove", name],
            &["revoke", name],
            &["export", name],
            &["log", "--provider", name],
            &["profile", "use", name],
            &["profile", "create", name],
        ] {
            let ran = person.run(args);
            assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(said.len() < 8_000, "{} bytes echoed", said.len());
            assert!(!said.contains(['\u{1b}', '\r', '\u{7}']), "{said:?}");
        }
    }
    assert!(!person.home().exists(), "nothing was stored");
}

#[test]
fn an_argument_that_is_not_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let person = Person::without_daemon();
    let bytes = std::ffi::OsStr::from_bytes(b"open\xff\xfeai");
    let output = person.prepare(&["get"]).arg(bytes).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let person = Person::without_daemon();
    let mut child = person
        .prepare(&["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn an_error_with_nobody_listening_keeps_its_exit_code() {
    let person = Person::without_daemon();
    let mut child = person
        .prepare(&["list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let person = Person::without_daemon();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = person
        .prepare(&["completions", "bash"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("could not write the answer"), "{said}");
}

#[test]
fn every_shell_gets_completions_that_know_the_commands() {
    let person = Person::without_daemon();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = person.run(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("set-default"), "{shell}");
    }
    assert!(!person.home().exists());
}

#[test]
fn identities_are_made_chosen_and_listed() {
    let mut person = Person::without_daemon();
    person.tells(&["profile", "list"]);
    person.tells(&["profile", "create", "scout-1"]);
    person.tells(&["profile", "create", "scout-1"]);
    person.tells(&["profile", "create", "helper-2", "--use"]);
    person.tells(&["profile", "list"]);
    person.tells(&["profile", "use", "scout-1"]);
    person.tells(&["profile", "use", "stranger-9"]);
    person.tells(&["profile", "list", "--json"]);
    person.tells(&["profile", "create", "--json"]);
    person.tells(&["profile", "use", "helper-2", "--quiet"]);
    person.matches("profile");
}

#[test]
fn a_key_is_64_digits_and_nobody_else_may_read_it() {
    let person = Person::without_daemon();
    person.run(&["profile", "create", "scout-1"]);
    let path = person.home().join("identities/scout-1.key");
    let key = fs::read_to_string(&path).unwrap();
    assert_eq!(key.len(), 65);
    assert!(key.trim_end().bytes().all(|c| c.is_ascii_hexdigit()));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&person.home().join("identities/scout-1.json")), 0o600);
    assert_eq!(mode(&person.home()), 0o700);
    let facts = fs::read_to_string(person.home().join("identities/scout-1.json")).unwrap();
    let facts: serde_json::Value = serde_json::from_str(&facts).unwrap();
    for field in [
        "handle",
        "did",
        "identity_status",
        "created_at",
        "updated_at",
    ] {
        assert!(facts[field].is_string(), "{field}: {facts}");
    }
}

#[test]
fn a_damaged_key_is_named_and_never_replaced() {
    let person = Person::without_daemon();
    person.run(&["profile", "create", "scout-1", "--use"]);
    let path = person.home().join("identities/scout-1.key");
    fs::write(&path, "no key\n").unwrap();
    let ran = person.run(&["whoami"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("scout-1.key"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), "no key\n");
}

#[test]
fn a_linked_key_is_refused() {
    let person = Person::without_daemon();
    person.run(&["profile", "create", "scout-1", "--use"]);
    let path = person.home().join("identities/scout-1.key");
    let elsewhere = person.home().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    let ran = person.run(&["whoami"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("could not read"), "{}", ran.stderr);
}

#[test]
fn a_broken_config_is_named_and_kept() {
    let person = Person::without_daemon();
    fs::create_dir_all(person.home()).unwrap();
    let path = person.home().join("config.json");
    for broken in ["{", r#"{"active_identity":"../../x"}"#, "[]"] {
        fs::write(&path, broken).unwrap();
        let (code, object) = person.json(&["whoami"]);
        assert_eq!(code, 2, "{object}");
        assert!(object["message"].as_str().unwrap().contains("config.json"));
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let ran = person.run(&["whoami"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("config.json"), "{}", ran.stderr);
}

#[test]
fn a_home_that_cannot_be_made_says_what_to_do() {
    let person = Person::without_daemon().env("AUTHSOME_HOME", "/proc/authsome-home");
    let (code, object) = person.json(&["profile", "create"]);
    assert_eq!(code, 2, "{object}");
    assert!(
        object["message"]
            .as_str()
            .unwrap()
            .contains("/proc/authsome-home")
    );
    assert!(object["hint"].as_str().unwrap().contains("AUTHSOME_HOME"));
}

#[test]
fn a_key_without_a_handle_is_a_usage_error_that_never_shows_the_key() {
    let key = "11".repeat(32);
    let person = Person::without_daemon().env("AUTHSOME_IDENTITY_PRIVATE_KEY", &key);
    let ran = person.run(&["whoami"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("AUTHSOME_IDENTITY"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(&key));
}

#[test]
fn an_identity_from_the_environment_needs_no_home() {
    let person = Person::without_daemon()
        .env("AUTHSOME_IDENTITY", "cloud-agent-1")
        .env("AUTHSOME_IDENTITY_PRIVATE_KEY", &"11".repeat(32));
    let ran = person.run(&["whoami"]);
    assert_eq!(ran.code, 9, "only the daemon is missing: {ran:?}");
    assert!(!person.home().exists());
}

#[test]
fn definitions_that_do_not_read_are_refused_here() {
    let person = Person::without_daemon();
    let file = person.home().with_extension("json");
    let path = file.to_str().unwrap();
    for (text, code) in [
        ("{", 1),
        ("", 1),
        ("{'name': 'x'}", 1),
        ("[]", 1),
        (r#"{"name":"../x"}"#, 1),
        (r#"{"display_name":"no name"}"#, 1),
    ] {
        fs::write(&file, text).unwrap();
        let ran = person.run(&["register", path, "--yes"]);
        assert_eq!(ran.code, code, "{text}: {ran:?}");
    }
    fs::write(&file, b"\xff\xfe{}").unwrap();
    assert_eq!(person.run(&["register", path, "--yes"]).code, 2);
    fs::write(&file, "[".repeat(60_000)).unwrap();
    assert_eq!(person.run(&["register", path, "--yes"]).code, 1);
    fs::write(&file, " ".repeat(70_000)).unwrap();
    assert_eq!(person.run(&["register", path, "--yes"]).code, 2);
    assert_eq!(person.run(&["register", "/no/such/file", "--yes"]).code, 2);
}
