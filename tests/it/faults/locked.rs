//! Another program holds the database: requests wait a while, and then say when to come back.

use crate::support::daemon::TestDaemon;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_waited_in_vain_is_told_when_to_come_back() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let file = daemon.home().join("server/store.db");
    let options = SqliteConnectOptions::new().filename(file);
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let refused = agent.get("/whoami").expect(503);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let told = refused.json();
    assert!(
        told["hint"].as_str().unwrap().contains("try again"),
        "{told}"
    );
    daemon.get("/health").expect(200);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    agent.get("/whoami").expect(200);
}
