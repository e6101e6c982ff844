//! One daemon per home: the lock names its holder and ends with it.

use crate::support::child;
use authsome::store::{Holder, HomeLock, LockError, find_holder};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

fn holder() -> Holder {
    Holder {
        pid: std::process::id(),
        started_at: 1_800_000_000_000,
        address: None,
        version: "0.6.0".to_owned(),
    }
}

#[test]
fn the_second_taker_is_told_who_was_first() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("lock");
    let mut first = HomeLock::take(&path, holder()).unwrap();
    let second = HomeLock::take(&path, holder()).unwrap_err();
    let text = second.to_string();
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    assert!(text.contains("still starting"), "{text}");
    first
        .set_address("127.0.0.1:7998".parse().unwrap())
        .unwrap();
    let text = HomeLock::take(&path, holder()).unwrap_err().to_string();
    assert!(text.contains("127.0.0.1:7998"), "{text}");
    assert!(text.contains("authsome daemon stop"), "{text}");
    let found = find_holder(&path).unwrap().unwrap().unwrap();
    assert_eq!(&found, first.holder());
    drop(first);
    assert!(find_holder(&path).unwrap().is_none());
    HomeLock::take(&path, holder()).unwrap();
}

#[test]
fn a_killed_holder_lets_go() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("lock");
    let mut child = child::start(
        "store::lock::holds_the_lock_until_it_is_killed",
        &[("LOCK", path.to_str().unwrap())],
    );
    assert_eq!(child.line().as_deref(), Some("held"));
    match HomeLock::take(&path, holder()) {
        Err(LockError::Held { holder, .. }) => assert_eq!(holder.unwrap().pid, child.id()),
        other => panic!("{other:?}"),
    }
    child.kill();
    HomeLock::take(&path, holder()).unwrap();
}

#[test]
#[ignore = "started as a process of its own by a_killed_holder_lets_go; does nothing alone"]
fn holds_the_lock_until_it_is_killed() {
    let Some(path) = child::given("LOCK") else {
        return;
    };
    let _lock = HomeLock::take(Path::new(&path), holder()).unwrap();
    child::say("held");
    child::wait_to_be_killed();
}

#[test]
fn what_a_stranger_wrote_into_the_file_decides_nothing() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("lock");
    std::fs::write(&path, b"\xff\xfe not what we write".repeat(10_000)).unwrap();
    assert!(find_holder(&path).unwrap().is_none());
    let lock = HomeLock::take(&path, holder()).unwrap();
    assert!(find_holder(&path).unwrap().unwrap().is_some());
    drop(lock);
}

#[test]
fn the_file_is_private_and_no_link_is_followed() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("lock");
    let lock = HomeLock::take(&path, holder()).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    drop(lock);
    let link = home.path().join("link");
    symlink(home.path().join("elsewhere"), &link).unwrap();
    let refused = HomeLock::take(&link, holder()).unwrap_err();
    assert!(matches!(refused, LockError::Symlink { .. }), "{refused:?}");
    assert!(!home.path().join("elsewhere").exists());
}
