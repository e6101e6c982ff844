//! A disk that fills up or cannot be written: a clear error, reads go on, and it recovers.

use super::database::{Database, change, event, proof};
use crate::support::disk::SmallDisk;
use authsome::store::{Error, Location, Store};
use std::fs::File;
use std::io::Write as _;

fn on(disk: &SmallDisk) -> Database {
    let mut database = Database::sqlite();
    database.location = Location::Sqlite(disk.path().join("store.db"));
    database
}

async fn put(store: &Store, size: usize) -> Result<(), Error> {
    change(store, move |tx| {
        Box::pin(async move {
            tx.put_meta("big", &vec![7; size]).await?;
            tx.audit(event("big")).await.map(|_| ())
        })
    })
    .await
}

#[tokio::test]
async fn a_full_disk_fails_writes_until_there_is_room_again() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let database = on(&disk);
    let store = database.open().await;
    store
        .release(proof("one"), vec![event("one")])
        .await
        .unwrap();
    let ballast = disk.path().join("ballast");
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);

    let error = fill_up(&store).await;
    assert!(matches!(error, Error::Full), "{error:?}");
    assert!(error.to_string().contains("free some space"), "{error}");
    let release = store
        .release(proof("two"), vec![event(&"x".repeat(50_000))])
        .await;
    assert!(matches!(release, Err(Error::Full)), "{release:?}");
    let mut read = store.read().await.unwrap();
    assert!(read.count_audit().await.unwrap() >= 1, "reads go on");
    drop(read);

    std::fs::remove_file(&ballast).unwrap();
    store.check().await.unwrap();
    put(&store, 10_000).await.unwrap();
    store
        .release(proof("two"), vec![event("two")])
        .await
        .unwrap();
    let again = store.release(proof("one"), Vec::new()).await;
    assert!(matches!(again, Err(Error::Replayed)));
    store.close().await;
    assert_eq!(database.ask("PRAGMA integrity_check").await, "ok");
}

/// Writes until it fails; the log may have had a little room left.
async fn fill_up(store: &Store) -> Error {
    for _ in 0..10_000 {
        if let Err(error) = put(store, 100_000).await {
            return error;
        }
    }
    panic!("the disk never filled up");
}

#[tokio::test]
async fn a_disk_too_small_for_a_new_database_says_that_it_is_full() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let mut file = File::create(disk.path().join("ballast")).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);
    let database = on(&disk);
    let error = database.try_open().await.unwrap_err();
    assert!(matches!(error, Error::Full), "{error:?}");
    std::fs::remove_file(disk.path().join("ballast")).unwrap();
    database.open().await.close().await;
}

#[tokio::test]
async fn a_read_only_disk_is_an_error_that_says_so() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let database = on(&disk);
    database.open().await.close().await;
    disk.set_read_only(true);
    let seen = Store::examine(&database.location).unwrap_err();
    assert!(matches!(seen, Error::ReadOnly), "{seen:?}");
    let error = database.try_open().await.unwrap_err();
    assert!(matches!(error, Error::ReadOnly), "{error:?}");
    assert!(error.to_string().contains("permissions"), "{error}");
    disk.set_read_only(false);
    database.open().await.close().await;
}

#[tokio::test]
async fn a_read_only_disk_without_a_database_is_the_same_error() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    disk.set_read_only(true);
    let error = on(&disk).try_open().await.unwrap_err();
    assert!(matches!(error, Error::ReadOnly), "{error:?}");
}
