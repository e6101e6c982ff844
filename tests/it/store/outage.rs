//! PostgreSQL goes away and comes back, as in an upgrade: nothing acknowledged is lost, no proof
//! is taken twice, and the daemon needs no restart.

use super::database::{Database, change, event, marks_of, proof};
use crate::support::postgres::TestPostgres;
use authsome::store::{Error, Location, Store};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// Restarts under load.
const RESTARTS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_under_load_loses_nothing_that_was_acknowledged() {
    let Some(server) = TestPostgres::start() else {
        return;
    };
    let database = Database::on(&server);
    let stores = [database.open().await, database.open().await];
    let done = Arc::new(AtomicBool::new(false));
    let progress = watch::Sender::new(0);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let work = keep_releasing(stores[task % 2].clone(), task, progress.clone());
            let done = done.clone();
            tokio::spawn(work(done))
        })
        .collect();
    for _ in 0..RESTARTS {
        wait_for_progress(&progress, 50).await;
        server.stop();
        server.start_again();
    }
    wait_for_progress(&progress, 50).await;
    done.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for task in tasks {
        acknowledged.extend(task.await.unwrap());
    }
    let marks = marks_of(&stores[0]).await;
    let unique: HashSet<_> = marks.iter().cloned().collect();
    assert_eq!(unique.len(), marks.len(), "no event twice");
    for mark in &acknowledged {
        assert!(unique.contains(mark), "{mark} was acknowledged");
        let again = stores[1].release(proof(mark), Vec::new()).await;
        assert!(matches!(again, Err(Error::Replayed)), "{mark}: {again:?}");
    }
}

/// Releases one proof after another until told; answers which were acknowledged.
fn keep_releasing(
    store: Store,
    task: usize,
    progress: watch::Sender<usize>,
) -> impl FnOnce(Arc<AtomicBool>) -> futures_util::future::BoxFuture<'static, Vec<String>> {
    move |done| {
        Box::pin(async move {
            let mut acknowledged = Vec::new();
            for number in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let mark = format!("{task}.{number}");
                match store.release(proof(&mark), vec![event(&mark)]).await {
                    Ok(()) => {
                        progress.send_modify(|count| *count += 1);
                        acknowledged.push(mark);
                    }
                    Err(error) => assert!(error.is_transient(), "{error:?}"),
                }
            }
            acknowledged
        })
    }
}

async fn wait_for_progress(progress: &watch::Sender<usize>, more: usize) {
    let mut seen = progress.subscribe();
    let goal = *seen.borrow() + more;
    seen.wait_for(|count| *count >= goal).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_and_changes_find_their_way_back_by_themselves() {
    let Some(server) = TestPostgres::start() else {
        return;
    };
    let database = Database::on(&server);
    let store = database.open().await;
    store.check().await.unwrap();
    // Every connection is dead now, and nobody has noticed.
    server.stop();
    server.start_again();
    store.check().await.unwrap();
    change(&store, |tx| {
        Box::pin(async move { tx.put_meta("back", b"yes").await })
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stays_away_is_an_error_and_not_a_hang() {
    let Some(server) = TestPostgres::start() else {
        return;
    };
    let database = Database::on(&server);
    let store = database.open().await;
    server.stop();
    let (read, write, release) = tokio::join!(
        store.check(),
        change(&store, |tx| {
            Box::pin(async move { tx.put_meta("never", b"x").await })
        }),
        store.release(proof("one"), vec![event("one")]),
    );
    for result in [read, write, release] {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
        assert!(
            error.to_string().contains("AUTHSOME_DATABASE_URL"),
            "{error}"
        );
    }
    server.start_again();
    store
        .release(proof("one"), vec![event("one")])
        .await
        .unwrap();
    assert_eq!(marks_of(&store).await, ["one"]);
}

#[tokio::test]
async fn a_wrong_url_says_what_is_wrong_and_not_the_password() {
    for url in [
        "mysql://root:hunter2@localhost/db",
        "postgres://user:hunter2@[::1/db",
        "hunter2",
    ] {
        let mut database = Database::sqlite();
        database.location = Location::Postgres(url.into());
        let error = database.try_open().await.unwrap_err();
        assert!(matches!(error, Error::BadUrl { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_not_taken_for_an_outage() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let mut database = Database::on(server);
    let Location::Postgres(url) = &database.location else {
        unreachable!()
    };
    let url = secrecy::ExposeSecret::expose_secret(url).replace("story_", "nowhere_");
    database.location = Location::Postgres(url.into());
    let error = database.try_open().await.unwrap_err();
    assert!(matches!(error, Error::AccessDenied { .. }), "{error:?}");
}
