//! Proofs are spent once: in one process, in two, and across restarts.

use super::database::{Database, audit_of, change, did, event, marks_of, on_both, proof};
use authsome::store::{Error, ProofUse, Store};
use std::collections::HashSet;
use time::Duration;

on_both!(
    a_proof_is_spent_once,
    a_replayed_proof_writes_no_event,
    a_proof_stays_spent_across_a_restart,
    two_stores_accept_each_proof_exactly_once,
    equal_proofs_in_one_batch_are_accepted_once,
    a_proof_can_be_spent_inside_a_change,
    the_same_jti_of_two_identities_is_two_proofs,
    an_expired_proof_is_forgotten_and_a_live_one_is_not,
);

async fn a_proof_is_spent_once(database: Database) {
    let store = database.open().await;
    store
        .release(proof("one"), vec![event("first")])
        .await
        .unwrap();
    let again = store.release(proof("one"), vec![event("second")]).await;
    assert!(matches!(again, Err(Error::Replayed)), "{again:?}");
    store
        .release(proof("two"), vec![event("third")])
        .await
        .unwrap();
}

async fn a_replayed_proof_writes_no_event(database: Database) {
    let store = database.open().await;
    store
        .release(proof("one"), vec![event("kept")])
        .await
        .unwrap();
    store
        .release(proof("one"), vec![event("lost"), event("lost too")])
        .await
        .unwrap_err();
    assert_eq!(marks_of(&store).await, ["kept"]);
}

async fn a_proof_stays_spent_across_a_restart(database: Database) {
    let store = database.open().await;
    store.release(proof("one"), Vec::new()).await.unwrap();
    store.close().await;
    let store = database.open().await;
    let again = store.release(proof("one"), Vec::new()).await;
    assert!(matches!(again, Err(Error::Replayed)), "{again:?}");
}

async fn two_stores_accept_each_proof_exactly_once(database: Database) {
    let stores = [database.open().await, database.open().await];
    let mut tasks = Vec::new();
    for number in 0..1_000 {
        for store in &stores {
            let store: Store = store.clone();
            tasks.push(tokio::spawn(async move {
                let mark = format!("proof {number}");
                match store.release(proof(&mark), vec![event(&mark)]).await {
                    Ok(()) => 1,
                    Err(Error::Replayed) => 0,
                    Err(other) => panic!("{other}"),
                }
            }));
        }
    }
    let mut accepted = 0;
    for task in tasks {
        accepted += task.await.unwrap();
    }
    assert_eq!(accepted, 1_000);
    let marks = marks_of(&stores[0]).await;
    assert_eq!(marks.len(), 1_000);
    assert_eq!(marks.iter().collect::<HashSet<_>>().len(), 1_000);
}

async fn equal_proofs_in_one_batch_are_accepted_once(database: Database) {
    let store = database.open().await;
    let tries = (0..50).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .release(proof("same"), vec![event(&number.to_string())])
                .await
        })
    });
    let results = futures_util::future::join_all(tries).await;
    let accepted = results.iter().filter(|r| r.as_ref().unwrap().is_ok());
    assert_eq!(accepted.count(), 1);
    assert_eq!(audit_of(&store).await.len(), 1);
}

async fn a_proof_can_be_spent_inside_a_change(database: Database) {
    let store = database.open().await;
    let spend = || {
        change(&store, |tx| {
            Box::pin(async move {
                tx.put_meta("touched", b"by the last one").await?;
                tx.spend_proof(&proof("one")).await?;
                tx.put_meta("reached", b"yes").await
            })
        })
    };
    spend().await.unwrap();
    assert!(matches!(spend().await, Err(Error::Replayed)));
    let also = store.release(proof("one"), Vec::new()).await;
    assert!(matches!(also, Err(Error::Replayed)));
}

async fn the_same_jti_of_two_identities_is_two_proofs(database: Database) {
    let store = database.open().await;
    let until = database.now() + Duration::minutes(3);
    for number in [1, 2] {
        let proof = ProofUse::new(&did(number), "shared", until);
        store.release(proof, Vec::new()).await.unwrap();
    }
}

async fn an_expired_proof_is_forgotten_and_a_live_one_is_not(database: Database) {
    let store = database.open().await;
    let short = ProofUse::new(&did(1), "short", database.now() + Duration::minutes(1));
    let long = ProofUse::new(&did(1), "long", database.now() + Duration::minutes(5));
    store.release(short.clone(), Vec::new()).await.unwrap();
    store.release(long.clone(), Vec::new()).await.unwrap();
    // The clock of another replica may be behind ours: it would still take the proof.
    database.clock.advance(Duration::minutes(10));
    let purged = store.purge_expired(database.now()).await.unwrap();
    assert_eq!(purged.proofs, 0);
    database.clock.advance(Duration::minutes(2));
    let purged = store.purge_expired(database.now()).await.unwrap();
    assert_eq!(purged.proofs, 1);
    assert!(matches!(
        store.release(long, Vec::new()).await,
        Err(Error::Replayed)
    ));
    store.release(short, Vec::new()).await.unwrap();
}
