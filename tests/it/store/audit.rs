//! The audit: written with what it records or not at all, read back newest first, followed live.

use super::database::{Database, audit_of, change, event, marks_of, on_both, proof};
use authsome::model::{AuditRecord, EventName, Outcome};
use authsome::store::{AuditFilter, Error, Store};
use std::collections::HashSet;
use time::Duration;

on_both!(
    an_event_reads_back_as_it_was_written,
    pages_follow_each_other_without_gap_or_overlap,
    filters_narrow_the_list,
    without_its_event_a_change_does_not_stand,
    without_its_event_a_proof_is_not_spent,
    subscribers_see_what_was_committed_in_order,
    a_change_undone_is_never_announced,
    a_slow_subscriber_loses_and_counts,
    ids_grow_even_when_the_clock_is_set_back,
);

async fn an_event_reads_back_as_it_was_written(database: Database) {
    let store = database.open().await;
    let mut written = event("line\r\n\u{1b}[31m\0 \"quoted\"").ended(Outcome::Refused);
    written.connection = Some("work".parse().unwrap());
    written.principal = Some("principal_ada".parse().unwrap());
    written.event = EventName::external("tool.called").unwrap();
    let sent = written.clone();
    let id = change(&store, move |tx| {
        Box::pin(async move { tx.audit(sent).await })
    })
    .await
    .unwrap();
    let records = audit_of(&store).await;
    let record: &AuditRecord = &records[0];
    assert_eq!((&record.id, record.at), (&id, database.now()));
    assert_eq!(record.event.event, written.event);
    assert_eq!(record.event.outcome, Outcome::Refused);
    assert_eq!(record.event.identity, written.identity);
    assert_eq!(record.event.principal, written.principal);
    assert_eq!(record.event.provider, written.provider);
    assert_eq!(record.event.connection, written.connection);
    assert_eq!(record.event.metadata, written.metadata);
}

async fn pages_follow_each_other_without_gap_or_overlap(database: Database) {
    let store = database.open().await;
    let expected: Vec<String> = (0..25).map(|number| number.to_string()).collect();
    for mark in &expected {
        store.audit(vec![event(mark)]).await.unwrap();
    }
    let mut filter = AuditFilter {
        limit: 7,
        ..AuditFilter::default()
    };
    let mut marks = Vec::new();
    let mut pages = 0;
    loop {
        let page = list(&store, &filter).await;
        marks.extend(page.0);
        pages += 1;
        // The cursor goes over the wire as text.
        let Some(next) = page.1 else { break };
        filter.after = Some(next.parse().unwrap());
    }
    marks.reverse();
    assert_eq!((marks, pages), (expected, 4));
}

async fn filters_narrow_the_list(database: Database) {
    let store = database.open().await;
    for (mark, provider, outcome) in [
        ("one", "openai", Outcome::Success),
        ("two", "github", Outcome::Success),
        ("three", "openai", Outcome::Refused),
    ] {
        let mut event = event(mark).ended(outcome);
        event.provider = Some(provider.parse().unwrap());
        store.audit(vec![event]).await.unwrap();
        database.clock.advance(Duration::minutes(1));
    }
    let all = AuditFilter {
        limit: 10,
        ..AuditFilter::default()
    };
    let began = super::database::start();
    let cases = [
        (
            AuditFilter {
                provider: Some("openai".parse().unwrap()),
                ..all.clone()
            },
            vec!["three", "one"],
        ),
        (
            AuditFilter {
                outcome: Some(Outcome::Success),
                ..all.clone()
            },
            vec!["two", "one"],
        ),
        (
            AuditFilter {
                since: Some(began + Duration::minutes(1)),
                ..all.clone()
            },
            vec!["three", "two"],
        ),
        (
            AuditFilter {
                until: Some(began + Duration::minutes(1)),
                ..all.clone()
            },
            vec!["one"],
        ),
        (
            AuditFilter {
                identity: Some("nobody".parse().unwrap()),
                ..all.clone()
            },
            vec![],
        ),
        (
            AuditFilter {
                event: Some("credential.resolved".to_owned()),
                limit: 1,
                ..all
            },
            vec!["three"],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(list(&store, &filter).await.0, expected, "{filter:?}");
    }
}

async fn without_its_event_a_change_does_not_stand(database: Database) {
    let store = database.open().await;
    database
        .raw("ALTER TABLE audit_events RENAME TO hidden")
        .await;
    let work = || {
        change(&store, |tx| {
            Box::pin(async move {
                tx.put_meta("changed", b"yes").await?;
                tx.audit(event("lost")).await
            })
        })
    };
    work().await.unwrap_err();
    assert_eq!(meta(&store, "changed").await, None);
    database
        .raw("ALTER TABLE hidden RENAME TO audit_events")
        .await;
    work().await.unwrap();
    assert!(meta(&store, "changed").await.is_some());
}

async fn without_its_event_a_proof_is_not_spent(database: Database) {
    let store = database.open().await;
    database
        .raw("ALTER TABLE audit_events RENAME TO hidden")
        .await;
    let tries = (0..10).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let mark = number.to_string();
            store.release(proof(&mark), vec![event(&mark)]).await
        })
    });
    for result in futures_util::future::join_all(tries).await {
        let error = result.unwrap().unwrap_err();
        assert!(!matches!(error, Error::Replayed), "{error:?}");
    }
    database
        .raw("ALTER TABLE hidden RENAME TO audit_events")
        .await;
    for number in 0..10 {
        let mark = number.to_string();
        store
            .release(proof(&mark), vec![event(&mark)])
            .await
            .unwrap();
    }
    assert_eq!(marks_of(&store).await.len(), 10);
}

async fn subscribers_see_what_was_committed_in_order(database: Database) {
    let store = database.open().await;
    let mut subscription = store.subscribe_audit(10_000);
    let work = (0..300).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let mark = number.to_string();
            if number % 3 == 0 {
                let event = event(&mark);
                change(&store, move |tx| {
                    Box::pin(async move { tx.audit(event).await.map(|_| ()) })
                })
                .await
            } else {
                store.release(proof(&mark), vec![event(&mark)]).await
            }
        })
    });
    for done in futures_util::future::join_all(work).await {
        done.unwrap().unwrap();
    }
    let stored = marks_of(&store).await;
    store.close().await;
    let mut announced = Vec::new();
    while let Some(record) = subscription.next().await {
        announced.push(record.event.metadata["mark"].as_str().unwrap().to_owned());
    }
    assert_eq!(announced, stored);
    assert_eq!((announced.len(), subscription.lost()), (300, 0));
}

async fn a_change_undone_is_never_announced(database: Database) {
    let store = database.open().await;
    let mut subscription = store.subscribe_audit(10);
    let undone = change::<(), _>(&store, |tx| {
        Box::pin(async move {
            tx.audit(event("undone")).await?;
            Err(Error::Busy)
        })
    });
    assert!(matches!(undone.await, Err(Error::Busy)));
    store.audit(vec![event("done")]).await.unwrap();
    let first = subscription.next().await.unwrap();
    assert_eq!(first.event.metadata["mark"], "done");
    assert_eq!(marks_of(&store).await, ["done"]);
}

async fn a_slow_subscriber_loses_and_counts(database: Database) {
    let store = database.open().await;
    let mut slow = store.subscribe_audit(2);
    drop(store.subscribe_audit(2));
    for number in 0..5 {
        store.audit(vec![event(&number.to_string())]).await.unwrap();
    }
    assert_eq!(slow.lost(), 3);
    let batch = slow.next_batch(10).await;
    let marks: Vec<_> = batch.iter().map(|r| &r.event.metadata["mark"]).collect();
    assert_eq!(marks, ["0", "1"]);
    assert_eq!(marks_of(&store).await.len(), 5);
}

async fn ids_grow_even_when_the_clock_is_set_back(database: Database) {
    let store = database.open().await;
    let mut subscription = store.subscribe_audit(100);
    for number in 0..10 {
        if number == 5 {
            database.clock.advance(-Duration::days(1));
        }
        store.audit(vec![event("a"), event("b")]).await.unwrap();
    }
    let ids: Vec<String> = subscription
        .next_batch(100)
        .await
        .iter()
        .map(|record| record.id.to_string())
        .collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 20);
    assert!(ids.is_sorted(), "{ids:?}");
    assert!(
        ids.iter()
            .all(|id| id.starts_with("evt_") && id.len() == 36)
    );
}

/// The marks of a page, and its cursor as text.
async fn list(store: &Store, filter: &AuditFilter) -> (Vec<String>, Option<String>) {
    let mut read = store.read().await.unwrap();
    let page = read.list_audit(filter).await.unwrap();
    let marks = page.records.iter();
    let marks = marks.map(|record| record.event.metadata["mark"].as_str().unwrap().to_owned());
    (marks.collect(), page.next.map(|cursor| cursor.to_string()))
}

async fn meta(store: &Store, key: &str) -> Option<Vec<u8>> {
    store.read().await.unwrap().find_meta(key).await.unwrap()
}
