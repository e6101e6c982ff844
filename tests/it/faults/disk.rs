//! A disk that is full or read-only under a whole daemon: it says so, to callers, probes and
//! `doctor`, and it recovers by itself.

use crate::api::OPENAI_KEY;
use crate::cli::transcript::Person;
use crate::support::agent::Agent;
use crate::support::daemon::TestDaemon;
use crate::support::disk::SmallDisk;
use crate::support::http::Answer;
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write as _;

/// Asks until the log of the database has no room left either.
fn until_refused(agent: &Agent) -> Answer {
    for _ in 0..10_000 {
        let answer = agent.get("/whoami");
        if answer.status != 200 {
            return answer;
        }
    }
    panic!("the disk never filled up");
}

fn check<'r>(report: &'r Value, name: &str) -> &'r Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap()
}

#[test]
fn a_full_disk_is_told_to_callers_and_probes_and_is_over_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let home = disk.path().join("home");
    let daemon = TestDaemon::builder().home(&home).start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    daemon.get("/health/ready").expect(200);
    let ballast = disk.path().join("ballast");
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);

    let refused = until_refused(&agent).expect(503);
    assert!(refused.header("retry-after").is_some());
    let told = refused.json();
    assert_eq!(told["error"], "StoreUnavailableError", "{told}");
    let hint = told["hint"].as_str().unwrap();
    assert!(hint.contains("free some space"), "{told}");
    daemon.get("/health").expect(200);
    daemon.get("/health/ready").expect(503);

    fs::remove_file(&ballast).unwrap();
    daemon.get("/health/ready").expect(200);
    agent.resolve("openai").expect(200);
}

#[test]
fn a_read_only_home_is_named_by_doctor_and_by_a_start() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let home = disk.path().join("home");
    let mut daemon = TestDaemon::builder().home(&home).start();
    let person = Person::at(&daemon);
    assert!(daemon.stop().success());
    disk.set_read_only(true);

    let (code, report) = person.json(&["doctor"]);
    assert_eq!(code, 1, "{report}");
    let seen = check(&report, "daemon");
    assert_eq!(seen["status"], "fail", "{report}");
    let message = seen["message"].as_str().unwrap();
    assert!(message.contains("cannot start"), "{message}");
    assert!(message.contains("read-only"), "{message}");

    let (code, told) = person.json(&["daemon", "start"]);
    assert_ne!(code, 0);
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("could not write"), "{told}");
    assert!(!message.contains("directory"), "{told}");
    assert!(
        told["hint"].as_str().unwrap().contains("read-only"),
        "{told}"
    );
    disk.set_read_only(false);
    daemon.start_again();
}

#[test]
fn a_damaged_database_is_named_by_doctor_with_the_way_to_restore() {
    let mut daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    assert!(daemon.stop().success());
    let file = daemon.home().join("server/store.db");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let (code, report) = person.json(&["doctor"]);
    assert_eq!(code, 1, "{report}");
    let seen = check(&report, "daemon");
    let message = seen["message"].as_str().unwrap();
    for part in ["cannot start", "damaged", "backup", "store.db-wal"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(fs::read(&file).unwrap().len(), whole.len() / 2);
}
