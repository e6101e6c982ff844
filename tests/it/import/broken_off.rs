//! An import that ends in the middle: what is repeated goes on, doubles nothing and misses nothing.

use super::house::{NewHome, fingerprint, made, unpacked};
use std::fs;
use std::path::Path;

const MANY: usize = 300;

/// What can be seen of the new home while it is filled.
type Moment = fn(&Path) -> bool;

fn has(home: &Path, file: &str) -> bool {
    home.join(file).exists()
}

fn log_is_longer_than(home: &Path, bytes: u64) -> bool {
    fs::metadata(home.join("server/store.db-wal")).is_ok_and(|log| log.len() > bytes)
}

#[test]
fn one_that_was_killed_at_any_moment_is_completed_by_the_next() {
    let old = made(async |old| old.fill(MANY).await);
    let before = fingerprint(old.path());
    let moments: [Moment; 5] = [
        |home| has(home, "server"),
        |home| has(home, "server/store.db"),
        |home| has(home, "server/master.key"),
        |home| log_is_longer_than(home, 0),
        |home| log_is_longer_than(home, 200_000),
    ];
    for moment in moments {
        let home = NewHome::on_sqlite();
        home.import_until(old.path(), moment);
        let told = home.import(old.path(), &[]).done();
        for kind in ["connections", "events"] {
            let all = told.count(kind, "imported") + told.count(kind, "unchanged");
            assert_eq!(all, MANY as u64, "{}", told.said);
        }
        let again = home.import(old.path(), &[]).done();
        assert_eq!(again.object["status"], "unchanged", "{}", again.said);
        assert_eq!(again.count("accounts", "unchanged"), 1);
        assert_eq!(again.count("connections", "unchanged"), MANY as u64);
        assert_eq!(again.count("events", "unchanged"), MANY as u64);
        assert_eq!(fingerprint(old.path()), before);
    }
}

#[test]
fn where_keys_cannot_be_written_the_rest_is_kept_and_they_come_with_the_next_run() {
    let (old, home) = (unpacked(), NewHome::on_sqlite());
    let in_the_way = home
        .path()
        .join("identities/brisk-kindly-clearly-0001.json");
    fs::create_dir_all(&in_the_way).unwrap();
    let told = home.import(old.path(), &[]).refused(1);
    told.says("it goes on where it stopped");
    told.says(in_the_way.to_str().unwrap());
    fs::remove_dir(&in_the_way).unwrap();
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.count("keys", "imported"), 2, "{}", told.said);
    assert_eq!(told.count("connections", "unchanged"), 6, "{}", told.said);
    assert_eq!(told.object["active_identity"], "brisk-kindly-clearly-0001");
}

#[test]
fn a_key_without_its_facts_is_complete() {
    let (old, home) = (unpacked(), NewHome::on_sqlite());
    home.import(old.path(), &[]).done();
    let facts = home
        .path()
        .join("identities/brisk-kindly-clearly-0001.json");
    fs::remove_file(facts).unwrap();
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.object["status"], "unchanged", "{}", told.said);
    let daemon = home.daemon();
    let listed = daemon
        .cli(&["list", "--connected", "--json"])
        .output()
        .unwrap();
    assert!(listed.status.success());
}
