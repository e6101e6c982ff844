//! Row 46: a stale credential. Defence: whatever takes a credential back reaches the next request,
//! through every cache.

use crate::services::house::{House, OPENAI_KEY, Place, code, connection, on_both, provider};
use authsome::model::{Caller, ErrorCode};

on_both!(whatever_takes_a_credential_back_is_felt_by_the_next_request);

async fn whatever_takes_a_credential_back_is_felt_by_the_next_request(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let owner = house.guest(&admin, "owner@example.test").await;
    let scout = house.agent_of(&owner, "scout").await;
    let caller = house.caller(&scout).await;
    let (openai, default) = (provider("openai"), connection("default"));
    let log_in = async |house: &House, caller: &Caller| {
        house.login(caller, "openai", "default", OPENAI_KEY).await;
        // Twice, so that the second answer comes from whatever is kept.
        for _ in 0..2 {
            assert_eq!(
                house.resolve(&scout, "openai", None).await.unwrap(),
                OPENAI_KEY
            );
        }
    };
    let connections = &house.services.connections;
    let providers = &house.services.providers;
    let accounts = &house.services.accounts;

    log_in(&house, &caller).await;
    connections
        .logout(&caller, &openai, &default)
        .await
        .unwrap();
    assert_eq!(
        code(house.resolve(&scout, "openai", None).await),
        ErrorCode::CredentialMissing
    );

    log_in(&house, &caller).await;
    connections.revoke_provider(&admin, &openai).await.unwrap();
    assert_eq!(
        code(house.resolve(&scout, "openai", None).await),
        ErrorCode::CredentialMissing
    );

    log_in(&house, &caller).await;
    providers.remove(&admin, &openai).await.unwrap();
    assert_eq!(
        code(house.resolve(&scout, "openai", None).await),
        ErrorCode::CredentialMissing
    );

    log_in(&house, &caller).await;
    accounts.disable(&admin, &owner.principal).await.unwrap();
    assert_eq!(
        code(house.resolve(&scout, "openai", None).await),
        ErrorCode::Forbidden
    );
}
