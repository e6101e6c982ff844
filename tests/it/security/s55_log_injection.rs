//! Row 55: what strangers write cannot forge a line in a log.

use crate::cli::transcript::Person;
use crate::support::daemon::TestDaemon;
use crate::support::http::Request;
use serde_json::{Value, json};

const FORGED: &str = "x\r\n{\"event\":\"forged\"}\n\u{1b}[2K\u{1b}[1Gforged";

#[test]
fn line_breaks_and_escapes_in_an_event_stay_inside_one_record() {
    let mut daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let event = json!({"event": {"event": "agent.noted", "metadata": {"note": FORGED, FORGED: 1}}});
    let written = agent.post("/audit/events", &event).expect(200).json();
    let listed = agent.get("/audit/events?limit=1000").expect(200).json();
    let entries = listed["entries"].as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["event"] != "forged"));
    let ours = entries
        .iter()
        .find(|entry| entry["event_id"] == written["event_id"])
        .unwrap();
    assert_eq!(ours["metadata"]["note"], FORGED);
    // A daemon that ends writes out its copy first.
    assert!(daemon.stop().success());
    let copy = std::fs::read_to_string(daemon.home().join("audit.log")).unwrap();
    assert!(copy.contains(written["event_id"].as_str().unwrap()));
    for line in copy.lines() {
        assert!(
            !line.bytes().any(|byte| byte.is_ascii_control()),
            "{line:?}"
        );
        let record: Value = serde_json::from_str(line).unwrap();
        assert_ne!(record["event"], "forged");
    }
}

#[test]
fn requests_cannot_write_lines_of_their_own_into_the_daemons_log() {
    let daemon = TestDaemon::builder().env("AUTHSOME_LOG", "debug").start();
    let agent = daemon.agent("scout");
    let escape = "%0d%0aFORGED-LINE%1b%5b2K";
    for target in [
        format!("/nothing/{escape}"),
        format!("/providers/{escape}"),
        format!("/whoami?{escape}"),
    ] {
        daemon.send(&Request::new("GET", &target));
        agent.get(&target);
    }
    let hostile = Request::new("GET", "/whoami")
        .header("User-Agent", "\u{1b}[2KFORGED-LINE")
        .header("Authorization", "PoP \u{1b}[2KFORGED-LINE");
    daemon.send(&hostile);
    let log = daemon.stderr();
    for line in log.lines() {
        assert!(!line.starts_with("FORGED-LINE"), "{line:?}");
        assert!(!line.contains("\u{1b}[2K"), "{line:?}");
    }
}

#[test]
fn the_json_of_a_command_moves_no_cursor_and_turns_no_letters_round() {
    const HOSTILE: &str = "x\u{7f}\u{9b}2J\u{202e}\u{2066}\u{200e}\u{200f}é";
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    assert_eq!(person.run(&["whoami"]).code, 0);
    let event = json!({"event": {"event": "agent.noted", "metadata": {"note": HOSTILE}}});
    daemon
        .agent("scout")
        .post("/audit/events", &event)
        .expect(200);
    // The agents of a laptop are of one principal, so that each sees what the others wrote.
    let ran = person.run(&["log", "--json"]);
    let read: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut entries = read["entries"].as_array().unwrap().iter();
    assert!(
        entries.any(|entry| entry["metadata"]["note"] == HOSTILE),
        "{ran:?}"
    );
    assert!(ran.stdout.contains('é'), "{ran:?}");
    assert!(ran.stdout.contains("\\u009b2J\\u202e"), "{ran:?}");
    let unseen = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!ran.stdout.contains(unseen), "{ran:?}");
}
