//! Registering, proving, revoking, and the way in at home.

use super::house::{Agent, HOSTED_URL, House, LOCAL_URL, Place, code, on_both, unsigned};
use authsome::model::{ClaimState, ErrorCode, Role};
use authsome::secret::Token;
use time::Duration;

on_both!(
    the_same_pair_registers_again_and_another_key_does_not,
    a_registration_proof_works_once,
    a_verified_caller_is_who_claimed_the_identity,
    a_proof_for_another_daemon_or_path_is_refused,
    a_proof_of_nobody_writes_nothing,
    a_replayed_proof_is_refused_and_told_once_a_minute,
    a_replay_is_told_wherever_a_proof_is_spent,
    a_spent_proof_stays_spent_after_a_restart,
    an_unclaimed_identity_is_nobodys_agent,
    whoever_reads_the_homes_secret_is_its_administrator,
    the_homes_secret_is_nothing_to_a_hosted_daemon,
    a_revoked_identity_cannot_bind_itself_again,
    unsigned_registration_is_for_home_alone,
    those_nobody_claims_are_bounded_and_forgotten,
);

async fn the_same_pair_registers_again_and_another_key_does_not(place: Place) {
    let house = place.hosted().await;
    let scout = Agent::new("scout");
    house.register(&scout).await.unwrap();
    house.register(&scout).await.unwrap();
    assert_eq!(house.count("identity.registered").await, 1);
    let squatter = Agent::new("scout");
    assert_eq!(
        code(house.register(&squatter).await),
        ErrorCode::IdentityRegistration
    );
    let renamed = Agent {
        handle: "other".parse().unwrap(),
        key: scout.key,
    };
    let refused = house.register(&renamed).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::IdentityRegistration);
    assert!(refused.message().contains("scout"), "{refused}");
    assert_eq!(
        house
            .store
            .read()
            .await
            .unwrap()
            .count_identities()
            .await
            .unwrap(),
        1
    );
}

async fn a_registration_proof_works_once(place: Place) {
    let house = place.hosted().await;
    let scout = Agent::new("scout");
    let signed = house.sign(&scout, "/identities/register");
    let identities = &house.services.identities;
    let request = signed.request();
    let register = || identities.register(&request, scout.handle.clone(), scout.key.did());
    register().await.unwrap();
    assert_eq!(code(register().await), ErrorCode::Unauthenticated);
}

async fn a_verified_caller_is_who_claimed_the_identity(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let scout = house.agent_of(&guest, "scout").await;
    let caller = house.caller(&scout).await;
    assert_eq!(caller.principal, guest.principal);
    assert_eq!(caller.vault, guest.vault);
    assert_eq!(caller.role, Role::User);
}

async fn a_proof_for_another_daemon_or_path_is_refused(place: Place) {
    let house = place.local().await;
    let scout = house.local_agent(&place, "scout").await;
    let identities = &house.services.identities;
    let relayed = house.sign_for(&scout, HOSTED_URL, "/x");
    assert_eq!(
        code(identities.authenticate(&relayed.request()).await),
        ErrorCode::Unauthenticated
    );
    let signed = house.sign_for(&scout, LOCAL_URL, "/x");
    for path in ["/y", "/x?", "/x/", "//x"] {
        let mut request = signed.request();
        request.path_and_query = path;
        assert_eq!(
            code(identities.authenticate(&request).await),
            ErrorCode::Unauthenticated
        );
    }
    let mut request = signed.request();
    request.method = "GET";
    assert_eq!(
        code(identities.authenticate(&request).await),
        ErrorCode::Unauthenticated
    );
    let mut request = signed.request();
    request.body_sha256[0] ^= 1;
    assert_eq!(
        code(identities.authenticate(&request).await),
        ErrorCode::Unauthenticated
    );
    identities.authenticate(&signed.request()).await.unwrap();
}

async fn a_proof_of_nobody_writes_nothing(place: Place) {
    let house = place.local().await;
    let before = house.events().await.len();
    let stranger = Agent::new("stranger");
    let signed = house.sign(&stranger, "/x");
    let identities = &house.services.identities;
    assert_eq!(
        code(identities.recognize(&signed.proof).await),
        ErrorCode::Unauthenticated
    );
    for text in ["", "x", "a.b.c", &"x".repeat(100_000)] {
        assert_eq!(
            code(identities.recognize(text).await),
            ErrorCode::Unauthenticated
        );
    }
    assert_eq!(
        code(house.authenticate(&stranger).await),
        ErrorCode::Unauthenticated
    );
    assert_eq!(
        code(identities.authenticate(&unsigned("/x")).await),
        ErrorCode::Unauthenticated
    );
    assert_eq!(house.events().await.len(), before);
}

async fn a_replayed_proof_is_refused_and_told_once_a_minute(place: Place) {
    let house = place.local().await;
    let scout = house.local_agent(&place, "scout").await;
    let signed = house.sign(&scout, "/x");
    let identities = &house.services.identities;
    let use_it = || async {
        let unspent = identities.authenticate(&signed.request()).await?;
        identities.spend(unspent).await
    };
    use_it().await.unwrap();
    for _ in 0..3 {
        assert_eq!(code(use_it().await), ErrorCode::Unauthenticated);
    }
    assert_eq!(house.count("proof.refused").await, 1);
}

async fn a_spent_proof_stays_spent_after_a_restart(place: Place) {
    let house = place.local().await;
    let scout = house.local_agent(&place, "scout").await;
    let signed = house.sign(&scout, "/x");
    let unspent = house
        .services
        .identities
        .authenticate(&signed.request())
        .await;
    house
        .services
        .identities
        .spend(unspent.unwrap())
        .await
        .unwrap();
    house.close().await;
    let house = place.local().await;
    let identities = &house.services.identities;
    let unspent = identities.authenticate(&signed.request()).await.unwrap();
    assert_eq!(
        code(identities.spend(unspent).await),
        ErrorCode::Unauthenticated
    );
}

async fn an_unclaimed_identity_is_nobodys_agent(place: Place) {
    let house = place.hosted().await;
    let scout = Agent::new("scout");
    house.register(&scout).await.unwrap();
    let refused = house.try_caller(&scout).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Forbidden);
    assert!(refused.next_step().is_some());
}

async fn whoever_reads_the_homes_secret_is_its_administrator(place: Place) {
    let house = place.local().await;
    let scout = house.local_agent(&place, "scout").await;
    assert!(house.caller(&scout).await.is_admin());
    let second = Agent::new("second");
    house.register(&second).await.unwrap();
    let used = place.bind_secret();
    let identities = &house.services.identities;
    let bind = async |agent: &Agent, secret: &Token| {
        let signed = house.sign(agent, "/bind");
        identities
            .bind_local(&signed.request(), &agent.handle, secret)
            .await
    };
    assert_eq!(
        code(bind(&second, &Token::new("guess")).await),
        ErrorCode::Unauthenticated
    );
    assert_eq!(code(house.try_caller(&second).await), ErrorCode::Forbidden);
    let bound = bind(&second, &used).await.unwrap();
    assert!(matches!(bound.state, ClaimState::Accepted { .. }));
    assert_eq!(code(bind(&second, &used).await), ErrorCode::Unauthenticated);
    // The same again, with the next secret, changes nothing.
    bind(&second, &place.bind_secret()).await.unwrap();
    assert_eq!(house.count("claim.accepted").await, 2);
    // The secret does not make up for the key.
    let thief = Agent::new("second");
    assert_eq!(
        code(bind(&thief, &place.bind_secret()).await),
        ErrorCode::Unauthenticated
    );
}

async fn the_homes_secret_is_nothing_to_a_hosted_daemon(place: Place) {
    place.local().await.close().await;
    let secret = place.bind_secret();
    let house = place.hosted().await;
    let scout = Agent::new("scout");
    house.register(&scout).await.unwrap();
    let signed = house.sign(&scout, "/bind");
    let identities = &house.services.identities;
    let bound = identities
        .bind_local(&signed.request(), &scout.handle, &secret)
        .await;
    assert_eq!(code(bound), ErrorCode::Forbidden);
}

async fn a_revoked_identity_cannot_bind_itself_again(place: Place) {
    let house = place.local().await;
    let boss = house.local_agent(&place, "boss").await;
    let scout = house.local_agent(&place, "scout").await;
    let caller = house.caller(&boss).await;
    let identities = &house.services.identities;
    identities.revoke(&caller, &scout.handle).await.unwrap();
    let signed = house.sign(&scout, "/bind");
    let again = identities
        .bind_local(&signed.request(), &scout.handle, &place.bind_secret())
        .await;
    assert_eq!(code(again), ErrorCode::Forbidden);
    let status = house.register(&scout).await.unwrap();
    assert!(matches!(status.state, ClaimState::Revoked { .. }));
    assert_eq!(status.claim_url, None);
    assert_eq!(code(house.try_caller(&scout).await), ErrorCode::Forbidden);
}

async fn unsigned_registration_is_for_home_alone(place: Place) {
    let house = place.hosted().await;
    let scout = Agent::new("scout");
    let identities = &house.services.identities;
    let request = unsigned("/identities/register");
    let asked = identities.register(&request, scout.handle.clone(), scout.key.did());
    assert_eq!(code(asked.await), ErrorCode::Unauthenticated);
    house.close().await;
    let house = place.local().await;
    let identities = &house.services.identities;
    let asked = identities.register(&request, scout.handle.clone(), scout.key.did());
    let status = asked.await.unwrap();
    assert!(status.claim_url.unwrap().starts_with(LOCAL_URL));
    house.advance(Duration::minutes(11));
    let status = identities.status(&request, &scout.handle).await.unwrap();
    assert_eq!(
        (status.state, status.claim_url),
        (ClaimState::Required, None)
    );
}

async fn those_nobody_claims_are_bounded_and_forgotten(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let claimed = house.agent_of(&admin, "kept").await;
    for number in 0..1_000 {
        house
            .register(&Agent::new(&format!("stray-{number}")))
            .await
            .unwrap();
    }
    let late = Agent::new("late");
    let refused = house.register(&late).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TooManyRequests);
    assert!(refused.come_back_after().is_some());
    // One that is known already is no newcomer.
    house.register(&claimed).await.unwrap();
    house.advance(Duration::minutes(61));
    house.register(&late).await.unwrap();
    assert_eq!(count(&house).await, 2);
    house.advance(Duration::hours(25));
    house.services.tick().await.unwrap();
    assert_eq!(count(&house).await, 1);
    house.register(&claimed).await.unwrap();
}

async fn count(house: &House) -> i64 {
    let mut reader = house.store.read().await.unwrap();
    reader.count_identities().await.unwrap()
}

async fn a_replay_is_told_wherever_a_proof_is_spent(place: Place) {
    let house = place.local().await;
    let identities = &house.services.identities;
    let replays = async || {
        let all = house.audit().await;
        let replays = all
            .iter()
            .filter(|r| r.event.event.as_str() == "proof.refused");
        let named = replays.map(|r| r.event.identity.as_ref().unwrap().as_str().to_owned());
        named.collect::<Vec<_>>()
    };
    let registering = Agent::new("registering");
    let signed = house.sign(&registering, "/identities/register");
    for _ in 0..2 {
        let (handle, did) = (registering.handle.clone(), registering.key.did());
        drop(identities.register(&signed.request(), handle, did).await);
    }
    assert_eq!(replays().await, ["registering"]);

    let asking = Agent::new("asking");
    house.register(&asking).await.unwrap();
    let signed = house.sign(&asking, "/identities/asking");
    for _ in 0..2 {
        drop(identities.status(&signed.request(), &asking.handle).await);
    }
    assert_eq!(replays().await, ["registering", "asking"]);

    let binding = Agent::new("binding");
    house.register(&binding).await.unwrap();
    let signed = house.sign(&binding, "/bind");
    for _ in 0..2 {
        let secret = place.bind_secret();
        let request = signed.request();
        drop(
            identities
                .bind_local(&request, &binding.handle, &secret)
                .await,
        );
    }
    assert_eq!(replays().await, ["registering", "asking", "binding"]);
}
