//! The writer: what is acknowledged is there, what fails leaves nothing, and nothing stops it.

use super::database::{Database, change, event, marks_of, on_both, proof, with_principals};
use authsome::store::{Error, OneTimeToken, Store, TokenKind};
use futures_util::poll;
use std::pin::pin;
use time::Duration;

on_both!(
    sixteen_tasks_keep_everything_they_were_told,
    a_failing_change_costs_its_neighbours_nothing,
    a_caller_aborts_with_an_error_of_its_own,
    an_error_that_was_swallowed_still_undoes_the_change,
    a_panic_undoes_its_change_and_no_other,
    a_change_goes_on_without_its_caller,
    closing_finishes_what_is_queued_and_takes_no_more,
    changes_take_turns,
    the_generation_moves_with_changes_alone,
    what_nobody_keeps_leaves_the_generation_alone,
    the_instance_keeps_its_name,
);

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("not in this state")]
    NotNow,
    #[error(transparent)]
    Store(#[from] Error),
}

async fn sixteen_tasks_keep_everything_they_were_told(database: Database) {
    let store = database.open().await;
    let tasks = (0..16).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..20 {
                let key = format!("{task}.{number}");
                put(&store, key.clone()).await.unwrap();
                assert!(has(&store, &key).await, "{key} was acknowledged");
                store.release(proof(&key), vec![event(&key)]).await.unwrap();
            }
        })
    });
    for task in futures_util::future::join_all(tasks).await {
        task.unwrap();
    }
    assert_eq!(marks_of(&store).await.len(), 320);
}

async fn a_failing_change_costs_its_neighbours_nothing(database: Database) {
    let store = database.open().await;
    let work = (0..60).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let key = number.to_string();
            match number % 3 {
                0 => put(&store, key).await.is_ok(),
                1 => change(&store, move |tx| {
                    Box::pin(async move {
                        tx.put_meta(&key, b"never").await?;
                        // A statement that fails: the same row twice.
                        let kek = super::database::kek(&key);
                        tx.insert_kek_slot(&kek).await?;
                        tx.insert_kek_slot(&kek).await
                    })
                })
                .await
                .is_ok(),
                _ => store.release(proof(&key), vec![event(&key)]).await.is_ok(),
            }
        })
    });
    let results = futures_util::future::join_all(work).await;
    for (number, result) in results.into_iter().enumerate() {
        assert_eq!(result.unwrap(), number % 3 != 1, "{number}");
    }
    for number in 0..60 {
        let there = has(&store, &number.to_string()).await;
        assert_eq!(there, number % 3 == 0, "{number}");
    }
    assert_eq!(marks_of(&store).await.len(), 20);
}

async fn a_caller_aborts_with_an_error_of_its_own(database: Database) {
    let store = database.open().await;
    let refused: Result<(), Refused> = store
        .write(|tx| {
            Box::pin(async move {
                tx.put_meta("half", b"done").await?;
                Err(Refused::NotNow)
            })
        })
        .await;
    assert!(matches!(refused, Err(Refused::NotNow)), "{refused:?}");
    assert!(!has(&store, "half").await);
    let failed: Result<(), Refused> = store
        .write(|tx| Box::pin(async move { Ok(tx.spend_proof(&proof("one")).await?) }))
        .await;
    failed.unwrap();
    let failed: Result<(), Refused> = store
        .write(|tx| Box::pin(async move { Ok(tx.spend_proof(&proof("one")).await?) }))
        .await;
    assert!(matches!(failed, Err(Refused::Store(Error::Replayed))));
}

async fn an_error_that_was_swallowed_still_undoes_the_change(database: Database) {
    let store = database.open().await;
    let swallowed = change(&store, |tx| {
        Box::pin(async move {
            tx.put_meta("before", b"x").await?;
            let kek = super::database::kek("one");
            tx.insert_kek_slot(&kek).await?;
            tx.insert_kek_slot(&kek).await.unwrap_err();
            tx.put_meta("after", b"x").await.unwrap_err();
            Ok(())
        })
    });
    let error = swallowed.await.unwrap_err();
    assert!(matches!(error, Error::UniqueViolation { .. }), "{error:?}");
    assert!(!has(&store, "before").await && !has(&store, "after").await);
}

async fn a_panic_undoes_its_change_and_no_other(database: Database) {
    let store = database.open().await;
    let neighbours = (0..20).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { put(&store, number.to_string()).await })
    });
    let panicking = change::<(), _>(&store, |tx| {
        Box::pin(async move {
            tx.put_meta("half", b"done").await?;
            panic!("a defect in a service");
        })
    });
    let (panicked, neighbours) =
        tokio::join!(panicking, futures_util::future::join_all(neighbours));
    assert!(matches!(panicked, Err(Error::Aborted)), "{panicked:?}");
    for neighbour in neighbours {
        neighbour.unwrap().unwrap();
    }
    assert!(!has(&store, "half").await);
    put(&store, "afterwards".into()).await.unwrap();
}

async fn a_change_goes_on_without_its_caller(database: Database) {
    let store = database.open().await;
    {
        let mut leaving = pin!(put(&store, "left".into()));
        assert!(poll!(leaving.as_mut()).is_pending());
    }
    // Queued behind it.
    put(&store, "stayed".into()).await.unwrap();
    assert!(has(&store, "left").await);
}

async fn closing_finishes_what_is_queued_and_takes_no_more(database: Database) {
    let store = database.open().await;
    let mut queued = Vec::new();
    for number in 0..100 {
        let mut job = Box::pin(put(&store, number.to_string()));
        assert!(poll!(job.as_mut()).is_pending());
        queued.push(job);
    }
    store.close().await;
    for job in queued {
        job.await.unwrap();
    }
    assert!(matches!(
        put(&store, "late".into()).await,
        Err(Error::Aborted)
    ));
    store.read().await.unwrap_err();
    store.close().await;
    let store = database.open().await;
    for number in 0..100 {
        assert!(has(&store, &number.to_string()).await);
    }
}

async fn changes_take_turns(database: Database) {
    let stores = [database.open().await, database.open().await];
    let counts = (0..100).map(|number: usize| {
        let store = stores[number % 2].clone();
        tokio::spawn(async move {
            change(&store, |tx| {
                Box::pin(async move {
                    // Read, then write: lost updates would show here.
                    let found = tx.find_meta("count").await?.unwrap_or_default();
                    let count = String::from_utf8(found).unwrap().parse().unwrap_or(0_u32);
                    tx.put_meta("count", (count + 1).to_string().as_bytes())
                        .await
                })
            })
            .await
        })
    });
    for counted in futures_util::future::join_all(counts).await {
        counted.unwrap().unwrap();
    }
    let mut read = stores[0].read().await.unwrap();
    assert_eq!(read.find_meta("count").await.unwrap().unwrap(), b"100");
}

async fn the_generation_moves_with_changes_alone(database: Database) {
    let store = database.open().await;
    let Some(before) = store.generation() else {
        assert!(!database.is_sqlite());
        return;
    };
    store
        .release(proof("one"), vec![event("one")])
        .await
        .unwrap();
    assert_eq!(store.generation(), Some(before));
    change::<(), _>(&store, |_| Box::pin(async { Err(Error::Busy) }))
        .await
        .unwrap_err();
    assert_eq!(store.generation(), Some(before));
    put(&store, "changed".into()).await.unwrap();
    assert!(store.generation() > Some(before));
}

/// Anybody can have these written: they must not cost the others what is cached for them.
async fn what_nobody_keeps_leaves_the_generation_alone(database: Database) {
    let store = database.open().await;
    let Some(before) = store.generation() else {
        return;
    };
    let now = database.now();
    let token = OneTimeToken {
        hash: [1; 32],
        kind: TokenKind::SignIn,
        subject: Some("scout".into()),
        payload: serde_json::Map::new(),
        created_by: None,
        created_at: now,
        expires_at: now + Duration::minutes(1),
        used_at: None,
    };
    change(&store, move |tx| {
        Box::pin(async move {
            tx.record_failure("account:one", Duration::HOUR).await?;
            tx.insert_token(&token).await?;
            tx.spend_token(TokenKind::SignIn, &[1; 32]).await?;
            tx.delete_browser_session(&[2; 32]).await?;
            tx.expire_logins().await
        })
    })
    .await
    .unwrap();
    store.purge_expired(now + Duration::days(2)).await.unwrap();
    // A statement that finds nothing changes nothing.
    let nobody = "principal_nobody".parse().unwrap();
    change(&store, move |tx| {
        Box::pin(async move { tx.set_disabled(&nobody, true).await })
    })
    .await
    .unwrap();
    assert_eq!(store.generation(), Some(before));
    with_principals(&store, &["ada"]).await;
    let known = store.generation();
    assert!(known > Some(before));
    let ada = "principal_ada".parse().unwrap();
    change(&store, move |tx| {
        Box::pin(async move {
            tx.record_failure("account:one", Duration::HOUR).await?;
            tx.set_disabled(&ada, true).await
        })
    })
    .await
    .unwrap();
    assert!(store.generation() > known);
}

async fn the_instance_keeps_its_name(database: Database) {
    let store = database.open().await;
    let name = store.instance_id().to_owned();
    let beside = database.open().await;
    assert_eq!(beside.instance_id(), name);
    beside.check().await.unwrap();
    store.close().await;
    beside.close().await;
    assert_eq!(database.open().await.instance_id(), name);
    assert!(name.len() == 32 && !format!("{store:?}").contains("postgres://"));
}

async fn put(store: &Store, key: String) -> Result<(), Error> {
    change(store, move |tx| {
        Box::pin(async move { tx.put_meta(&key, b"kept").await })
    })
    .await
}

async fn has(store: &Store, key: &str) -> bool {
    let mut read = store.read().await.unwrap();
    read.find_meta(key).await.unwrap().is_some()
}
