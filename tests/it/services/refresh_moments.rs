//! A daemon that dies between two steps of a refresh: a hundred connections at each, on both databases.
//! What is left is a new token or "log in again", never the old token in silence, and every record reads.

use super::house::{Place, connection, on_both, provider};
use super::refresh::Story;
use authsome::model::ErrorCode;
use authsome::services::{RefreshMoment, RefreshStops};
use std::future::pending;
use std::sync::Arc;
use tokio::sync::Semaphore;

on_both!(
    a_lease_without_a_question_is_taken_over,
    an_answer_that_was_not_sealed_ends_in_logins,
    an_answer_that_was_sealed_and_not_written_ends_in_logins,
    what_was_written_is_given_out,
);

const COUNT: u32 = 100;

/// How many got a new token after the death, and how many have to log in.
async fn dies_at(place: Place, moment: RefreshMoment) -> (u32, u32) {
    let reached = Arc::new(Semaphore::new(0));
    let at = Arc::clone(&reached);
    let stops = RefreshStops::new(move |passed| {
        let at = Arc::clone(&at);
        Box::pin(async move {
            if passed == moment {
                at.add_permits(1);
                pending::<()>().await;
            }
        })
    });
    let story = Arc::new(Story::begin(place.with_stops(stops)).await);
    let mut old = Vec::new();
    for number in 0..COUNT {
        let name = format!("c{number}");
        old.push((name.clone(), story.log_in(&name).await));
    }
    story.advance(4_000);
    let callers: Vec<_> = old
        .iter()
        .map(|(name, _)| {
            let (story, name) = (Arc::clone(&story), name.clone());
            tokio::spawn(async move { drop(story.get(&name).await) })
        })
        .collect();
    drop(reached.acquire_many(COUNT).await.unwrap());
    for caller in callers {
        caller.abort();
        drop(caller.await);
    }
    let Ok(story) = Arc::try_unwrap(story) else {
        panic!("everybody has left");
    };
    let asked = story.refreshes();
    let is_asked = moment != RefreshMoment::Taken;
    assert_eq!(asked, if is_asked { old.len() } else { 0 });
    let (at, scout, caller) = (story.at, story.scout, story.caller);
    story.house.close().await;
    // Longer than the lease of a replica that may still be at it.
    story.place.clock.advance(time::Duration::seconds(41));
    let place = story.place.with_stops(RefreshStops::default());
    let house = place.local().await;
    let (mut new, mut ended) = (0, 0);
    for (name, old) in &old {
        match house.resolve(&scout, "acme", Some(name)).await {
            Ok(given) => {
                assert_ne!(&given, old, "{name}");
                assert!(at.server.living(&given).is_some(), "{name}");
                new += 1;
            }
            Err(refused) => {
                assert_eq!(refused.code(), ErrorCode::TokenExpired, "{refused}");
                let hint = refused.next_step().unwrap();
                let command = format!("`authsome login acme --connection {name}`");
                assert!(hint.contains(&command), "{hint}");
                ended += 1;
            }
        }
        let connections = &house.services.connections;
        let (acme, name) = (provider("acme"), connection(name));
        let record = connections.show(&caller, &acme, &name, false).await;
        assert!(record.is_ok(), "every record reads: {record:?}");
    }
    (new, ended)
}

async fn a_lease_without_a_question_is_taken_over(place: Place) {
    assert_eq!(dies_at(place, RefreshMoment::Taken).await, (COUNT, 0));
}

async fn an_answer_that_was_not_sealed_ends_in_logins(place: Place) {
    assert_eq!(dies_at(place, RefreshMoment::Answered).await, (0, COUNT));
}

async fn an_answer_that_was_sealed_and_not_written_ends_in_logins(place: Place) {
    assert_eq!(dies_at(place, RefreshMoment::Sealed).await, (0, COUNT));
}

async fn what_was_written_is_given_out(place: Place) {
    assert_eq!(dies_at(place, RefreshMoment::Kept).await, (COUNT, 0));
}
