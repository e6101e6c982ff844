//! Row 26: a provider is polled for a device as slowly as it says, and not after its code ran out. What
//! counts is when the polls came, by the provider's own clock.

use crate::logins::device::{by_device, known, over};
use crate::support::http::PATIENCE;
use crate::support::oauth_home::OAuthHome;
use crate::support::oauth_server::{Endpoint, Fault};
use std::time::{Duration, Instant};

/// When the polls of devices came.
fn polls(home: &OAuthHome) -> Vec<Instant> {
    let calls = home.server.token_calls();
    let is_poll = |grant: &str| grant.ends_with(":device_code");
    calls
        .iter()
        .filter(|call| is_poll(&call.grant))
        .map(|call| call.at)
        .collect()
}

#[track_caller]
fn apart(polls: &[Instant], least: Duration) {
    for pair in polls.windows(2) {
        assert!(pair[1] - pair[0] >= least, "{polls:?}");
    }
}

#[test]
fn polls_are_an_interval_apart_and_the_first_waits_too() {
    let (home, agent) = known("scout");
    home.server.device_interval(Duration::from_secs(2));
    let begun = Instant::now();
    let login = by_device(&agent);
    home.server.wait_for(Endpoint::Token, 1 + 3);
    home.server
        .approve_device(login["user_code"].as_str().unwrap());
    assert_eq!(over(&agent, &login)["status"], "completed");
    let polls = polls(&home);
    assert!(polls[0] - begun >= Duration::from_secs(2), "{polls:?}");
    apart(&polls, Duration::from_secs(2));
}

#[test]
fn slow_down_adds_five_seconds_for_good() {
    let (home, agent) = known("scout");
    home.server.slow_down(1);
    let login = by_device(&agent);
    // Not merely there but answered: one that is about to be would see the approval.
    let deadline = Instant::now() + PATIENCE;
    while polls(&home).len() < 2 {
        assert!(Instant::now() < deadline, "{:?}", polls(&home));
        std::thread::yield_now();
    }
    home.server
        .approve_device(login["user_code"].as_str().unwrap());
    assert_eq!(over(&agent, &login)["status"], "completed");
    let polls = polls(&home);
    // One second between polls until told to slow down by five.
    assert!(polls.len() >= 3, "{polls:?}");
    apart(&polls, Duration::from_secs(6));
}

#[test]
fn a_provider_that_breaks_is_polled_more_slowly_too() {
    let (home, agent) = known("scout");
    home.server.fault(Endpoint::Token, Some(Fault::Reset));
    let login = by_device(&agent);
    home.server.wait_for(Endpoint::Token, 1 + 1);
    let broken = Instant::now();
    home.server.fault(Endpoint::Token, None);
    home.server
        .approve_device(login["user_code"].as_str().unwrap());
    assert_eq!(over(&agent, &login)["status"], "completed");
    // Less a little: the provider's thread told us of the first one.
    assert!(polls(&home)[0] - broken >= Duration::from_secs(5));
}

#[test]
fn nobody_polls_for_a_code_that_ran_out() {
    let (home, agent) = known("scout");
    // The provider would go on and on: it is the daemon that ends it.
    home.server.device_answer("expires_in", 3);
    let begun = Instant::now();
    let login = by_device(&agent);
    let ended = over(&agent, &login);
    assert_eq!(ended["status"], "failed", "{ended}");
    assert!(
        ended["error"].as_str().unwrap().contains("in time"),
        "{ended}"
    );
    let seen = home.server.seen(Endpoint::Token);
    let polls = polls(&home);
    assert!(!polls.is_empty());
    apart(&polls, Duration::from_secs(1));
    let least = Duration::from_secs(3);
    assert!(begun.elapsed() >= least, "it has the time it was given");
    // Typed too late, it is worth nothing to us, and nobody asks.
    home.server
        .approve_device(login["user_code"].as_str().unwrap());
    let next = by_device(&agent);
    home.server.wait_for(Endpoint::Token, seen + 1);
    home.server
        .approve_device(next["user_code"].as_str().unwrap());
    assert_eq!(over(&agent, &login)["status"], "failed");
}

#[test]
fn a_life_without_sense_does_not_end_a_login() {
    let (home, agent) = known("scout");
    for life in [0_u64, u64::MAX] {
        home.server.device_answer("expires_in", life);
        let login = crate::support::oauth_home::begin(
            &agent,
            &serde_json::json!({"flow": "device_code", "connection": format!("c{life}")}),
        );
        home.server
            .approve_device(login["user_code"].as_str().unwrap());
        assert_eq!(over(&agent, &login)["status"], "completed", "{life}");
    }
}
