//! A stop in good order leaves a home that one copied file restores.

use crate::api::OPENAI_KEY;
use crate::support::daemon::TestDaemon;
use std::fs;

#[test]
fn after_a_stop_the_database_is_one_file_and_that_file_restores() {
    let mut daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    agent.resolve("openai").expect(200);
    assert!(daemon.stop().success());
    let server = daemon.home().join("server");
    for beside in ["store.db-wal", "store.db-shm"] {
        assert!(!server.join(beside).exists(), "{beside} was left");
    }

    let elsewhere = tempfile::tempdir().unwrap();
    let restored = elsewhere.path().join("home");
    fs::create_dir_all(restored.join("server")).unwrap();
    for file in ["store.db", "master.key"] {
        fs::copy(server.join(file), restored.join("server").join(file)).unwrap();
    }
    let other = TestDaemon::builder().home(&restored).start();
    let shown = agent
        .at(&other)
        .get("/connections/openai/default?show_secret=true")
        .expect(200)
        .json();
    assert_eq!(shown["api_key"], OPENAI_KEY);
}
