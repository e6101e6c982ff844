//! Row 6: guessing passwords. Defence: back-off per account and per address, kept in the store, and
//! never for good. 20 wrong tries meet a 429; the owner gets in later.

use crate::services::house::{House, PASSWORD, Place, code, on_both, somewhere};
use crate::support::daemon::TestDaemon;
use authsome::model::ErrorCode;
use authsome::secret::Password;
use std::net::{IpAddr, Ipv4Addr};
use time::Duration;

on_both!(
    twenty_wrong_passwords_meet_a_wait_and_the_owner_gets_in_later,
    the_wait_survives_a_restart,
    many_tries_at_once_do_not_slip_past_the_count,
    one_address_that_tries_many_accounts_has_to_wait_too,
    a_person_who_mistypes_a_few_times_notices_nothing,
);

async fn wrong(house: &House, email: &str, from: IpAddr) -> ErrorCode {
    let accounts = &house.services.accounts;
    code(
        accounts
            .sign_in(email, Password::new("wrong"), from, None)
            .await,
    )
}

async fn twenty_wrong_passwords_meet_a_wait_and_the_owner_gets_in_later(place: Place) {
    let house = place.local().await;
    house.sign_up("owner@example.test", None).await.unwrap();
    house.sign_up("other@example.test", None).await.unwrap();
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(wrong(&house, "owner@example.test", somewhere()).await);
    }
    assert_eq!(answers[0], ErrorCode::AuthenticationFailed);
    assert_eq!(answers[19], ErrorCode::TooManyRequests);
    let right = house
        .sign_in("owner@example.test", PASSWORD)
        .await
        .unwrap_err();
    assert_eq!(right.code(), ErrorCode::TooManyRequests);
    let wait = right.come_back_after().unwrap();
    assert!(wait <= std::time::Duration::from_mins(5), "{wait:?}");
    house.sign_in("other@example.test", PASSWORD).await.unwrap();
    house.advance(Duration::try_from(wait).unwrap());
    house.sign_in("owner@example.test", PASSWORD).await.unwrap();
    house.sign_in("owner@example.test", PASSWORD).await.unwrap();
}

async fn the_wait_survives_a_restart(place: Place) {
    let house = place.local().await;
    house.sign_up("owner@example.test", None).await.unwrap();
    for _ in 0..20 {
        wrong(&house, "owner@example.test", somewhere()).await;
    }
    house.close().await;
    let house = place.local().await;
    let refused = house.sign_in("owner@example.test", PASSWORD).await;
    assert_eq!(code(refused), ErrorCode::TooManyRequests);
    house.advance(Duration::minutes(5));
    house.sign_in("owner@example.test", PASSWORD).await.unwrap();
}

async fn many_tries_at_once_do_not_slip_past_the_count(place: Place) {
    let house = place.local().await;
    house.sign_up("owner@example.test", None).await.unwrap();
    let tries = (0..40).map(|_| wrong(&house, "owner@example.test", somewhere()));
    let answers = futures_util::future::join_all(tries).await;
    let looked_at = answers
        .iter()
        .filter(|answer| **answer == ErrorCode::AuthenticationFailed)
        .count();
    assert!(looked_at <= 10, "{looked_at} passwords were looked at");
}

async fn one_address_that_tries_many_accounts_has_to_wait_too(place: Place) {
    let house = place.local().await;
    house.sign_up("owner@example.test", None).await.unwrap();
    let mut last = ErrorCode::AuthenticationFailed;
    for number in 0..80 {
        last = wrong(&house, &format!("victim{number}@example.test"), somewhere()).await;
    }
    assert_eq!(last, ErrorCode::TooManyRequests);
    let elsewhere: std::net::IpAddr = Ipv4Addr::new(198, 51, 100, 9).into();
    let accounts = &house.services.accounts;
    let password = Password::new(PASSWORD);
    let owner = accounts.sign_in("owner@example.test", password, elsewhere, None);
    owner.await.unwrap();
    house.advance(Duration::seconds(30));
    house.sign_in("owner@example.test", PASSWORD).await.unwrap();
}

async fn a_person_who_mistypes_a_few_times_notices_nothing(place: Place) {
    let house = place.local().await;
    house.sign_up("owner@example.test", None).await.unwrap();
    for _ in 0..5 {
        for _ in 0..8 {
            let answer = wrong(&house, "owner@example.test", somewhere()).await;
            assert_eq!(answer, ErrorCode::AuthenticationFailed);
        }
        house.sign_in("owner@example.test", PASSWORD).await.unwrap();
    }
}

#[test]
fn over_http_the_wait_is_a_429_that_says_how_long() {
    let daemon = TestDaemon::start();
    let mut browser = daemon.browser();
    let page = browser.open("/auth/register").expect(200);
    let owner = [("email", "owner@example.test"), ("password", PASSWORD)];
    browser.submit(&page, "/auth/register", &owner).expect(303);
    let mut guesser = daemon.browser();
    let page = guesser.open("/auth/login").expect(200);
    let guess = [("email", "owner@example.test"), ("password", "wrong")];
    let answers: Vec<_> = (0..20)
        .map(|_| guesser.submit(&page, "/auth/login", &guess))
        .collect();
    assert_eq!(answers[0].status, 400);
    let last = answers[19].clone().expect(429);
    let wait: u64 = last.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    // Nor does the right password help in the meantime; who is signed in stays so.
    guesser.submit(&page, "/auth/login", &owner).expect(429);
    browser.open("/ui/").expect(200);
}
