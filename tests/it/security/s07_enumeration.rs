//! Row 7: finding out who has an account, and flooding with password hashes. Defence: the same
//! steps and answers for known and unknown accounts, and few hashes at once.

use crate::services::house::{PASSWORD, Place, on_both};
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
