//! Row 18: an identity that was revoked. Defence: no stale ownership; the very next request is a 403,
//! at this replica and at every other.

use crate::services::house::{OPENAI_KEY, Place, code, connection, on_both, provider};
use authsome::model::ErrorCode;

on_both!(
    the_next_request_of_a_revoked_identity_is_refused,
    only_the_owner_or_an_administrator_revokes,
);

async fn the_next_request_of_a_revoked_identity_is_refused(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let owner = house.guest(&admin, "owner@example.test").await;
    let scout = house.agent_of(&owner, "scout").await;
    let caller = house.caller(&scout).await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    house.resolve(&scout, "openai", None).await.unwrap();
    // SQLite has one daemon; on PostgreSQL another replica has answered for the identity, too.
    let replica = if place.is_postgres() {
        let replica = place.hosted().await;
        replica.resolve(&scout, "openai", None).await.unwrap();
        Some(replica)
    } else {
        None
    };
    let identities = &house.services.identities;
    identities.revoke(&owner, &scout.handle).await.unwrap();
    for house in [Some(&house), replica.as_ref()].into_iter().flatten() {
        assert_eq!(
            code(house.resolve(&scout, "openai", None).await),
            ErrorCode::Forbidden
        );
        assert_eq!(code(house.try_caller(&scout).await), ErrorCode::Forbidden);
    }
    assert_eq!(house.count("identity.revoked").await, 1);
    // What the identity logged in to stays its owner's.
    let connections = &house.services.connections;
    let (openai, default) = (provider("openai"), connection("default"));
    connections
        .show(&owner, &openai, &default, false)
        .await
        .unwrap();
    assert_eq!(
        code(identities.revoke(&owner, &scout.handle).await),
        ErrorCode::IdentityNotFound
    );
}

async fn only_the_owner_or_an_administrator_revokes(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let owner = house.guest(&admin, "owner@example.test").await;
    let other = house.guest(&admin, "other@example.test").await;
    let scout = house.agent_of(&owner, "scout").await;
    let identities = &house.services.identities;
    let refused = identities.revoke(&other, &scout.handle).await;
    assert_eq!(
        code(refused),
        ErrorCode::IdentityNotFound,
        "as if it did not exist"
    );
    house.caller(&scout).await;
    identities.revoke(&admin, &scout.handle).await.unwrap();
    assert_eq!(code(house.try_caller(&scout).await), ErrorCode::Forbidden);
}
