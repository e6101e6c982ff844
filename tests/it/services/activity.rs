//! When connections were last used and by whom, and when agents were last seen.

use super::house::{Agent, House, OPENAI_KEY, Place, connection, on_both, provider};
use authsome::clock::Clock as _;
use authsome::model::{Caller, ConnectionName};
use authsome::services::{ConnectionActivity, ExportFormat};
use time::Duration;

on_both!(
    a_use_is_told_at_once_and_after_a_restart,
    exports_and_looks_at_a_secret_are_uses_and_refusals_are_not,
    each_agent_has_uses_and_a_last_sight_of_its_own,
    what_is_removed_and_added_again_starts_anew,
    writing_it_down_does_not_age_what_is_kept_in_memory,
    nobody_else_is_told,
);

async fn of(house: &House, caller: &Caller, name: &str) -> ConnectionActivity {
    let all = house.services.activity.last_uses(caller).await.unwrap();
    let found = all.of(&provider("openai"), &connection(name));
    found.unwrap().clone()
}

async fn flush(house: &House) {
    house.services.tick().await.unwrap();
}

async fn a_use_is_told_at_once_and_after_a_restart(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    let added_at = house.clock.now();
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    let fresh = of(&house, &caller, "default").await;
    assert_eq!((fresh.last(), fresh.uses()), (None, 0));
    assert_eq!(
        fresh.idle_since().unix_timestamp(),
        added_at.unix_timestamp()
    );
    house.advance(Duration::days(40));
    house.resolve(&scout, "openai", None).await.unwrap();
    house.resolve(&scout, "openai", None).await.unwrap();
    let used = of(&house, &caller, "default").await;
    assert_eq!(used.uses(), 2);
    assert_eq!(used.last().unwrap().by, Some(scout.handle.clone()));
    flush(&house).await;
    assert_eq!(of(&house, &caller, "default").await, used);
    house.advance(Duration::minutes(1));
    house.resolve(&scout, "openai", None).await.unwrap();
    let last = of(&house, &caller, "default").await;
    assert_eq!((last.uses(), last.used_by.len()), (3, 1));
    assert!(last.idle_since() > used.idle_since());
    // What the daemon does last.
    house.services.settle().await;
    house.close().await;
    let house = place.local().await;
    assert_eq!(of(&house, &caller, "default").await, last);
    let seen = house.services.activity.seen(&scout.handle).await.unwrap();
    assert_eq!(seen, Some(last.idle_since()));
    house.close().await;
}

async fn exports_and_looks_at_a_secret_are_uses_and_refusals_are_not(place: Place) {
    let house = place.hosted().await;
    let owner = house.first_admin().await;
    let scout = house.agent_of(&owner, "scout").await;
    let caller = house.caller(&scout).await;
    house.login(&caller, "openai", "work", OPENAI_KEY).await;
    house
        .resolve(&scout, "openai", Some("gone"))
        .await
        .unwrap_err();
    let connections = &house.services.connections;
    let (at, name) = (provider("openai"), connection("work"));
    connections.show(&caller, &at, &name, false).await.unwrap();
    assert_eq!(of(&house, &caller, "work").await.uses(), 0);
    connections.show(&owner, &at, &name, true).await.unwrap();
    let looked = of(&house, &caller, "work").await;
    assert_eq!((looked.uses(), &looked.last().unwrap().by), (1, &None));
    flush(&house).await;
    house.advance(Duration::minutes(1));
    let exported = connections.export(&caller, None, &name, ExportFormat::Env);
    exported.await.unwrap();
    connections.show(&owner, &at, &name, true).await.unwrap();
    flush(&house).await;
    let all = of(&house, &caller, "work").await;
    let mut by: Vec<_> = all
        .used_by
        .iter()
        .map(|one| (one.by.is_some(), one.uses))
        .collect();
    by.sort_unstable();
    assert_eq!(by, [(false, 2), (true, 1)]);
    house.close().await;
}

async fn each_agent_has_uses_and_a_last_sight_of_its_own(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    let keeper = house.local_agent(&place, "keeper").await;
    house.login(&caller, "openai", "work", OPENAI_KEY).await;
    house.login(&caller, "openai", "home", OPENAI_KEY).await;
    flush(&house).await;
    for (agent, name) in [(&scout, "work"), (&keeper, "work"), (&keeper, "home")] {
        house.advance(Duration::minutes(1));
        house.resolve(agent, "openai", Some(name)).await.unwrap();
    }
    let activity = &house.services.activity;
    let names = async |agent: &Agent| -> Vec<ConnectionName> {
        let used = activity.uses_of(&caller, &agent.handle).await.unwrap();
        used.into_iter().map(|one| one.connection).collect()
    };
    assert_eq!(names(&scout).await, [connection("work")]);
    assert_eq!(
        names(&keeper).await,
        [connection("home"), connection("work")]
    );
    let last = of(&house, &caller, "work").await;
    assert_eq!(last.last().unwrap().by.as_ref(), Some(&keeper.handle));
    let handles = [scout.handle.clone(), keeper.handle.clone()];
    let seen = activity.seen_of(&caller.principal, &handles).await.unwrap();
    assert!(seen[&keeper.handle] > seen[&scout.handle]);
    flush(&house).await;
    assert_eq!(
        activity.seen_of(&caller.principal, &[]).await.unwrap(),
        seen
    );
    house.close().await;
}

async fn what_is_removed_and_added_again_starts_anew(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    let (at, name) = (provider("openai"), connection("default"));
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    house.resolve(&scout, "openai", None).await.unwrap();
    flush(&house).await;
    house.resolve(&scout, "openai", None).await.unwrap();
    // Another process that shares the database has not written down what it knows.
    let other = place.local().await;
    other.resolve(&scout, "openai", None).await.unwrap();
    house.advance(Duration::minutes(1));
    let connections = &house.services.connections;
    connections.logout(&caller, &at, &name).await.unwrap();
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    flush(&house).await;
    flush(&other).await;
    for house in [&house, &other] {
        assert_eq!(of(house, &caller, "default").await.uses(), 0);
    }
    // A login that replaces another is the same connection.
    house.resolve(&scout, "openai", None).await.unwrap();
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    assert_eq!(of(&house, &caller, "default").await.uses(), 1);
    other.close().await;
    house.close().await;
}

async fn writing_it_down_does_not_age_what_is_kept_in_memory(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    house.resolve(&scout, "openai", None).await.unwrap();
    let before = house.store.generation();
    flush(&house).await;
    assert_eq!(house.store.generation(), before);
    assert_eq!(before.is_some(), !place.is_postgres());
    house.close().await;
}

async fn nobody_else_is_told(place: Place) {
    let house = place.hosted().await;
    let owner = house.first_admin().await;
    let guest = house.guest(&owner, "guest@example.test").await;
    let scout = house.agent_of(&owner, "scout").await;
    let caller = house.caller(&scout).await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    house.resolve(&scout, "openai", None).await.unwrap();
    let activity = &house.services.activity;
    for written in [false, true] {
        let own = activity.uses_of(&owner, &scout.handle).await.unwrap();
        assert_eq!(own.len(), 1, "written: {written}");
        let theirs = activity.uses_of(&guest, &scout.handle).await.unwrap();
        assert_eq!(theirs, []);
        flush(&house).await;
    }
    house.close().await;
}
