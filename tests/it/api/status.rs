//! The words of the status answers that scripts compare.

use crate::support::daemon::TestDaemon;
use crate::support::postgres::TestPostgres;

#[test]
fn a_home_of_ones_own_names_its_key_file_and_sqlite() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let health = daemon.get("/health").expect(200).json();
    assert_eq!(health["store_backend"], "sqlite");
    let whoami = agent.get("/whoami").expect(200).json();
    let ready = agent.get("/ready").expect(200).json();
    for answer in [health, whoami, ready] {
        assert_eq!(answer["configured_encryption_mode"], "aes-256-gcm");
        assert_eq!(answer["effective_encryption_source"], "local_key");
        let backend = answer["encryption_backend"].as_str().unwrap();
        assert!(backend.starts_with("AES-256-GCM"), "{backend}");
    }
}

#[test]
fn a_key_from_the_environment_and_postgresql_are_named_so() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let daemon = TestDaemon::builder()
        .env("AUTHSOME_DATABASE_URL", &server.database())
        .env("AUTHSOME_MASTER_KEY", "a passphrase of an operator")
        .start();
    let health = daemon.get("/health").expect(200).json();
    assert_eq!(health["store_backend"], "postgresql");
    assert_eq!(health["configured_encryption_mode"], "aes-256-gcm");
    assert_eq!(health["effective_encryption_source"], "env");
}
