//! Logins from a terminal: begun, answered, shown, cancelled.

use super::house::{Agent, OPENAI_KEY, Place, code, connection, on_both, provider, typed, wish};
use authsome::model::provider::Flow;
use authsome::model::{ErrorCode, LoginState};
use authsome::services::{Answers, NextAction};
use time::Duration;

on_both!(
    a_key_typed_at_the_terminal_is_stored_and_the_first_is_the_default,
    a_key_that_does_not_fit_leaves_the_login_open,
    a_connected_provider_is_not_logged_in_to_again_unless_forced,
    a_login_belongs_to_the_identity_that_began_it,
    a_login_expires_and_survives_a_restart_until_then,
    a_cancelled_login_takes_nothing,
    an_unknown_provider_or_flow_is_refused,
    strange_wishes_are_refused,
    only_a_few_logins_are_open_at_once,
    asking_for_what_is_connected_in_a_loop_comes_to_an_end,
    beginning_and_cancelling_in_a_loop_comes_to_an_end,
    a_revoked_identity_stores_nothing,
    two_answers_at_once_store_one,
);

async fn a_key_typed_at_the_terminal_is_stored_and_the_first_is_the_default(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    let id = house.begin(&caller, "openai", "default").await;
    let padded = typed(&format!(" {OPENAI_KEY}\n"));
    let done = house
        .services
        .logins
        .resume(&caller, &id, padded)
        .await
        .unwrap();
    assert!(matches!(done.session.state, LoginState::Completed { .. }));
    assert_eq!(done.next_action, NextAction::None);
    house
        .login(&caller, "openai", "work", "sk-work-0123456789abcdefg")
        .await;
    assert_eq!(
        house.resolve(&scout, "openai", None).await.unwrap(),
        OPENAI_KEY
    );
    let work = house.resolve(&scout, "openai", Some("work")).await.unwrap();
    assert_eq!(work, "sk-work-0123456789abcdefg");
    let again = house
        .services
        .logins
        .resume(&caller, &id, typed(OPENAI_KEY))
        .await;
    assert_eq!(code(again), ErrorCode::Gone);
    assert_eq!(house.count("login.started").await, 2);
    assert_eq!(house.count("login.completed").await, 2);
}

async fn a_key_that_does_not_fit_leaves_the_login_open(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let id = house.begin(&caller, "openai", "default").await;
    let logins = &house.services.logins;
    let wrong = logins
        .resume(&caller, &id, typed("pk-wrong"))
        .await
        .unwrap_err();
    assert_eq!(wrong.code(), ErrorCode::AuthenticationFailed);
    assert!(wrong.message().contains("starts with sk-"), "{wrong}");
    assert!(!wrong.message().contains("pk-wrong"));
    for malformed in [
        "sk-0123456789abcdefg\r\nX: y",
        "sk-\0",
        "sk-é",
        &"sk-".repeat(30_000),
    ] {
        let refused = logins.resume(&caller, &id, typed(malformed)).await;
        assert_eq!(
            code(refused),
            ErrorCode::InvalidInput,
            "{:?}",
            &malformed[..4]
        );
    }
    let nothing = logins.resume(&caller, &id, Answers::default()).await;
    assert_eq!(code(nothing), ErrorCode::InvalidInput);
    assert!(!house.has_connections(&caller).await);
    logins
        .resume(&caller, &id, typed(OPENAI_KEY))
        .await
        .unwrap();
}

async fn a_connected_provider_is_not_logged_in_to_again_unless_forced(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    let logins = &house.services.logins;
    let view = logins
        .begin(&caller, wish("openai", "default"))
        .await
        .unwrap();
    let message = "Already connected".to_owned();
    assert_eq!(view.session.state, LoginState::Completed { message });
    let shown = logins.show(&caller, &view.session.id).await.unwrap();
    assert_eq!(shown, view);
    house
        .login(&caller, "openai", "default", "sk-newer-0123456789abcdef")
        .await;
    let now = house.resolve(&scout, "openai", None).await.unwrap();
    assert_eq!(now, "sk-newer-0123456789abcdef");
}

async fn a_login_belongs_to_the_identity_that_began_it(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let other = house.local_agent(&place, "other").await;
    let stranger = house.caller(&other).await;
    let id = house.begin(&caller, "openai", "default").await;
    let logins = &house.services.logins;
    assert_eq!(code(logins.show(&stranger, &id).await), ErrorCode::NotFound);
    assert_eq!(
        code(logins.cancel(&stranger, &id).await),
        ErrorCode::NotFound
    );
    let answer = logins.resume(&stranger, &id, typed(OPENAI_KEY)).await;
    assert_eq!(code(answer), ErrorCode::NotFound);
    let shown = logins.show(&caller, &id).await.unwrap();
    assert_eq!(shown.session.state, LoginState::WaitingForUser);
}

async fn a_login_expires_and_survives_a_restart_until_then(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let id = house.begin(&caller, "openai", "default").await;
    let before = house.services.logins.show(&caller, &id).await.unwrap();
    house.close().await;
    let house = place.local().await;
    let logins = &house.services.logins;
    assert_eq!(logins.show(&caller, &id).await.unwrap(), before);
    house.advance(Duration::minutes(10));
    let expired = logins.show(&caller, &id).await.unwrap();
    assert_eq!(expired.session.state, LoginState::Expired);
    assert_eq!(
        code(logins.resume(&caller, &id, typed(OPENAI_KEY)).await),
        ErrorCode::Gone
    );
    house.services.tick().await.unwrap();
    let expired = logins.show(&caller, &id).await.unwrap();
    assert_eq!(expired.session.state, LoginState::Expired);
}

async fn a_cancelled_login_takes_nothing(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let id = house.begin(&caller, "openai", "default").await;
    let logins = &house.services.logins;
    let view = logins.cancel(&caller, &id).await.unwrap();
    assert_eq!(view.session.state, LoginState::Cancelled);
    assert_eq!(code(logins.cancel(&caller, &id).await), ErrorCode::Gone);
    assert_eq!(
        code(logins.resume(&caller, &id, typed(OPENAI_KEY)).await),
        ErrorCode::Gone
    );
    assert_eq!(house.count("login.failed").await, 1);
}

async fn an_unknown_provider_or_flow_is_refused(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let logins = &house.services.logins;
    let unknown = logins
        .begin(&caller, wish("no-such-thing", "default"))
        .await;
    assert_eq!(code(unknown), ErrorCode::ProviderNotFound);
    let mut odd = wish("openai", "default");
    odd.flow = Some(Flow::DeviceCode);
    assert_eq!(
        code(logins.begin(&caller, odd).await),
        ErrorCode::UnsupportedFlow
    );
    let definition = serde_json::json!({
        "name": "acme", "display_name": "Acme", "auth_type": "oauth2", "flow": "pkce",
        "api_url": "api.acme.example", "oauth": {
            "authorization_url": "https://acme.example/authorize",
            "token_url": "https://acme.example/token", "pkce": true,
        },
    });
    let providers = &house.services.providers;
    providers
        .register(&caller, definition, false)
        .await
        .unwrap();
    let mut odd = wish("acme", "default");
    odd.flow = Some(Flow::ApiKey);
    let refused = logins.begin(&caller, odd).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::UnsupportedFlow);
    assert!(refused.message().contains("not for it"), "{refused}");
    assert_eq!(refused.about(), Some(&provider("acme")));
}

async fn strange_wishes_are_refused(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let logins = &house.services.logins;
    for base_url in [
        "http://x.example",
        "https://u:p@x.example",
        "javascript:1",
        "https://x\r\ny",
        "",
    ] {
        let mut odd = wish("openai", "default");
        odd.base_url = Some(base_url.to_owned());
        assert_eq!(
            code(logins.begin(&caller, odd).await),
            ErrorCode::InvalidInput,
            "{base_url:?}"
        );
    }
    for scopes in [
        vec![String::new()],
        vec!["a b".to_owned()],
        vec!["x".to_owned(); 101],
    ] {
        let mut odd = wish("openai", "default");
        odd.scopes = Some(scopes);
        assert_eq!(
            code(logins.begin(&caller, odd).await),
            ErrorCode::InvalidInput
        );
    }
    assert_eq!(house.count("login.started").await, 0);
}

async fn only_a_few_logins_are_open_at_once(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    for _ in 0..20 {
        house.begin(&caller, "openai", "default").await;
    }
    let logins = &house.services.logins;
    let refused = logins
        .begin(&caller, wish("openai", "default"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TooManyRequests);
    assert!(refused.come_back_after().is_some());
    house.advance(Duration::minutes(10));
    house.begin(&caller, "openai", "default").await;
}

async fn a_revoked_identity_stores_nothing(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    let id = house.begin(&caller, "openai", "default").await;
    let identities = &house.services.identities;
    identities.revoke(&caller, &scout.handle).await.unwrap();
    let late = house
        .services
        .logins
        .resume(&caller, &id, typed(OPENAI_KEY))
        .await;
    assert_eq!(code(late), ErrorCode::Forbidden);
    assert!(!house.has_connections(&caller).await);
    assert_eq!(
        code(house.try_caller(&Agent { ..scout }).await),
        ErrorCode::Forbidden
    );
}

async fn two_answers_at_once_store_one(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let id = house.begin(&caller, "openai", "default").await;
    let logins = &house.services.logins;
    let answers = (0..8).map(|_| logins.resume(&caller, &id, typed(OPENAI_KEY)));
    let answers = futures_util::future::join_all(answers).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(house.count("login.completed").await, 1);
    let (openai, default) = (provider("openai"), connection("default"));
    let connections = &house.services.connections;
    connections
        .show(&caller, &openai, &default, false)
        .await
        .unwrap();
}

async fn asking_for_what_is_connected_in_a_loop_comes_to_an_end(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let other = house.local_agent(&place, "other").await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    for _ in 1..100 {
        house.begin(&caller, "openai", "default").await;
    }
    let logins = &house.services.logins;
    let refused = logins.begin(&caller, wish("openai", "default")).await;
    assert_eq!(code(refused), ErrorCode::TooManyRequests);
    // It is this identity's loop alone, and ends when it does.
    let another = house.caller(&other).await;
    house.begin(&another, "openai", "default").await;
    house.advance(Duration::minutes(10));
    house.begin(&caller, "openai", "default").await;
}

async fn beginning_and_cancelling_in_a_loop_comes_to_an_end(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let logins = &house.services.logins;
    for _ in 0..100 {
        let id = house.begin(&caller, "openai", "default").await;
        logins.cancel(&caller, &id).await.unwrap();
    }
    let refused = logins.begin(&caller, wish("openai", "default")).await;
    assert_eq!(code(refused), ErrorCode::TooManyRequests);
}
