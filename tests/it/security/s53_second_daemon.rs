//! Row 53: a home has one daemon.

use crate::support::daemon::TestDaemon;

#[test]
fn a_second_one_ends_at_once_and_names_the_first() {
    let daemon = TestDaemon::start();
    let second = TestDaemon::builder().home(daemon.home()).try_start();
    let said = second.unwrap_err();
    assert!(said.contains(&daemon.pid().to_string()), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    daemon.get("/health").expect(200);
}

#[test]
fn removing_the_lock_file_lets_nobody_in() {
    let daemon = TestDaemon::start();
    std::fs::remove_file(daemon.home().join("server/daemon/daemon.lock")).unwrap();
    let second = TestDaemon::builder().home(daemon.home()).try_start();
    assert!(second.is_err());
    daemon.get("/health").expect(200);
}

#[test]
fn a_link_to_the_home_is_the_same_home() {
    let daemon = TestDaemon::start();
    let links = tempfile::tempdir().unwrap();
    let link = links.path().join("home");
    std::os::unix::fs::symlink(daemon.home(), &link).unwrap();
    let second = TestDaemon::builder().home(&link).try_start();
    assert!(second.is_err());
    daemon.get("/health").expect(200);
}
