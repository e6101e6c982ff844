//! Homes that cannot be read, in whole or in part: what is refused, what is left out and named, and
//! that neither home is changed by it.

use super::house::{NewHome, fingerprint, made, unpacked};
use crate::support::old_home::{MASTER_KEY, OldHome};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const SERVER: &str = "server/authsome.db";
const STORE: &str = "server/kv_store/cache.db";

/// Refused as input with this in the message; the old home is as it was and the new one not begun.
#[track_caller]
fn is_refused(old: &Path, message: &str) {
    let home = NewHome::on_sqlite();
    let before = fingerprint(old);
    let told = home.import(old, &[]).refused(2);
    told.says(message);
    assert_eq!(told.object["error"], "InvalidInputError");
    assert_eq!(fingerprint(old), before);
    assert!(!home.path().exists(), "nothing was begun");
}

async fn two_connections(old: &mut OldHome) {
    old.account(1).await;
    for name in ["first", "second"] {
        let key = format!("sk-invented-{name}");
        old.connection(1, "openai", name, &key).await;
    }
}

#[test]
fn what_is_no_home_is_said_to_be_none() {
    let empty = tempfile::tempdir().unwrap();
    is_refused(empty.path(), "has no server/authsome.db");
    let told = NewHome::on_sqlite().import(&empty.path().join("nowhere"), &[]);
    told.refused(2).says("No such file");
    let file = empty.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    let told = NewHome::on_sqlite().import(&file, &[]);
    told.refused(2).says("is not a home of Authsome 0.5");
    let (ours, daemon) = (NewHome::on_sqlite(), NewHome::on_sqlite());
    drop(ours.daemon());
    let told = daemon.import(&ours.path(), &[]);
    told.refused(2).says("is not a home of Authsome 0.5");
}

#[test]
fn a_damaged_database_is_named_and_nothing_is_taken() {
    for file in [SERVER, STORE] {
        let old = unpacked();
        fs::write(old.path().join(file), [0xa5; 8192]).unwrap();
        is_refused(old.path(), &format!("{file} of the old home is damaged"));
    }
    let old = unpacked();
    let database = fs::read(old.path().join(SERVER)).unwrap();
    let mut torn = database[..4096].to_vec();
    torn.resize(database.len(), 0);
    fs::write(old.path().join(SERVER), torn).unwrap();
    is_refused(old.path(), "is damaged or no database");
}

#[test]
fn a_database_that_was_left_in_the_middle_of_a_write_is_not_guessed_at() {
    let old = unpacked();
    fs::write(old.path().join("server/authsome.db-journal"), [1; 512]).unwrap();
    is_refused(old.path(), "was not closed properly");
}

#[test]
fn links_inside_a_home_are_refused_and_one_to_it_is_followed() {
    let elsewhere = unpacked();
    for inside in [
        SERVER,
        STORE,
        "server/kv_store",
        "server",
        "client",
        "client/identities",
    ] {
        let old = unpacked();
        let path = old.path().join(inside);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        symlink(elsewhere.path().join(inside), &path).unwrap();
        is_refused(old.path(), "is a symbolic link");
    }
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("old");
    symlink(elsewhere.path(), &link).unwrap();
    let told = NewHome::on_sqlite().import(&link, &[]).done();
    assert_eq!(told.count("connections", "imported"), 6);
}

#[test]
fn a_file_that_is_a_link_a_pipe_or_a_directory_does_not_read() {
    for make in [pipe, directory] {
        for file in [SERVER, STORE] {
            let old = unpacked();
            fs::remove_file(old.path().join(file)).unwrap();
            make(&old.path().join(file));
            is_refused(old.path(), "is not a plain file");
        }
    }
    // Single files are left out and named; the rest is taken.
    for make in [pipe, directory, link_to_nowhere] {
        let old = unpacked();
        let key = old
            .path()
            .join("client/identities/brisk-kindly-clearly-0001.key");
        fs::remove_file(&key).unwrap();
        make(&key);
        let told = NewHome::on_sqlite().import(old.path(), &[]).done();
        assert_eq!(told.count("keys", "skipped"), 1);
        assert_eq!(told.count("keys", "imported"), 1);
        told.reason("brisk-kindly-clearly-0001");
    }
}

fn pipe(path: &Path) {
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
}

fn directory(path: &Path) {
    fs::create_dir(path).unwrap();
}

fn link_to_nowhere(path: &Path) {
    symlink("/nowhere", path).unwrap();
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    for file in [SERVER, STORE, "client/config.json"] {
        let old = unpacked();
        let grown = fs::File::options().write(true).open(old.path().join(file));
        grown.unwrap().set_len(1 << 40).unwrap();
        is_refused(old.path(), "is larger than");
    }
    let old = unpacked();
    let key = old
        .path()
        .join("client/identities/calm-boldly-wisely-0002.key");
    let grown = fs::File::options().write(true).open(key);
    grown.unwrap().set_len(1 << 40).unwrap();
    let told = NewHome::on_sqlite().import(old.path(), &[]).done();
    assert!(told.reason("calm-boldly-wisely-0002").contains("larger"));
}

#[test]
fn a_wrong_or_missing_master_key_is_said_with_every_place_that_was_looked_at() {
    let old = made(two_connections);
    let file = old.path().join("server/master.key");
    for (content, found) in [
        (&b"another key"[..], "another key"),
        (b"", "empty"),
        (b"\xff\xfe", "not text"),
    ] {
        fs::write(&file, content).unwrap();
        let told = NewHome::on_sqlite().import(old.path(), &[]).refused(1);
        assert_eq!(told.object["error"], "EncryptionUnavailableError");
        told.says(&format!("server/master.key ({found})"));
        told.says("--master-key-file");
    }
    fs::remove_file(&file).unwrap();
    let told = NewHome::on_sqlite().import(old.path(), &[]).refused(1);
    told.says("server/master.key (missing)");
    let nowhere = ["--master-key-file", "/nowhere/key"];
    let told = NewHome::on_sqlite().import(old.path(), &nowhere).refused(1);
    told.says("--master-key-file (");
}

#[test]
fn a_master_key_kept_apart_opens_the_home_and_stays_apart() {
    let old = made(two_connections);
    let dir = tempfile::tempdir().unwrap();
    let apart = dir.path().join("key");
    fs::rename(old.path().join("server/master.key"), &apart).unwrap();
    fs::write(&apart, format!("{MASTER_KEY}\n")).unwrap();
    let home = NewHome::on_sqlite();
    let flags = ["--master-key-file", apart.to_str().unwrap()];
    let told = home.import(old.path(), &flags).done();
    assert_eq!(told.object["opened_with"], "--master-key-file");
    assert_eq!(told.object["master_key"], "not_needed");
    assert_eq!(told.count("connections", "imported"), 2);
    let own = fs::read_to_string(home.path().join("server/master.key")).unwrap();
    assert_ne!(own.trim(), MASTER_KEY);

    let home = NewHome::on_sqlite().env("AUTHSOME_MASTER_KEY", MASTER_KEY);
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.object["opened_with"], "AUTHSOME_MASTER_KEY");
    assert_eq!(told.object["master_key"], "unchanged");
    assert!(!home.path().join("server/master.key").exists());
}

#[test]
fn of_several_connections_the_one_that_does_not_open_is_named_and_the_others_are_taken() {
    let mut sealed = String::new();
    let old = made(async |old| {
        two_connections(old).await;
        old.connection(1, "openai", "torn", "sk-invented-torn")
            .await;
        let rows = "SELECT CAST(value AS TEXT) FROM Cache WHERE key LIKE '%:torn'";
        let (found,): (String,) = sqlx::query_as(rows)
            .fetch_one(&mut old.store)
            .await
            .unwrap();
        sealed = found;
        let mut envelope: serde_json::Value = serde_json::from_str(&sealed).unwrap();
        let text = envelope["value"]["__encrypted_data__"].as_str().unwrap();
        // One bit of the tag.
        let last = if text.ends_with("A=") || text.ends_with("A==") {
            "B"
        } else {
            "A"
        };
        let stem = text.trim_end_matches('=');
        let ends = &text[stem.len()..];
        let changed = format!("{}{last}{ends}", &stem[..stem.len() - 5]) + &stem[stem.len() - 4..];
        envelope["value"]["__encrypted_data__"] = changed.into();
        sqlx::query("UPDATE Cache SET value = $1 WHERE key LIKE '%:torn'")
            .bind(envelope.to_string())
            .execute(&mut old.store)
            .await
            .unwrap();
    });
    let home = NewHome::on_sqlite();
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.count("connections", "imported"), 2);
    assert_eq!(told.count("connections", "skipped"), 1);
    let reason = told.reason("vault:vault_1:openai:connection:torn");
    assert!(reason.contains("does not open"), "{reason}");
    home.assert_holds_no_plaintext();
}

#[test]
fn a_home_that_a_daemon_has_open_is_left_until_it_is_stopped() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut old = OldHome::new().await;
        two_connections(&mut old).await;
        // What stands in for the daemon of 0.5 is this process, which has both databases open.
        let me = format!("(process {})", std::process::id());
        let told = NewHome::on_sqlite().import(old.path(), &[]).refused(2);
        told.says(&me);
        told.says("authsome daemon stop");
        let closed = old.finish().await;
        let told = NewHome::on_sqlite().import(closed.path(), &[]).done();
        assert_eq!(told.count("connections", "imported"), 2);
    });
}

#[test]
fn what_is_still_in_the_log_of_a_daemon_that_was_killed_is_taken_over() {
    let killed = tempfile::tempdir().unwrap();
    made(async |old| {
        two_connections(old).await;
        // As the disk is the moment the daemon is killed: the logs are not folded in.
        copy_dir(old.path(), killed.path());
    });
    let log = fs::metadata(killed.path().join("server/kv_store/cache.db-wal")).unwrap();
    assert!(log.len() > 0);
    let before = fingerprint(killed.path());
    let told = NewHome::on_sqlite().import(killed.path(), &[]).done();
    assert_eq!(told.count("accounts", "imported"), 1);
    assert_eq!(told.count("connections", "imported"), 2);
    assert_eq!(fingerprint(killed.path()), before);
}

fn copy_dir(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_home_without_a_vault_gives_its_people_and_one_without_people_gives_nothing() {
    let old = unpacked();
    fs::remove_dir_all(old.path().join("server/kv_store")).unwrap();
    fs::remove_file(old.path().join("server/master.key")).unwrap();
    let told = NewHome::on_sqlite().import(old.path(), &[]).done();
    assert_eq!(told.count("accounts", "imported"), 2);
    assert_eq!(told.count("connections", "imported"), 0);
    assert!(told.object["opened_with"].is_null());

    let old = made(async |_| {});
    let told = NewHome::on_sqlite().import(old.path(), &[]).done();
    assert_eq!(told.object["status"], "unchanged");
    assert!(told.counts().is_empty(), "{}", told.said);
}

#[test]
fn sealed_records_without_the_metadata_of_their_key_are_not_passed_over() {
    let old = made(async |old| {
        two_connections(old).await;
        sqlx::query("DELETE FROM Cache WHERE key = '__vault_meta__::__dek__'")
            .execute(&mut old.store)
            .await
            .unwrap();
    });
    is_refused(old.path(), "the key metadata of the old vault");
}
