//! Tokens that have ended and that their provider does not renew: what is told, and what helps.

use super::house::{Place, on_both};
use super::refresh::Story;
use crate::support::oauth_server::{Endpoint, Fault};
use authsome::model::ErrorCode;

on_both!(
    a_token_that_ended_while_its_provider_is_away_is_refused_with_the_reason,
    what_the_provider_has_ended_needs_a_login,
    a_client_that_is_not_known_any_more_needs_another_one,
);

async fn a_token_that_ended_while_its_provider_is_away_is_refused_with_the_reason(place: Place) {
    let story = Story::begin(place).await;
    story.advance(3_601);
    story
        .server()
        .fault(Endpoint::Token, Some(Fault::Status(503)));
    for _ in 0..2 {
        let refused = story.get("default").await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::RefreshFailed);
        assert!(refused.message().contains("HTTP 503"), "{refused}");
        assert!(refused.message().contains("`acme`"), "{refused}");
        assert!(refused.come_back_after().unwrap().as_secs() >= 30);
        assert!(refused.next_step().unwrap().contains("authsome login acme"));
    }
    assert_eq!(story.status().await, "connected");
    story.server().fault(Endpoint::Token, None);
    story.advance(60);
    assert_eq!(story.number("default").await, 2);
}

async fn what_the_provider_has_ended_needs_a_login(place: Place) {
    let story = Story::begin(place).await;
    story.server().revoke_refresh_tokens();
    story.advance(4_000);
    let refused = story.get("default").await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TokenExpired);
    assert!(refused.message().contains("invalid_grant"), "{refused}");
    assert!(refused.next_step().unwrap().contains("authsome login acme"));
    assert_eq!(story.status().await, "expired");
    story.advance(10_000);
    story.tick().await;
    // Whoever comes later, or after a refresh in the background, hears the same.
    let refused = story.get("default").await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TokenExpired);
    assert!(refused.message().contains("invalid_grant"), "{refused}");
    assert_eq!(story.refreshes(), 1);
    assert_eq!(story.house.count("credential.refresh_failed").await, 1);
    let tokens = story.at.log_in().await;
    story.put("default", tokens, 50).await;
    assert_eq!(story.number("default").await, 2);
    assert_eq!(story.status().await, "connected");
}

async fn a_client_that_is_not_known_any_more_needs_another_one(place: Place) {
    let story = Story::begin(place).await;
    story.server().forget_clients();
    story.advance(4_000);
    for _ in 0..2 {
        let refused = story.get("default").await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::RefreshFailed);
        assert!(refused.message().contains("invalid_client"), "{refused}");
        assert!(
            refused.next_step().unwrap().contains("--new-client"),
            "{refused:?}"
        );
    }
}
