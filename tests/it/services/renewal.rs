//! A person asks for a new token, whatever the old one is worth.

use super::house::{OPENAI_KEY, Place, code, connection, on_both, provider};
use super::refresh::Story;
use crate::support::oauth_server::{Endpoint, Fault};
use authsome::model::{ErrorCode, SignedIn};
use authsome::services::{Error, Renewal};

on_both!(
    a_good_token_is_renewed_for_who_asks_and_once,
    what_goes_wrong_is_told_although_the_token_is_good,
    a_key_and_the_connection_of_another_are_not_renewed,
);

/// The person whose agent the story is about.
fn person(story: &Story) -> SignedIn {
    SignedIn {
        principal: story.caller.principal.clone(),
        email: None,
        vault: story.caller.vault.clone(),
        role: story.caller.role,
    }
}

async fn renew(story: &Story, person: &SignedIn, at: &str) -> Result<Renewal, Error> {
    let connections = &story.house.services.connections;
    connections
        .renew(person, &provider(at), &connection("default"))
        .await
}

async fn a_good_token_is_renewed_for_who_asks_and_once(place: Place) {
    let story = Story::begin(place).await;
    let ada = person(&story);
    let old = story.get("default").await.unwrap();
    assert_eq!(renew(&story, &ada, "acme").await.unwrap(), Renewal::Renewed);
    let new = story.get("default").await.unwrap();
    assert_ne!(new, old);
    // Pressing the button again and again asks nobody.
    assert_eq!(renew(&story, &ada, "acme").await.unwrap(), Renewal::JustNow);
    assert_eq!(story.refreshes(), 1);
    story.advance(31);
    assert_eq!(renew(&story, &ada, "acme").await.unwrap(), Renewal::Renewed);
    assert_eq!(story.house.count("credential.refreshed").await, 2);
}

async fn what_goes_wrong_is_told_although_the_token_is_good(place: Place) {
    let story = Story::begin(place).await;
    let ada = person(&story);
    let old = story.get("default").await.unwrap();
    let server = story.server();
    server.fault(Endpoint::Token, Some(Fault::Status(503)));
    for _ in 0..2 {
        let refused = renew(&story, &ada, "acme").await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::RefreshFailed);
        assert!(refused.message().contains("HTTP 503"), "{refused}");
        assert!(!refused.message().contains("has ended"), "{refused}");
    }
    assert_eq!(server.seen(Endpoint::Token), 2, "one login, one try");
    assert_eq!(story.get("default").await.unwrap(), old);
    let connections = &story.house.services.connections;
    let troubles = connections.troubles(&ada).await.unwrap();
    let listed = connections.list(&ada).await.unwrap();
    let trouble = troubles.of(&listed[0].connections[0]).unwrap();
    assert!(trouble.reason.contains("HTTP 503"), "{trouble:?}");
    assert!(trouble.again_at.is_some());
    // A person who knows that it is back need not wait for the pause to end.
    server.fault(Endpoint::Token, None);
    story.advance(31);
    assert_eq!(renew(&story, &ada, "acme").await.unwrap(), Renewal::Renewed);
    let troubles = connections.troubles(&ada).await.unwrap();
    let listed = connections.list(&ada).await.unwrap();
    assert!(troubles.of(&listed[0].connections[0]).is_none());
    // What the provider has ended is ended for everybody.
    server.revoke_refresh_tokens();
    story.advance(31);
    let refused = renew(&story, &ada, "acme").await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TokenExpired);
    assert!(refused.message().contains("invalid_grant"), "{refused}");
}

async fn a_key_and_the_connection_of_another_are_not_renewed(place: Place) {
    let story = Story::begin(place).await;
    let ada = person(&story);
    let house = &story.house;
    house
        .login(&story.caller, "openai", "default", OPENAI_KEY)
        .await;
    let refused = renew(&story, &ada, "openai").await;
    assert_eq!(code(refused), ErrorCode::OperationNotAllowed);
    let stranger = SignedIn {
        vault: "vault_of_another".parse().unwrap(),
        ..ada
    };
    let refused = renew(&story, &stranger, "acme").await;
    assert_eq!(code(refused), ErrorCode::ConnectionNotFound);
    assert_eq!(story.refreshes(), 0);
}
