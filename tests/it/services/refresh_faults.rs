//! Tokens whose provider or whose clock fails for long: nobody is asked too often, whoever wants what.

use super::house::{Place, on_both};
use super::refresh::Story;
use crate::support::oauth_server::{Endpoint, Fault};
use authsome::model::ErrorCode;

on_both!(
    a_provider_that_is_away_for_an_hour_is_asked_twice_a_minute_at_most,
    a_clock_that_jumps_makes_no_storm_of_refreshes,
    a_lease_of_another_time_holds_nobody_up,
);

async fn a_provider_that_is_away_for_an_hour_is_asked_twice_a_minute_at_most(place: Place) {
    let story = Story::begin(place).await;
    story.get("default").await.unwrap();
    story.advance(3_400);
    for fault in [Fault::Status(503), Fault::Reset] {
        story.server().fault(Endpoint::Token, Some(fault.clone()));
        let mut asked: Vec<i64> = Vec::new();
        for second in (0..3_600).step_by(10) {
            let before = story.server().seen(Endpoint::Token);
            // By the request that needs it, by an upstream's 401, and by the schedule.
            drop(story.get("default").await);
            drop(story.again("acme").await);
            story.tick().await;
            let calls = story.server().seen(Endpoint::Token) - before;
            asked.extend(std::iter::repeat_n(second, calls));
            story.advance(10);
        }
        assert!((2..=20).contains(&asked.len()), "{fault:?}: {asked:?}");
        let apart = asked.windows(2).all(|pair| pair[1] - pair[0] >= 30);
        assert!(apart, "{fault:?}: {asked:?}");
    }
    // It comes back, and within the longest pause so does the token.
    story.server().fault(Endpoint::Token, None);
    story.advance(20 * 60);
    let token = story.get("default").await.unwrap();
    assert!(story.server().living(&token).is_some());
}

async fn a_clock_that_jumps_makes_no_storm_of_refreshes(place: Place) {
    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;
    let story = Story::begin(place).await;
    // To and fro, an hour and a day.
    for jump in [HOUR, -HOUR, DAY, -DAY, -HOUR, HOUR, -DAY, DAY] {
        story.advance(jump);
        let before = story.refreshes();
        for _ in 0..20 {
            let token = story.get("default").await.unwrap();
            assert!(story.server().living(&token).is_some(), "{jump}");
            story.tick().await;
        }
        let refreshes = story.refreshes() - before;
        assert!(refreshes <= 1, "{jump}: {refreshes}");
    }
    let calls = story.server().token_calls();
    assert!(calls.iter().all(|call| call.ok), "{calls:?}");
    assert!(story.refreshes() <= 5, "{}", story.refreshes());
}

async fn a_lease_of_another_time_holds_nobody_up(place: Place) {
    let story = Story::begin(place).await;
    story.advance(3_601);
    story
        .server()
        .fault(Endpoint::Token, Some(Fault::Status(503)));
    let refused = story.get("default").await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RefreshFailed);
    assert!(refused.message().contains("HTTP 503"), "{refused}");
    story.server().fault(Endpoint::Token, None);
    // The pause was until a time that is a day away from now on.
    story.advance(-24 * 3_600);
    let token = story.get("default").await.unwrap();
    assert!(story.server().living(&token).is_some());
    story.advance(25 * 3_600);
    let token = story.get("default").await.unwrap();
    assert!(story.server().living(&token).is_some());
    assert!(story.refreshes() <= 2);
}
