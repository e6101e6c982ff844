//! Row 7: finding out who has an account, and flooding with password hashes. Defence: the same
//! steps and answers for known and unknown accounts, and few hashes at once.

use crate::services::house::{PASSWORD, Place, on_both};
use crate::support::daemon::TestDaemon;
use authsome::model::ErrorCode;

on_both!(
    an_unknown_account_answers_as_a_wrong_password_does,
    a_flood_of_sign_ins_is_answered_and_over,
);

async fn an_unknown_account_answers_as_a_wrong_password_does(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "disabled@example.test").await;
    let accounts = &house.services.accounts;
    accounts.disable(&admin, &guest.principal).await.unwrap();
    let mut answers = Vec::new();
    for (email, password) in [
        ("admin@example.test", "wrong password"),
        ("nobody@example.test", "wrong password"),
        ("disabled@example.test", PASSWORD),
        ("not an address", "wrong password"),
        ("", ""),
        ("admin@example.test", &"x".repeat(100_000)),
    ] {
        let refused = house.sign_in(email, password).await.unwrap_err();
        let hint = refused.next_step().map(str::to_owned);
        answers.push((refused.code(), refused.message().to_owned(), hint));
    }
    let first = answers[0].clone();
    assert_eq!(first.0, ErrorCode::AuthenticationFailed);
    assert!(
        answers.iter().all(|answer| *answer == first),
        "{answers:#?}"
    );
}

async fn a_flood_of_sign_ins_is_answered_and_over(place: Place) {
    let house = place.local().await;
    house.sign_up("owner@example.test", None).await.unwrap();
    let emails: Vec<String> = (0..50).map(|n| format!("flood{n}@example.test")).collect();
    let flood = emails.iter().map(|email| house.sign_in(email, "guess"));
    for answer in futures_util::future::join_all(flood).await {
        let code = answer.unwrap_err().code();
        assert!(matches!(
            code,
            ErrorCode::AuthenticationFailed | ErrorCode::TooManyRequests
        ));
    }
    house.advance(time::Duration::minutes(1));
    house.sign_in("owner@example.test", PASSWORD).await.unwrap();
}

/// Each hash takes 64 MiB or so while it is made: 200 at once would be 12 GiB.
#[test]
fn two_hundred_sign_ins_at_once_keep_within_half_a_gibibyte() {
    let daemon = TestDaemon::start();
    let mut browser = daemon.browser();
    let page = browser.open("/auth/login").expect(200);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..200)
            .map(|number| {
                let (mut browser, page) = (browser.clone(), &page);
                scope.spawn(move || {
                    let email = format!("flood{number}@example.test");
                    let fields = [("email", email.as_str()), ("password", "a guess")];
                    browser.submit(page, "/auth/login", &fields).status
                })
            })
            .collect();
        daemon.get("/health").expect(200);
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(statuses.contains(&400), "{statuses:?}");
    for status in statuses {
        assert!(matches!(status, 400 | 429 | 503), "{status}");
    }
    let peak = daemon.peak_resident_kib();
    assert!(peak < 512 * 1024, "{peak} KiB");
    daemon.get("/health").expect(200);
}
