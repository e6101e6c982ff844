//! The login form: for one browser, once, in time.

use super::house::{House, OPENAI_KEY, Place, code, on_both};
use authsome::model::{Caller, ErrorCode, LoginSessionId, LoginState, SignedIn};
use authsome::secret::{ApiKey, Token};
use authsome::services::{FormInput, FormVisit, LoginForm, NextAction, Submitted, Visitor};
use time::Duration;

on_both!(
    at_home_the_ticket_binds_the_first_browser_that_brings_it,
    the_form_stores_the_key_once,
    a_key_that_does_not_fit_shows_the_form_again,
    a_form_without_its_own_token_is_refused,
    a_form_is_gone_after_ten_minutes,
    a_bound_form_survives_a_restart,
    hosted_only_the_owner_in_one_browser_gets_in,
    a_closed_form_ends_the_login,
);

async fn agent(house: &House, place: &Place) -> Caller {
    let scout = house.local_agent(place, "scout").await;
    house.caller(&scout).await
}

/// The ticket in the URL of an open login.
async fn ticket(house: &House, caller: &Caller, id: &LoginSessionId) -> Token {
    let view = house.services.logins.show(caller, id).await.unwrap();
    let NextAction::OpenUrl(url) = view.next_action else {
        panic!("nothing to open");
    };
    Token::new(url.split_once("?ticket=").unwrap().1)
}

fn with_cookie(cookie: &Token) -> Visitor<'_> {
    Visitor {
        cookie: Some(cookie),
        ..Visitor::default()
    }
}

fn with_ticket(ticket: &Token) -> Visitor<'_> {
    Visitor {
        ticket: Some(ticket),
        ..Visitor::default()
    }
}

fn signed_in<'a>(person: &'a SignedIn, cookie: Option<&'a Token>) -> Visitor<'a> {
    Visitor {
        person: Some(person),
        cookie,
        ..Visitor::default()
    }
}

async fn bind(house: &House, id: &LoginSessionId, visitor: Visitor<'_>) -> Token {
    match house.services.logins.open_form(id, visitor).await.unwrap() {
        FormVisit::Bound { cookie, .. } => cookie,
        FormVisit::Form(_) => panic!("bound already"),
    }
}

async fn form(house: &House, id: &LoginSessionId, visitor: Visitor<'_>) -> LoginForm {
    match house.services.logins.open_form(id, visitor).await.unwrap() {
        FormVisit::Form(form) => *form,
        FormVisit::Bound { .. } => panic!("not bound yet"),
    }
}

fn filled(csrf: &Token, key: &str) -> FormInput {
    FormInput {
        csrf: csrf.reveal().to_owned(),
        api_key: Some(ApiKey::new(key)),
    }
}

async fn at_home_the_ticket_binds_the_first_browser_that_brings_it(place: Place) {
    let house = place.local().await;
    let caller = agent(&house, &place).await;
    let id = house.begin(&caller, "openai", "default").await;
    let ticket = ticket(&house, &caller, &id).await;
    let logins = &house.services.logins;
    let nobody = logins.open_form(&id, Visitor::default()).await;
    assert_eq!(code(nobody), ErrorCode::Unauthenticated);
    let guess = Token::new("guess");
    assert_eq!(
        code(logins.open_form(&id, with_ticket(&guess)).await),
        ErrorCode::Unauthenticated
    );
    let cookie = bind(&house, &id, with_ticket(&ticket)).await;
    let shown = form(&house, &id, with_cookie(&cookie)).await;
    assert_eq!(shown.fields.len(), 1);
    assert!(shown.fields[0].secret && shown.fields[0].hint.is_some());
    // Reloading the first address works in the same browser and in no other.
    let reload = Visitor {
        ticket: Some(&ticket),
        ..with_cookie(&cookie)
    };
    form(&house, &id, reload).await;
    assert_eq!(
        code(logins.open_form(&id, with_ticket(&ticket)).await),
        ErrorCode::Forbidden
    );
    let other = with_cookie(&guess);
    assert_eq!(
        code(logins.open_form(&id, other).await),
        ErrorCode::Forbidden
    );
    let view = logins.show(&caller, &id).await.unwrap();
    assert!(matches!(view.next_action, NextAction::OpenUrl(url) if !url.contains("ticket")));
}

async fn the_form_stores_the_key_once(place: Place) {
    let house = place.local().await;
    let caller = agent(&house, &place).await;
    let id = house.begin(&caller, "openai", "default").await;
    let ticket = ticket(&house, &caller, &id).await;
    let cookie = bind(&house, &id, with_ticket(&ticket)).await;
    let csrf = form(&house, &id, with_cookie(&cookie)).await.csrf;
    let logins = &house.services.logins;
    let submit = || logins.submit_form(&id, with_cookie(&cookie), filled(&csrf, OPENAI_KEY));
    let done = submit().await.unwrap();
    assert!(matches!(done, Submitted::Done(login) if login.state.is_final()));
    assert_eq!(code(submit().await), ErrorCode::Gone);
    assert_eq!(
        code(logins.open_form(&id, with_cookie(&cookie)).await),
        ErrorCode::Gone
    );
    let view = logins.show(&caller, &id).await.unwrap();
    assert!(matches!(view.session.state, LoginState::Completed { .. }));
    assert_eq!(house.count("login.completed").await, 1);
}

async fn a_key_that_does_not_fit_shows_the_form_again(place: Place) {
    let house = place.local().await;
    let caller = agent(&house, &place).await;
    let id = house.begin(&caller, "openai", "default").await;
    let ticket = ticket(&house, &caller, &id).await;
    let cookie = bind(&house, &id, with_ticket(&ticket)).await;
    let csrf = form(&house, &id, with_cookie(&cookie)).await.csrf;
    let logins = &house.services.logins;
    for wrong in [
        "",
        "pk-wrong",
        "sk-0123456789abcdefghijkl\r\nX: y",
        &"sk-".repeat(30_000),
    ] {
        let visitor = with_cookie(&cookie);
        let again = logins.submit_form(&id, visitor, filled(&csrf, wrong)).await;
        let Ok(Submitted::TryAgain(form)) = again else {
            panic!("{again:?}");
        };
        assert!(
            form.problem
                .is_some_and(|p| wrong.is_empty() || !p.contains(wrong))
        );
    }
    assert!(
        house
            .services
            .connections
            .list(&caller)
            .await
            .unwrap()
            .is_empty()
    );
    let visitor = with_cookie(&cookie);
    let done = logins
        .submit_form(&id, visitor, filled(&csrf, OPENAI_KEY))
        .await;
    assert!(matches!(done.unwrap(), Submitted::Done(_)));
}

async fn a_form_without_its_own_token_is_refused(place: Place) {
    let house = place.local().await;
    let caller = agent(&house, &place).await;
    let id = house.begin(&caller, "openai", "default").await;
    let other = house.begin(&caller, "openai", "other").await;
    let logins = &house.services.logins;
    let cookie = bind(
        &house,
        &id,
        with_ticket(&ticket(&house, &caller, &id).await),
    )
    .await;
    let other_ticket = ticket(&house, &caller, &other).await;
    let other_cookie = bind(&house, &other, with_ticket(&other_ticket)).await;
    let foreign = form(&house, &other, with_cookie(&other_cookie)).await.csrf;
    for csrf in [Token::new(""), Token::new("x"), foreign] {
        let visitor = with_cookie(&cookie);
        let refused = logins
            .submit_form(&id, visitor, filled(&csrf, OPENAI_KEY))
            .await;
        assert_eq!(code(refused), ErrorCode::Forbidden);
    }
    let csrf = form(&house, &id, with_cookie(&cookie)).await.csrf;
    for visitor in [Visitor::default(), with_cookie(&other_cookie)] {
        let refused = logins
            .submit_form(&id, visitor, filled(&csrf, OPENAI_KEY))
            .await;
        assert!(matches!(
            code(refused),
            ErrorCode::Forbidden | ErrorCode::Unauthenticated
        ));
    }
    let view = logins.show(&caller, &id).await.unwrap();
    assert_eq!(view.session.state, LoginState::WaitingForUser);
}

async fn a_form_is_gone_after_ten_minutes(place: Place) {
    let house = place.local().await;
    let caller = agent(&house, &place).await;
    let id = house.begin(&caller, "openai", "default").await;
    let ticket = ticket(&house, &caller, &id).await;
    let cookie = bind(&house, &id, with_ticket(&ticket)).await;
    let csrf = form(&house, &id, with_cookie(&cookie)).await.csrf;
    house.advance(Duration::minutes(10));
    let logins = &house.services.logins;
    assert_eq!(
        code(logins.open_form(&id, with_cookie(&cookie)).await),
        ErrorCode::Gone
    );
    assert_eq!(
        code(logins.open_form(&id, with_ticket(&ticket)).await),
        ErrorCode::Gone
    );
    let late = logins.submit_form(&id, with_cookie(&cookie), filled(&csrf, OPENAI_KEY));
    assert_eq!(code(late.await), ErrorCode::Gone);
    assert!(
        house
            .services
            .connections
            .list(&caller)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_bound_form_survives_a_restart(place: Place) {
    let house = place.local().await;
    let caller = agent(&house, &place).await;
    let id = house.begin(&caller, "openai", "default").await;
    let ticket = ticket(&house, &caller, &id).await;
    let cookie = bind(&house, &id, with_ticket(&ticket)).await;
    let csrf = form(&house, &id, with_cookie(&cookie)).await.csrf;
    house.close().await;
    let house = place.local().await;
    let logins = &house.services.logins;
    let done = logins.submit_form(&id, with_cookie(&cookie), filled(&csrf, OPENAI_KEY));
    assert!(matches!(done.await.unwrap(), Submitted::Done(_)));
}

async fn hosted_only_the_owner_in_one_browser_gets_in(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let owner = house.guest(&admin, "owner@example.test").await;
    let scout = house.agent_of(&owner, "scout").await;
    let caller = house.caller(&scout).await;
    let id = house.begin(&caller, "openai", "default").await;
    let logins = &house.services.logins;
    let view = logins.show(&caller, &id).await.unwrap();
    assert!(matches!(view.next_action, NextAction::OpenUrl(url) if !url.contains("ticket")));
    let nobody = logins.open_form(&id, Visitor::default()).await;
    assert_eq!(code(nobody), ErrorCode::Unauthenticated);
    let missing = "sess_missing".parse().unwrap();
    let nothing = logins.open_form(&missing, Visitor::default()).await;
    assert_eq!(
        code(nothing),
        ErrorCode::Unauthenticated,
        "as for one that exists"
    );
    let stranger = logins.open_form(&id, signed_in(&admin, None)).await;
    assert_eq!(
        code(stranger),
        ErrorCode::NotFound,
        "not even an administrator"
    );
    let cookie = bind(&house, &id, signed_in(&owner, None)).await;
    assert_eq!(
        code(logins.open_form(&id, signed_in(&owner, None)).await),
        ErrorCode::Forbidden
    );
    assert_eq!(
        code(logins.open_form(&id, with_cookie(&cookie)).await),
        ErrorCode::Unauthenticated,
        "signed out since"
    );
    let csrf = form(&house, &id, signed_in(&owner, Some(&cookie)))
        .await
        .csrf;
    let visitor = signed_in(&admin, Some(&cookie));
    let stolen = logins
        .submit_form(&id, visitor, filled(&csrf, OPENAI_KEY))
        .await;
    assert_eq!(code(stolen), ErrorCode::NotFound);
    let visitor = signed_in(&owner, Some(&cookie));
    let done = logins
        .submit_form(&id, visitor, filled(&csrf, OPENAI_KEY))
        .await;
    assert!(matches!(done.unwrap(), Submitted::Done(_)));
    assert_eq!(
        house.resolve(&scout, "openai", None).await.unwrap(),
        OPENAI_KEY
    );
}

async fn a_closed_form_ends_the_login(place: Place) {
    let house = place.local().await;
    let caller = agent(&house, &place).await;
    let id = house.begin(&caller, "openai", "default").await;
    let ticket = ticket(&house, &caller, &id).await;
    let cookie = bind(&house, &id, with_ticket(&ticket)).await;
    let csrf = form(&house, &id, with_cookie(&cookie)).await.csrf;
    let logins = &house.services.logins;
    let forged = logins.cancel_form(&id, with_cookie(&cookie), "x").await;
    assert_eq!(code(forged), ErrorCode::Forbidden);
    let closed = logins
        .cancel_form(&id, with_cookie(&cookie), csrf.reveal())
        .await;
    assert_eq!(closed.unwrap().state, LoginState::Cancelled);
    let view = logins.show(&caller, &id).await.unwrap();
    assert_eq!(view.session.state, LoginState::Cancelled);
}
