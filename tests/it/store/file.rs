//! The SQLite file: kept private, and never opened, repaired or overwritten when it is not right.

use super::database::{Database, audit_of, change, event, proof};
use authsome::store::{Error, Store};
use futures_util::poll;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// Opens, expects a refusal, and checks that not a byte was changed by it.
async fn refused(database: &Database) -> Error {
    let before = std::fs::read(database.path()).unwrap();
    let error = database.try_open().await.unwrap_err();
    assert_eq!(std::fs::read(database.path()).unwrap(), before, "{error}");
    error
}

fn says_how_to_restore(error: &Error, path: &Path) {
    let text = error.to_string();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    for part in [
        path.to_str().unwrap(),
        "backup",
        "store.db-wal",
        "stop the daemon",
    ] {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
}

/// A database with something in it, closed.
async fn filled() -> Database {
    let database = Database::sqlite();
    let store = database.open().await;
    for number in 0..50 {
        let mark = format!("{number} {}", "x".repeat(500));
        store
            .release(proof(&mark), vec![event(&mark)])
            .await
            .unwrap();
    }
    store.close().await;
    assert!(
        !beside(&database, "-wal").exists(),
        "a clean stop leaves one file"
    );
    database
}

fn beside(database: &Database, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", database.path().display()))
}

#[tokio::test]
async fn a_clean_stop_leaves_one_file_also_when_somebody_still_reads() {
    let database = Database::sqlite();
    let store = database.open().await;
    // One connection that is idle, one that is on loan, and then one that is used while closing.
    let (mut idle, mut on_loan) = (store.read().await.unwrap(), store.read().await.unwrap());
    idle.count_audit().await.unwrap();
    on_loan.count_audit().await.unwrap();
    drop(idle);
    store
        .release(proof("one"), vec![event("one")])
        .await
        .unwrap();
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.close().await }
    });
    while store.read().await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(on_loan.count_audit().await.unwrap(), 1, "it may end");
    drop(on_loan);
    closing.await.unwrap();
    assert!(!beside(&database, "-wal").exists());
    let copy = Database::sqlite();
    std::fs::copy(database.path(), copy.path()).unwrap();
    assert_eq!(audit_of(&copy.open().await).await.len(), 1);
}

#[tokio::test]
async fn a_reader_that_never_ends_cannot_keep_the_log_full() {
    let database = Database::sqlite();
    let store = database.open().await;
    let mut never_returned = store.read().await.unwrap();
    never_returned.count_audit().await.unwrap();
    store
        .release(proof("one"), vec![event("one")])
        .await
        .unwrap();
    store.close().await;
    assert_eq!(beside(&database, "-wal").metadata().unwrap().len(), 0);
    drop(never_returned);
}

#[tokio::test]
async fn the_files_are_private() {
    let database = Database::sqlite();
    let store = database.open().await;
    store.audit(vec![event("one")]).await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let mode = beside(&database, suffix)
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "store.db{suffix}");
    }
    store.close().await;
    std::fs::set_permissions(database.path(), Permissions::from_mode(0o644)).unwrap();
    let _store = database.open().await;
    let mode = database.path().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "tightened at the next start");
}

#[tokio::test]
async fn garbage_is_refused_and_left_alone() {
    let database = Database::sqlite();
    std::fs::write(database.path(), b"this is not a database".repeat(1_000)).unwrap();
    says_how_to_restore(&refused(&database).await, database.path());
    std::fs::write(database.path(), b"short").unwrap();
    says_how_to_restore(&refused(&database).await, database.path());
}

#[tokio::test]
async fn an_empty_file_is_not_taken_for_a_new_database() {
    let database = filled().await;
    File::create(database.path()).unwrap();
    says_how_to_restore(&refused(&database).await, database.path());
}

#[tokio::test]
async fn a_truncated_file_is_refused() {
    let database = filled().await;
    let size = database.path().metadata().unwrap().len();
    for left in [size - 4096, size / 2, 4096, 100] {
        let file = OpenOptions::new()
            .write(true)
            .open(database.path())
            .unwrap();
        file.set_len(left).unwrap();
        says_how_to_restore(&refused(&database).await, database.path());
    }
}

#[tokio::test]
async fn a_damaged_page_is_found_at_start() {
    let database = filled().await;
    let file = OpenOptions::new()
        .write(true)
        .open(database.path())
        .unwrap();
    let size = file.metadata().unwrap().len();
    for page in 1..size / 4096 {
        file.write_all_at(&[0xAB; 64], page * 4096).unwrap();
    }
    says_how_to_restore(&refused(&database).await, database.path());
}

#[tokio::test]
async fn the_database_of_another_program_is_refused() {
    let database = Database::sqlite();
    let file = File::create(database.path()).unwrap();
    drop(file);
    database
        .raw("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
        .await;
    let error = refused(&database).await;
    assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
}

#[tokio::test]
async fn a_newer_schema_asks_for_a_newer_program() {
    let database = filled().await;
    database.raw("PRAGMA user_version = 4000").await;
    let error = refused(&database).await;
    assert!(
        matches!(error, Error::NewerSchema { found: 4000, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("install the newer authsome"));
}

#[tokio::test]
async fn a_log_without_its_database_is_refused() {
    let database = Database::sqlite();
    std::fs::write(beside(&database, "-wal"), b"left over").unwrap();
    let error = database.try_open().await.unwrap_err();
    says_how_to_restore(&error, database.path());
    assert!(!database.path().exists());
}

#[tokio::test]
async fn a_symbolic_link_is_refused() {
    let database = filled().await;
    let real = beside(&database, ".real");
    std::fs::rename(database.path(), &real).unwrap();
    symlink(&real, database.path()).unwrap();
    let error = database.try_open().await.unwrap_err();
    assert!(matches!(error, Error::Symlink { .. }), "{error:?}");
    std::fs::remove_file(&real).unwrap();
    let error = database.try_open().await.unwrap_err();
    assert!(
        matches!(error, Error::Symlink { .. }),
        "dangling: {error:?}"
    );
}

#[tokio::test]
async fn a_directory_in_the_way_is_refused() {
    let database = Database::sqlite();
    std::fs::create_dir(database.path()).unwrap();
    let error = database.try_open().await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn a_missing_directory_is_an_error_that_says_so() {
    let mut database = Database::sqlite();
    let path = database.path().join("no/such/store.db");
    database.location = authsome::store::Location::Sqlite(path);
    let error = database.try_open().await.unwrap_err();
    assert!(
        matches!(error, Error::Io { .. } | Error::ReadOnly),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_interrupted_creation_is_begun_again() {
    let database = Database::sqlite();
    std::fs::write(beside(&database, ".new"), b"half a database").unwrap();
    std::fs::write(beside(&database, ".new-journal"), b"and its journal").unwrap();
    let store = database.open().await;
    store.check().await.unwrap();
    assert!(!beside(&database, ".new").exists());
}

#[tokio::test]
async fn damage_that_appears_while_running_is_reported_and_not_spread() {
    let database = filled().await;
    let store = database.open().await;
    let mut file = OpenOptions::new()
        .write(true)
        .open(database.path())
        .unwrap();
    let size = file.metadata().unwrap().len();
    for page in 1..size / 4096 {
        file.seek(SeekFrom::Start(page * 4096)).unwrap();
        file.write_all(&[0xAB; 4096]).unwrap();
    }
    let mut read = store.read().await.unwrap();
    let error = read
        .find_identity(&super::database::handle("scout"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn a_lock_that_is_held_for_a_while_is_waited_for() {
    let database = Database::sqlite();
    let store = database.open().await;
    let options = SqliteConnectOptions::new().filename(database.path());
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let mut waiting = Box::pin(store.release(proof("one"), vec![event("one")]));
    assert!(poll!(waiting.as_mut()).is_pending());
    assert_eq!(audit_of(&store).await.len(), 0, "reads go on");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    waiting.await.unwrap();

    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let refused = store.release(proof("two"), vec![event("two")]).await;
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    store
        .release(proof("two"), vec![event("two")])
        .await
        .unwrap();
}

#[tokio::test]
async fn whoever_queued_up_behind_a_wait_in_vain_does_not_wait_again() {
    let database = Database::sqlite();
    let store = database.open().await;
    let options = SqliteConnectOptions::new().filename(database.path());
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let mut first = Box::pin(store.release(proof("one"), vec![event("one")]));
    assert!(poll!(first.as_mut()).is_pending());
    for _ in 0..10 {
        // The writer takes the first and waits for the lock with it alone.
        tokio::task::yield_now().await;
    }
    let mut behind = Box::pin(store.release(proof("two"), vec![event("two")]));
    assert!(poll!(behind.as_mut()).is_pending());
    let refused = first.await;
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    // With a wait of its own it would get through now.
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    let refused = behind.await;
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    store
        .release(proof("two"), vec![event("two")])
        .await
        .unwrap();
}

#[tokio::test]
async fn an_examination_finds_what_would_be_refused_and_changes_nothing() {
    let database = filled().await;
    Store::examine(&database.location).unwrap();
    std::fs::write(database.path(), b"garbage").unwrap();
    std::fs::set_permissions(database.path(), Permissions::from_mode(0o644)).unwrap();
    says_how_to_restore(
        &Store::examine(&database.location).unwrap_err(),
        database.path(),
    );
    let mode = database.path().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    std::fs::remove_file(database.path()).unwrap();
    Store::examine(&database.location).unwrap();
    assert!(!database.path().exists());
}

#[tokio::test]
async fn a_copy_of_the_stopped_files_restores() {
    let database = filled().await;
    let backup = beside(&database, ".backup");
    std::fs::copy(database.path(), &backup).unwrap();
    let store: Store = database.open().await;
    change(&store, |tx| {
        Box::pin(async move { tx.put_meta("after", b"the backup").await })
    })
    .await
    .unwrap();
    store.close().await;
    std::fs::write(database.path(), b"garbage").unwrap();
    database.try_open().await.unwrap_err();
    std::fs::copy(&backup, database.path()).unwrap();
    let store = database.open().await;
    assert_eq!(audit_of(&store).await.len(), 50);
    let mut read = store.read().await.unwrap();
    assert_eq!(read.find_meta("after").await.unwrap(), None);
}
