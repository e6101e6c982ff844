//! Nobody waits for a token endpoint while a token is good, however short its life.

use super::house::{Place, on_both};
use super::refresh::Story;
use crate::support::oauth_server::{Endpoint, Fault};

on_both!(
    a_slow_provider_holds_nobody_up_while_the_token_is_good,
    no_request_waits_for_a_token_of_five_minutes,
);

async fn a_slow_provider_holds_nobody_up_while_the_token_is_good(place: Place) {
    let story = Story::begin(place).await;
    story.advance(3_400);
    story
        .server()
        .fault(Endpoint::Token, Some(Fault::AnswerHeld));
    assert_eq!(story.number("default").await, 1);
    assert_eq!(story.number("default").await, 1);
    story.server().release();
    story.house.services.settle().await;
    assert_eq!(story.number("default").await, 2);
    assert_eq!(story.refreshes(), 1);
}

async fn no_request_waits_for_a_token_of_five_minutes(place: Place) {
    let story = Story::begin(place).await;
    story.server().expires_in(300);
    let first = story.log_in("short").await;
    assert_eq!(story.get("short").await.unwrap(), first);
    // Rounds of the schedule, a quarter of a minute apart: the one before a request is due renews.
    for _ in 0..15 {
        story.advance(15);
        story.house.services.keep_fresh().await.unwrap();
    }
    assert_eq!(story.refreshes(), 1);
    assert_ne!(story.get("short").await.unwrap(), first);
    // Without a schedule, and with a provider that answers nobody.
    let second = story.log_in("late").await;
    story.advance(250);
    let seen = story.server().seen(Endpoint::Token);
    story
        .server()
        .fault(Endpoint::Token, Some(Fault::AnswerHeld));
    assert_eq!(story.get("late").await.unwrap(), second);
    assert_eq!(story.get("late").await.unwrap(), second);
    story.server().arrived(Endpoint::Token, seen + 1).await;
    story.server().release();
    story.settle().await;
    assert_ne!(story.get("late").await.unwrap(), second);
}
