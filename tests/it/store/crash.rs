//! Killed without warning: what was acknowledged is there, and the file is whole.

use super::database::{Database, change, event, marks_of, on_both, proof};
use crate::support::child;
use authsome::clock::ManualClock;
use authsome::store::{Error, Location, Store};
use secrecy::ExposeSecret as _;
use std::collections::HashSet;
use std::sync::Arc;

on_both!(nothing_acknowledged_is_lost_by_kill_9);

/// Writers in the child.
const TASKS: usize = 16;

async fn nothing_acknowledged_is_lost_by_kill_9(database: Database) {
    let mut acknowledged = HashSet::new();
    for round in 0..rounds() {
        acknowledged.extend(write_and_kill(&database, round));
        let store = database.open().await;
        let marks = marks_of(&store).await;
        let stored: HashSet<String> = marks.iter().cloned().collect();
        assert_eq!(stored.len(), marks.len(), "no event twice");
        let lost: Vec<_> = acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "round {round} lost {lost:?}");
        for mark in acknowledged.iter().take(20) {
            let again = store.release(proof(mark), Vec::new()).await;
            assert!(matches!(again, Err(Error::Replayed)), "{mark}: {again:?}");
        }
        // A change and its event stand or fall together.
        for mark in &stored {
            let mut read = store.read().await.unwrap();
            if mark.contains("change") {
                assert!(read.find_meta(mark).await.unwrap().is_some(), "{mark}");
            }
        }
        store.close().await;
        if database.is_sqlite() {
            assert_eq!(database.ask("PRAGMA integrity_check").await, "ok");
        }
    }
    assert!(!acknowledged.is_empty());
}

/// How often; more by `AUTHSOME_KILL_ROUNDS`.
fn rounds() -> usize {
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of the tests, not of the program"
    )]
    let more = std::env::var("AUTHSOME_KILL_ROUNDS").ok();
    more.map_or(25, |text| text.parse().unwrap())
}

/// One life of a writing process; answers what it was told is durable.
fn write_and_kill(database: &Database, round: usize) -> Vec<String> {
    let place = match &database.location {
        Location::Sqlite(path) => path.display().to_string(),
        Location::Postgres(url) => url.expose_secret().to_owned(),
    };
    let mut part = child::start(
        "store::crash::writes_until_it_is_killed",
        &[("PLACE", &place), ("ROUND", &round.to_string())],
    );
    let mut told = Vec::new();
    // A different moment of its life each time.
    for _ in 0..=(round * 7) % 60 {
        told.push(part.line().expect("the child goes on until it is killed"));
    }
    part.kill();
    while let Some(line) = part.line() {
        told.push(line);
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started as a process of its own by nothing_acknowledged_is_lost_by_kill_9; does nothing alone"]
async fn writes_until_it_is_killed() {
    let (Some(place), Some(round)) = (child::given("PLACE"), child::given("ROUND")) else {
        return;
    };
    let location = if place.starts_with("postgres") {
        Location::Postgres(place.into())
    } else {
        Location::Sqlite(place.into())
    };
    let clock = Arc::new(ManualClock::at(super::database::start()));
    let store = Store::open(location, clock).await.unwrap();
    let tasks = (0..TASKS).map(|task| {
        let store = store.clone();
        let round = round.clone();
        tokio::spawn(async move {
            for number in 0.. {
                write(&store, format!("{round}.{task}.{number}")).await;
            }
        })
    });
    futures_util::future::join_all(tasks).await;
}

async fn write(store: &Store, name: String) {
    let mark = if name.ends_with('0') {
        let mark = format!("{name} change");
        let key = mark.clone();
        change(store, move |tx| {
            Box::pin(async move {
                tx.put_meta(&key, b"kept").await?;
                tx.spend_proof(&proof(&key)).await?;
                tx.audit(event(&key)).await
            })
        })
        .await
        .unwrap();
        mark
    } else {
        store
            .release(proof(&name), vec![event(&name)])
            .await
            .unwrap();
        name
    };
    child::say(&mark);
}
