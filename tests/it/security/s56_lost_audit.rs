//! Row 56: an audit that is lost or forged. Defence: written in the same transaction, id, time and
//! actor by the server, a cap on size. Where the event cannot be written the answer is a 503 and
//! no secret leaves; a forged time is ignored.

use crate::services::house::{
    House, OPENAI_KEY, Place, code, connection, newest, provider, typed, wish,
};
use crate::support::daemon::TestDaemon;
use authsome::model::{ErrorCode, Outcome};
use authsome::services::{ExportFormat, ExternalEvent};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

/// Runs a statement on the database file, as somebody with the disk could.
async fn tamper(place: &Place, statement: &str) {
    let options = SqliteConnectOptions::new().filename(place.database_file());
    let mut conn = SqliteConnection::connect_with(&options).await.unwrap();
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::query(statement).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

async fn break_the_audit(place: &Place) {
    let trigger = "CREATE TRIGGER broken BEFORE INSERT ON audit_events \
                   BEGIN SELECT RAISE(ABORT, 'no more events'); END";
    tamper(place, trigger).await;
}

async fn mend_the_audit(place: &Place) {
    tamper(place, "DROP TRIGGER broken").await;
}

/// What holds secrets, or changes something, and must not without its event.
async fn try_everything(house: &House, place: &Place) {
    let scout = house.local_agent(place, "scout").await;
    let caller = house.caller(&scout).await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    house.resolve(&scout, "openai", None).await.unwrap();
    let id = house.begin(&caller, "openai", "second").await;
    let logins = &house.services.logins;
    let connections = &house.services.connections;
    let (openai, default) = (provider("openai"), connection("default"));

    break_the_audit(place).await;
    let signed = house.sign(&scout, "/x");
    let lost = ErrorCode::StoreUnavailable;
    assert_eq!(code(house.release(&signed, "openai").await), lost);
    assert_eq!(
        code(connections.show(&caller, &openai, &default, true).await),
        lost
    );
    let text = ExportFormat::Shell;
    assert_eq!(
        code(
            connections
                .export(&caller, Some(&openai), &default, text)
                .await
        ),
        lost
    );
    assert_eq!(
        code(connections.logout(&caller, &openai, &default).await),
        lost
    );
    assert_eq!(
        code(logins.resume(&caller, &id, typed(OPENAI_KEY)).await),
        lost
    );
    assert_eq!(
        code(logins.begin(&caller, wish("openai", "third")).await),
        lost
    );
    let identities = &house.services.identities;
    assert_eq!(code(identities.revoke(&caller, &scout.handle).await), lost);
    assert_eq!(code(house.sign_up("a@example.test", None).await), lost);
    connections
        .show(&caller, &openai, &default, false)
        .await
        .unwrap();

    mend_the_audit(place).await;
    // Nothing of what failed has happened: the proof is good, the login open, the connection there.
    house.release(&signed, "openai").await.unwrap();
    assert_eq!(
        connections.list(&caller).await.unwrap()[0]
            .connections
            .len(),
        1
    );
    logins
        .resume(&caller, &id, typed(OPENAI_KEY))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_event_nothing_leaves_and_nothing_changes() {
    let place = Place::sqlite();
    let house = place.local().await;
    try_everything(&house, &place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_does_not_open_is_an_incident_in_the_log() {
    let place = Place::sqlite();
    let (house, scout, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    house.login(&caller, "openai", "work", OPENAI_KEY).await;
    let swap = "UPDATE connections SET sealed = (SELECT sealed FROM connections AS other \
                WHERE other.name <> connections.name)";
    tamper(&place, swap).await;
    let refused = house.resolve(&scout, "openai", None).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::EncryptionUnavailable);
    let (openai, default) = (provider("openai"), connection("default"));
    let shown = house
        .services
        .connections
        .show(&caller, &openai, &default, true);
    assert_eq!(code(shown.await), ErrorCode::EncryptionUnavailable);
    let ready = house.services.status.ready(&caller).await.unwrap();
    assert!(!ready.is_ready());
    let incidents: Vec<_> = house
        .audit()
        .await
        .into_iter()
        .filter(|record| record.event.event.as_str() == "vault.integrity_failed")
        .collect();
    assert_eq!(incidents.len(), 2);
    assert!(incidents.iter().all(|record| {
        record.event.outcome == Outcome::Failure && record.event.identity.is_some()
    }));
    assert_eq!(house.count("credential.revealed").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_chooses_neither_time_nor_actor_nor_size() {
    let place = Place::sqlite();
    let (house, _, caller) = place.local_with_scout().await;
    let said = |event: &str, note: String| ExternalEvent {
        event: event.to_owned(),
        provider: None,
        connection: None,
        metadata: json!({"note": note, "timestamp": "2001-01-01T00:00:00Z", "identity": "boss"})
            .as_object()
            .cloned()
            .unwrap(),
    };
    let audit = &house.services.audit;
    let id = audit
        .record(&caller, said("deploy.done", "x".into()))
        .await
        .unwrap();
    let large = audit
        .record(&caller, said("deploy.done", "x".repeat(20_000)))
        .await;
    assert_eq!(code(large), ErrorCode::PayloadTooLarge);
    let strange = audit
        .record(&caller, said("deploy\r\ndone", String::new()))
        .await;
    assert_eq!(code(strange), ErrorCode::InvalidInput);
    let page = audit.list(&caller, newest(1)).await.unwrap();
    let record = &page.entries[0];
    assert_eq!(record.id, id);
    assert_eq!(record.event.source.as_str(), "external");
    assert_eq!(record.event.identity, Some(caller.handle.clone()));
    assert!(record.at.year() > 2020);
    let older = authsome::services::AuditQuery {
        cursor: page.next_cursor,
        ..newest(1)
    };
    let page = audit.list(&caller, older).await.unwrap();
    assert_ne!(page.entries[0].id, id);
    let made_up = authsome::services::AuditQuery {
        cursor: Some("x".to_owned()),
        ..newest(1)
    };
    assert_eq!(
        code(audit.list(&caller, made_up).await),
        ErrorCode::InvalidInput
    );
}

#[test]
fn a_daemon_that_cannot_open_its_copy_says_so_before_anybody_believes_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    std::fs::create_dir_all(home.join("audit.log")).unwrap();
    let said = TestDaemon::builder().home(&home).try_start().unwrap_err();
    assert!(said.contains("audit.log"), "{said}");
    assert!(!home.join("server/daemon/daemon.pid").exists());
    std::fs::remove_dir(home.join("audit.log")).unwrap();
    TestDaemon::builder().home(&home).start();
}

#[test]
fn a_copy_that_was_removed_begins_anew_with_the_next_event() {
    let mut daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let copy = daemon.home().join("audit.log");
    let note = |mark: &str| {
        let event = json!({"event": {"event": "agent.noted", "metadata": {"note": mark}}});
        agent.post("/audit/events", &event).expect(200);
    };
    note("before");
    std::fs::remove_file(&copy).unwrap();
    note("after");
    assert!(daemon.stop().success());
    let text = std::fs::read_to_string(&copy).unwrap();
    assert!(text.contains("after"), "{text}");
}
