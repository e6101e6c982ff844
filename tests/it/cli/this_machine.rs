//! The daemon of this machine and its home, where something about them is unusual.

use super::transcript::Person;
use crate::support::daemon::TestDaemon;
use nix::unistd::Uid;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A port nobody listens at.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_daemon_whose_home_cannot_be_written_is_found_and_stopped() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let place = daemon.home().join("server/daemon");
    set_mode(&place.join("daemon.lock"), 0o400);
    set_mode(&place, 0o500);
    let (code, started) = person.json(&["daemon", "start"]);
    let (stop_code, stopped) = person.json(&["daemon", "stop"]);
    set_mode(&place, 0o700);
    assert_eq!((code, &started["status"]), (0, &"already_running".into()));
    assert_eq!((stop_code, &stopped["status"]), (0, &"stopped".into()));
    assert_eq!(stopped["pid"], daemon.pid());
}

#[test]
fn a_daemon_is_started_where_it_listens_and_not_where_commands_look() {
    let (listen, elsewhere) = (free_address(), free_address());
    let person = Person::with("AUTHSOME_LISTEN", &listen)
        .env("AUTHSOME_DAEMON_URL", &format!("http://{elsewhere}"));
    for verb in ["start", "restart"] {
        let ran = person.run(&["daemon", verb]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stdout.contains(&listen), "{ran:?}");
        assert!(ran.stderr.contains(&elsewhere), "{ran:?}");
    }
    assert_eq!(person.run(&["daemon", "stop"]).code, 0);
}

#[test]
fn the_status_of_a_daemon_elsewhere_says_nothing_of_this_home() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon).env("AUTHSOME_DAEMON_URL", "https://authsome.invalid");
    let (code, status) = person.json(&["daemon", "status"]);
    assert_eq!((code, &status["running"]), (0, &false.into()), "{status}");
    for field in ["pid", "pid_file", "log_file"] {
        assert!(status[field].is_null(), "{field}: {status}");
    }
    let text = person.run(&["daemon", "status"]).stdout;
    assert!(text.starts_with("unreachable"), "{text}");
    assert!(!text.contains("daemon.log"), "{text}");
}

#[test]
fn a_daemon_that_its_settings_keep_from_starting_is_2_for_every_command() {
    let address = free_address().replace("127.0.0.1", "0.0.0.0");
    let person = Person::with("AUTHSOME_LISTEN", &address);
    for args in [&["list"][..], &["daemon", "start"], &["daemon", "serve"]] {
        let (code, told) = person.json(args);
        assert_eq!(code, 2, "{args:?}: {told}");
        let message = told["message"].as_str().unwrap();
        assert!(message.contains("AUTHSOME_SERVER_BASE_URL"), "{told}");
    }
}

#[test]
fn nobody_changes_their_own_account_and_that_is_a_refusal_as_any_other() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let (_, listed) = person.json(&["admin", "people", "list"]);
    let own = listed["people"][0]["principal_id"].as_str().unwrap();
    for args in [
        ["admin", "people", "role", own, "user"],
        ["admin", "people", "disable", own, "-y"],
    ] {
        let (code, told) = person.json(&args);
        assert_eq!(code, 1, "{args:?}: {told}");
    }
}

#[test]
fn a_home_that_cannot_be_made_is_seen_by_doctor() {
    if Uid::effective().is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    set_mode(dir.path(), 0o500);
    let home = dir.path().join("home");
    let person = Person::without_daemon().env("AUTHSOME_HOME", home.to_str().unwrap());
    let (_, report) = person.json(&["doctor"]);
    let (code, told) = person.json(&["profile", "create"]);
    set_mode(dir.path(), 0o700);
    let row = &report["checks"][0];
    assert_eq!(
        (&row["name"], &row["status"]),
        (&"home".into(), &"fail".into())
    );
    let place = dir.path().to_str().unwrap();
    assert!(row["fix"].as_str().unwrap().contains(place), "{row}");
    assert_eq!(code, 2, "{told}");
    assert!(told["hint"].as_str().unwrap().contains(place), "{told}");
}

#[test]
fn a_broken_definition_file_is_one_row_of_doctor() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    fs::create_dir_all(home.join("providers")).unwrap();
    set_mode(&home, 0o700);
    fs::write(home.join("providers/broken.json"), "{").unwrap();
    let daemon = TestDaemon::builder().home(&home).start();
    let person = Person::at(&daemon);
    assert_eq!(person.run(&["whoami"]).code, 0);
    let (_, report) = person.json(&["doctor"]);
    let checks = report["checks"].as_array().unwrap();
    let rows: Vec<_> = checks.iter().filter(|c| c["name"] == "providers").collect();
    assert_eq!(rows.len(), 1, "{report}");
    assert_eq!(rows[0]["status"], "warn", "{report}");
    assert!(rows[0]["message"].as_str().unwrap().contains("broken"));
}

#[test]
fn force_stands_for_the_registration_too() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let file = person.home().with_file_name("mine.json");
    let flags = [
        "provider",
        "new",
        "mine",
        "--host",
        "api.openai.com",
        "--env",
        "MINE_KEY",
        "--output",
        file.to_str().unwrap(),
        "--register",
        "-y",
    ];
    let refused = person.run(&flags);
    assert_eq!(refused.code, 1, "{refused:?}");
    let forced = person.run(&[&flags[..], &["--force"]].concat());
    assert_eq!(forced.code, 0, "{forced:?}");
}
