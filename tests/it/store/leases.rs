//! Refresh leases: one record for each connection, gone with it.

use super::database::{Database, change, connection, on_both, start, with_principals};
use authsome::model::ConnectionKey;
use authsome::store::{Error, Held, RefreshLease, Store};
use time::Duration;

on_both!(
    a_lease_reads_back_as_it_was_written,
    a_lease_goes_with_its_connection,
    a_lease_needs_its_connection,
    leases_that_are_held_are_listed,
    one_of_many_takes_the_lease,
);

fn key(name: &str) -> ConnectionKey {
    connection("ada", "github", name).key()
}

fn lease(by: Option<&str>) -> RefreshLease {
    RefreshLease {
        version: 7,
        held: by.map(|by| Held {
            by: by.to_owned(),
            until: start() + Duration::seconds(40),
        }),
        tried_at: start(),
        failures: 0,
        not_before: None,
        last_error: None,
    }
}

async fn put(store: &Store, name: &'static str, lease: RefreshLease) -> Result<(), Error> {
    let write = store
        .write(move |tx| Box::pin(async move { tx.put_refresh_lease(&key(name), &lease).await }));
    write.await
}

async fn found(store: &Store, name: &str) -> Option<RefreshLease> {
    let mut reader = store.read().await.unwrap();
    reader.find_refresh_lease(&key(name)).await.unwrap()
}

/// A store in which Ada has these connections at GitHub.
async fn with_connections(database: &Database, names: &[&'static str]) -> Store {
    let store = database.open().await;
    with_principals(&store, &["ada"]).await;
    for &name in names {
        change(&store, move |tx| {
            Box::pin(async move {
                let mut one = connection("ada", "github", name);
                one.refreshable = true;
                tx.insert_connection(&one, &[1]).await
            })
        })
        .await
        .unwrap();
    }
    store
}

async fn a_lease_reads_back_as_it_was_written(database: Database) {
    let store = with_connections(&database, &["default"]).await;
    assert_eq!(found(&store, "default").await, None);
    let first = lease(Some("one"));
    put(&store, "default", first.clone()).await.unwrap();
    assert_eq!(found(&store, "default").await, Some(first));
    let second = RefreshLease {
        held: None,
        failures: 3,
        not_before: Some(start() + Duration::minutes(2)),
        last_error: Some("HTTP 503 \"\u{2603}\"".to_owned()),
        ..lease(None)
    };
    put(&store, "default", second.clone()).await.unwrap();
    store.close().await;
    let store = database.open().await;
    assert_eq!(found(&store, "default").await, Some(second));
    let mut reader = store.read().await.unwrap();
    let at = key("default");
    let connection = reader.find_connection(&at.vault, &at.provider, &at.name);
    assert!(connection.await.unwrap().unwrap().connection.refreshable);
}

async fn a_lease_goes_with_its_connection(database: Database) {
    let store = with_connections(&database, &["default", "work"]).await;
    for name in ["default", "work"] {
        put(&store, name, lease(Some("one"))).await.unwrap();
    }
    change(&store, |tx| {
        Box::pin(async move {
            let at = key("work");
            tx.delete_connection(&at.vault, &at.provider, &at.name)
                .await
        })
    })
    .await
    .unwrap();
    assert_eq!(found(&store, "work").await, None);
    assert!(found(&store, "default").await.is_some());
    change(&store, |tx| {
        Box::pin(async move { tx.delete_connections_at(&key("default").provider).await })
    })
    .await
    .unwrap();
    assert_eq!(found(&store, "default").await, None);
}

async fn a_lease_needs_its_connection(database: Database) {
    let store = with_connections(&database, &[]).await;
    let orphan = put(&store, "default", lease(None)).await;
    assert!(matches!(orphan, Err(Error::MissingParent)), "{orphan:?}");
}

async fn leases_that_are_held_are_listed(database: Database) {
    let store = with_connections(&database, &["default", "spare", "work"]).await;
    put(&store, "default", lease(None)).await.unwrap();
    put(&store, "spare", lease(Some("two"))).await.unwrap();
    let mut early = lease(Some("one"));
    early.held.as_mut().unwrap().until = start();
    put(&store, "work", early.clone()).await.unwrap();
    let mut reader = store.read().await.unwrap();
    let held = reader.list_held_refreshes(10).await.unwrap();
    let expected = [(key("work"), early), (key("spare"), lease(Some("two")))];
    assert_eq!(held, expected);
    let first = reader.list_held_refreshes(1).await.unwrap();
    assert_eq!(first, expected[..1]);
}

/// Two stores are two replicas on PostgreSQL, and two handles on SQLite.
async fn one_of_many_takes_the_lease(database: Database) {
    let store = with_connections(&database, &["default"]).await;
    let stores = [store, database.open().await];
    let tries = (0..20).map(|number: usize| {
        let store = stores[number % 2].clone();
        tokio::spawn(async move {
            change(&store, move |tx| {
                Box::pin(async move {
                    let at = key("default");
                    if tx.find_refresh_lease(&at).await?.is_some() {
                        return Ok(false);
                    }
                    let mine = lease(Some(&format!("process {number}")));
                    tx.put_refresh_lease(&at, &mine).await?;
                    Ok(true)
                })
            })
            .await
            .unwrap()
        })
    });
    let took = futures_util::future::join_all(tries).await;
    assert_eq!(
        took.iter().filter(|took| *took.as_ref().unwrap()).count(),
        1
    );
}
