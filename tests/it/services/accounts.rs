//! Accounts: invitations, sessions, passwords, the code of `authsome ui`.

use super::house::{House, PASSWORD, Place, SETUP, code, on_both, somewhere};
use authsome::model::{ErrorCode, Role};
use authsome::secret::{Password, Token};
use authsome::services::NewSession;
use time::Duration;

on_both!(
    the_session_too_many_ends_the_oldest_and_no_other,
    at_home_an_account_is_a_guest_beside_the_owner,
    an_invitation_lets_in_one_person_with_its_role,
    an_invitation_ends_and_may_name_its_guest,
    the_operators_setup_token_works_once_across_restarts,
    a_fresh_setup_token_replaces_that_of_an_earlier_start,
    a_session_ends_at_sign_out_by_idleness_and_by_age,
    signing_in_gives_a_new_session_and_ends_the_former,
    a_new_password_ends_every_session,
    a_disabled_account_is_out_at_once,
    signing_in_and_failing_to_costs_nobody_elses_cache,
    of_two_administrators_who_disable_each_other_one_stays,
    the_ui_code_signs_in_once_within_a_minute,
    bad_sign_ups_store_nothing,
);

fn token_of(url: &str) -> Token {
    Token::new(url.split_once('=').unwrap().1)
}

async fn is_signed_in(house: &House, opened: &NewSession) -> bool {
    let accounts = &house.services.accounts;
    accounts
        .browser_session(&opened.token)
        .await
        .unwrap()
        .is_some()
}

async fn at_home_an_account_is_a_guest_beside_the_owner(place: Place) {
    let house = place.local().await;
    let accounts = &house.services.accounts;
    let first = house.sign_up("a@example.test", None).await.unwrap();
    assert_eq!(accounts.sign_up_open(None).await.unwrap(), Some(Role::User));
    let second = house.sign_up("b@example.test", None).await.unwrap();
    assert_eq!(first.session.person.role, Role::User);
    assert_eq!(second.session.person.role, Role::User);
    assert_ne!(first.session.person.vault, second.session.person.vault);
}

async fn an_invitation_lets_in_one_person_with_its_role(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let accounts = &house.services.accounts;
    let link = accounts.invite(&admin, Role::Admin, None).await.unwrap();
    assert!(
        link.url
            .starts_with("https://authsome.example.test/auth/register?token=")
    );
    let token = token_of(&link.url);
    assert_eq!(
        accounts.sign_up_open(Some(&token)).await.unwrap(),
        Some(Role::Admin)
    );
    let opened = house
        .sign_up("b@example.test", Some(token.reveal()))
        .await
        .unwrap();
    assert_eq!(opened.session.person.role, Role::Admin);
    assert_eq!(accounts.sign_up_open(Some(&token)).await.unwrap(), None);
    assert_eq!(
        code(house.sign_up("c@example.test", Some(token.reveal())).await),
        ErrorCode::Forbidden
    );
    let guest = house.guest(&admin, "d@example.test").await;
    assert_eq!(
        code(accounts.invite(&guest, Role::User, None).await),
        ErrorCode::Forbidden
    );
    assert_eq!(code(accounts.list(&guest).await), ErrorCode::Forbidden);
    assert_eq!(accounts.list(&admin).await.unwrap().len(), 3);
}

async fn an_invitation_ends_and_may_name_its_guest(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let accounts = &house.services.accounts;
    let guest = Some("guest@example.test".parse().unwrap());
    let link = accounts.invite(&admin, Role::User, guest).await.unwrap();
    let token = token_of(&link.url);
    let other = house
        .sign_up("other@example.test", Some(token.reveal()))
        .await;
    assert_eq!(code(other), ErrorCode::AuthenticationFailed);
    house
        .sign_up("Guest@example.test", Some(token.reveal()))
        .await
        .unwrap();
    let late = token_of(&accounts.invite(&admin, Role::User, None).await.unwrap().url);
    house.advance(Duration::days(7));
    let refused = house
        .sign_up("late@example.test", Some(late.reveal()))
        .await;
    assert_eq!(code(refused), ErrorCode::Forbidden);
}

async fn the_operators_setup_token_works_once_across_restarts(place: Place) {
    let house = place.hosted().await;
    let accounts = &house.services.accounts;
    let short = accounts.prepare_setup(Some(Token::new("short"))).await;
    assert_eq!(code(short), ErrorCode::InvalidInput);
    let admin = house.first_admin().await;
    house.close().await;
    let house = place.hosted().await;
    let accounts = &house.services.accounts;
    let printed = accounts
        .prepare_setup(Some(Token::new(SETUP)))
        .await
        .unwrap();
    assert!(printed.is_none());
    let again = house.sign_up("thief@example.test", Some(SETUP)).await;
    assert_eq!(code(again), ErrorCode::Forbidden);
    assert!(accounts.prepare_setup(None).await.unwrap().is_none());
    assert_eq!(accounts.email(&admin.principal).await.unwrap(), admin.email);
}

async fn a_fresh_setup_token_replaces_that_of_an_earlier_start(place: Place) {
    let house = place.hosted().await;
    let accounts = &house.services.accounts;
    let first = accounts.prepare_setup(None).await.unwrap().unwrap();
    let second = accounts.prepare_setup(None).await.unwrap().unwrap();
    assert_eq!(accounts.sign_up_open(Some(&first)).await.unwrap(), None);
    assert_eq!(
        accounts.sign_up_open(Some(&second)).await.unwrap(),
        Some(Role::Admin)
    );
}

async fn a_session_ends_at_sign_out_by_idleness_and_by_age(place: Place) {
    let house = place.local().await;
    let accounts = &house.services.accounts;
    let opened = house.sign_up("a@example.test", None).await.unwrap();
    let found = accounts
        .browser_session(&opened.token)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.csrf.reveal(), opened.session.csrf.reveal());
    accounts.sign_out(&opened.token).await.unwrap();
    assert!(!is_signed_in(&house, &opened).await);

    let idle = house.sign_in("a@example.test", PASSWORD).await.unwrap();
    house.advance(Duration::hours(12));
    assert!(!is_signed_in(&house, &idle).await);

    let busy = house.sign_in("a@example.test", PASSWORD).await.unwrap();
    for _ in 0..16 {
        house.advance(Duration::hours(10));
        assert!(is_signed_in(&house, &busy).await);
    }
    house.advance(Duration::hours(10));
    assert!(
        !is_signed_in(&house, &busy).await,
        "no session outlives a week"
    );
    assert!(
        accounts
            .browser_session(&Token::new("guess"))
            .await
            .unwrap()
            .is_none()
    );
}

async fn signing_in_gives_a_new_session_and_ends_the_former(place: Place) {
    let house = place.local().await;
    let accounts = &house.services.accounts;
    let first = house.sign_up("a@example.test", None).await.unwrap();
    let second = accounts
        .sign_in(
            "A@example.test ",
            Password::new(PASSWORD),
            somewhere(),
            Some(&first.token),
        )
        .await
        .unwrap();
    assert_ne!(first.token.reveal(), second.token.reveal());
    assert!(!is_signed_in(&house, &first).await);
    assert!(is_signed_in(&house, &second).await);
}

async fn a_new_password_ends_every_session(place: Place) {
    let house = place.local().await;
    let accounts = &house.services.accounts;
    let here = house.sign_up("a@example.test", None).await.unwrap();
    let there = house.sign_in("a@example.test", PASSWORD).await.unwrap();
    let change = async |current: &str, new: &str| {
        let (current, new) = (Password::new(current), Password::new(new));
        let person = &here.session.person;
        accounts
            .change_password(person, current, new, somewhere())
            .await
    };
    assert_eq!(
        code(change("wrong", "a new password").await),
        ErrorCode::AuthenticationFailed
    );
    assert_eq!(
        code(change(PASSWORD, "short").await),
        ErrorCode::AuthenticationFailed
    );
    assert!(is_signed_in(&house, &there).await);
    let fresh = change(PASSWORD, "a new password").await.unwrap();
    assert!(!is_signed_in(&house, &here).await);
    assert!(!is_signed_in(&house, &there).await);
    assert!(is_signed_in(&house, &fresh).await);
    let old = house.sign_in("a@example.test", PASSWORD).await;
    assert_eq!(code(old), ErrorCode::AuthenticationFailed);
    house
        .sign_in("a@example.test", "a new password")
        .await
        .unwrap();
}

async fn a_disabled_account_is_out_at_once(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let scout = house.agent_of(&guest, "scout").await;
    let opened = house.sign_in("guest@example.test", PASSWORD).await.unwrap();
    house.caller(&scout).await;
    let accounts = &house.services.accounts;
    assert_eq!(
        code(accounts.disable(&guest, &admin.principal).await),
        ErrorCode::Forbidden
    );
    assert_eq!(
        code(accounts.disable(&admin, &admin.principal).await),
        ErrorCode::OperationNotAllowed
    );
    accounts.disable(&admin, &guest.principal).await.unwrap();
    assert!(!is_signed_in(&house, &opened).await);
    assert_eq!(code(house.try_caller(&scout).await), ErrorCode::Forbidden);
    assert_eq!(
        code(house.sign_in("guest@example.test", PASSWORD).await),
        ErrorCode::AuthenticationFailed
    );
    accounts.enable(&admin, &guest.principal).await.unwrap();
    house.caller(&scout).await;
    house.sign_in("guest@example.test", PASSWORD).await.unwrap();
    let missing = "principal_missing".parse().unwrap();
    assert_eq!(
        code(accounts.disable(&admin, &missing).await),
        ErrorCode::NotFound
    );
}

async fn the_ui_code_signs_in_once_within_a_minute(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let accounts = &house.services.accounts;
    let url = accounts.sign_in_url(&caller).await.unwrap();
    assert!(url.starts_with("http://127.0.0.1:7998/ui/?code="), "{url}");
    let opened = accounts
        .redeem_sign_in_code(&token_of(&url), None, None)
        .await
        .unwrap();
    assert_eq!(opened.session.person.principal, caller.principal);
    assert!(is_signed_in(&house, &opened).await);
    let again = accounts
        .redeem_sign_in_code(&token_of(&url), None, None)
        .await;
    assert_eq!(code(again), ErrorCode::Gone);
    let late = accounts.sign_in_url(&caller).await.unwrap();
    house.advance(Duration::seconds(60));
    let late = accounts
        .redeem_sign_in_code(&token_of(&late), None, None)
        .await;
    assert_eq!(code(late), ErrorCode::Gone);
}

async fn bad_sign_ups_store_nothing(place: Place) {
    let house = place.local().await;
    house.sign_up("a@example.test", None).await.unwrap();
    for email in ["", "x", "a@b@c", "a@example.test\r\nX: y", "a@example.test"] {
        let refused = house.sign_up(email, None).await;
        assert_eq!(code(refused), ErrorCode::AuthenticationFailed, "{email:?}");
    }
    assert_eq!(house.people().await.len(), 2, "the home's own and one more");
}

async fn of_two_administrators_who_disable_each_other_one_stays(place: Place) {
    let house = place.hosted().await;
    let one = house.first_admin().await;
    let accounts = &house.services.accounts;
    let link = accounts.invite(&one, Role::Admin, None).await.unwrap();
    let token = token_of(&link.url);
    let other = house.sign_up("other@example.test", Some(token.reveal()));
    let other = other.await.unwrap().session.person;
    // Both were let in before either was disabled.
    let (first, second) = tokio::join!(
        accounts.disable(&one, &other.principal),
        accounts.disable(&other, &one.principal),
    );
    let refused = match (first, second) {
        (Ok(()), Err(refused)) | (Err(refused), Ok(())) => refused,
        both => panic!("{both:?}"),
    };
    assert_eq!(refused.code(), ErrorCode::Forbidden);
    let mut reader = house.store.read().await.unwrap();
    assert_eq!(reader.count_admin_accounts().await.unwrap(), 1);
}

async fn signing_in_and_failing_to_costs_nobody_elses_cache(place: Place) {
    let house = place.hosted().await;
    house.first_admin().await;
    let before = house.store.generation();
    let wrong = house.sign_in("admin@example.test", "wrong password").await;
    assert_eq!(code(wrong), ErrorCode::AuthenticationFailed);
    let opened = house.sign_in("admin@example.test", PASSWORD).await.unwrap();
    let accounts = &house.services.accounts;
    accounts.sign_out(&opened.token).await.unwrap();
    house.services.tick().await.unwrap();
    assert_eq!(house.store.generation(), before);
}

async fn the_session_too_many_ends_the_oldest_and_no_other(place: Place) {
    let (house, scout, _) = place.local_with_scout().await;
    let accounts = &house.services.accounts;
    let mut sessions = Vec::new();
    for _ in 0..51 {
        let caller = house.caller(&scout).await;
        let url = accounts.sign_in_url(&caller).await.unwrap();
        let code = Token::new(url.split_once("code=").unwrap().1);
        let opened = accounts
            .redeem_sign_in_code(&code, None, None)
            .await
            .unwrap();
        sessions.push(opened.token);
        house.advance(time::Duration::seconds(1));
    }
    let mut ended = Vec::new();
    for (at, token) in sessions.iter().enumerate() {
        if accounts.browser_session(token).await.unwrap().is_none() {
            ended.push(at);
        }
    }
    assert_eq!(ended, [0]);
}
