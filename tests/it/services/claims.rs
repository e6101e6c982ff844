//! Claim links: for the holder of the key, for one person, for ten minutes.

use super::house::{Agent, Place, code, on_both, unsigned};
use authsome::crypto::did;
use authsome::model::{ClaimState, ErrorCode};
use authsome::secret::Token;
use time::Duration;

on_both!(
    the_page_shows_whose_key_it_is,
    asking_again_gives_the_same_link_while_it_is_good,
    a_link_put_out_anew_makes_the_former_worthless,
    a_link_ends_after_ten_minutes,
    a_declined_identity_can_ask_again,
    accepting_twice_is_accepting_once,
    only_the_holder_of_the_key_sees_the_link,
);

async fn the_page_shows_whose_key_it_is(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let scout = Agent::new("scout");
    let token = house.claim_token(&scout).await;
    let page = house
        .services
        .identities
        .claim_page(&admin, &token)
        .await
        .unwrap();
    assert_eq!(page.handle, scout.handle);
    assert_eq!(page.fingerprint, scout.key.fingerprint());
    assert_eq!(did::decode(&page.did).unwrap(), scout.key.verifying_key());
    let guess = Token::new("guess");
    let guess = house.services.identities.claim_page(&admin, &guess).await;
    assert_eq!(code(guess), ErrorCode::Gone);
}

async fn asking_again_gives_the_same_link_while_it_is_good(place: Place) {
    let house = place.hosted().await;
    let scout = Agent::new("scout");
    let first = house.claim_token(&scout).await;
    house.advance(Duration::minutes(9));
    assert!(first.matches(house.claim_token(&scout).await.reveal()));
    house.advance(Duration::minutes(2));
    assert!(!first.matches(house.claim_token(&scout).await.reveal()));
}

async fn a_link_put_out_anew_makes_the_former_worthless(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let scout = Agent::new("scout");
    let former = house.claim_token(&scout).await;
    house.close().await;
    // A new process does not know the former link and puts out another.
    let house = place.hosted().await;
    let token = house.claim_token(&scout).await;
    assert!(!former.matches(token.reveal()));
    let identities = &house.services.identities;
    assert_eq!(
        code(identities.accept(&admin, &former).await),
        ErrorCode::Gone
    );
    identities.accept(&admin, &token).await.unwrap();
    house.caller(&scout).await;
}

async fn a_link_ends_after_ten_minutes(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let scout = Agent::new("scout");
    let token = house.claim_token(&scout).await;
    house.advance(Duration::minutes(10));
    let identities = &house.services.identities;
    assert_eq!(
        code(identities.claim_page(&admin, &token).await),
        ErrorCode::Gone
    );
    assert_eq!(
        code(identities.accept(&admin, &token).await),
        ErrorCode::Gone
    );
    assert_eq!(
        code(identities.reject(&admin, &token).await),
        ErrorCode::Gone
    );
    assert_eq!(code(house.try_caller(&scout).await), ErrorCode::Forbidden);
}

async fn a_declined_identity_can_ask_again(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let scout = Agent::new("scout");
    let token = house.claim_token(&scout).await;
    let identities = &house.services.identities;
    identities.reject(&admin, &token).await.unwrap();
    assert_eq!(
        code(identities.accept(&admin, &token).await),
        ErrorCode::Gone
    );
    assert_eq!(code(house.try_caller(&scout).await), ErrorCode::Forbidden);
    let signed = house.sign(&scout, "/identities/scout");
    let status = identities
        .status(&signed.request(), &scout.handle)
        .await
        .unwrap();
    assert!(matches!(status.state, ClaimState::Rejected { .. }));
    let token = house.claim_token(&scout).await;
    identities.accept(&admin, &token).await.unwrap();
    house.caller(&scout).await;
}

async fn accepting_twice_is_accepting_once(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let scout = Agent::new("scout");
    let token = house.claim_token(&scout).await;
    let identities = &house.services.identities;
    identities.accept(&admin, &token).await.unwrap();
    identities.accept(&admin, &token).await.unwrap();
    assert_eq!(house.count("claim.accepted").await, 1);
    assert_eq!(
        code(identities.claim_page(&admin, &token).await),
        ErrorCode::Gone
    );
}

async fn only_the_holder_of_the_key_sees_the_link(place: Place) {
    let house = place.hosted().await;
    let scout = Agent::new("scout");
    house.register(&scout).await.unwrap();
    let identities = &house.services.identities;
    let anonymous = identities
        .status(&unsigned("/identities/scout"), &scout.handle)
        .await;
    assert_eq!(anonymous.unwrap().claim_url, None);
    let signed = house.sign(&scout, "/identities/scout");
    let own = identities
        .status(&signed.request(), &scout.handle)
        .await
        .unwrap();
    assert!(own.claim_url.is_some());
    assert_eq!(
        code(identities.status(&signed.request(), &scout.handle).await),
        ErrorCode::Unauthenticated,
        "the proof was spent"
    );
    let other = Agent::new("other");
    house.register(&other).await.unwrap();
    let signed = house.sign(&other, "/identities/scout");
    let foreign = identities
        .status(&signed.request(), &scout.handle)
        .await
        .unwrap();
    assert_eq!(foreign.claim_url, None);
    let missing = "nobody-here".parse().unwrap();
    let found = identities
        .status(&unsigned("/identities/nobody-here"), &missing)
        .await;
    assert_eq!(code(found), ErrorCode::IdentityNotFound);
}
