//! Logins that a person begins on a page, without an agent.

use super::house::{House, OPENAI_KEY, Place, code, connection, on_both, provider, typed, wish};
use authsome::model::{ErrorCode, LoginSession, LoginSessionId, LoginState, SignedIn};
use authsome::secret::Token;
use authsome::services::{Error, FormInput, FormVisit, NextAction, Submitted, Visitor};
use time::Duration;

on_both!(
    a_person_connects_on_a_page_and_the_log_says_who,
    a_login_of_a_person_is_nobody_elses,
    an_account_disabled_in_between_stores_nothing,
    a_person_has_a_few_logins_open_and_agents_have_theirs,
    what_is_connected_is_said_and_replaced_only_when_asked,
);

async fn begin(house: &House, person: &SignedIn, name: &str) -> LoginSessionId {
    let begun = house.services.logins.begin(person, wish("openai", name));
    begun.await.unwrap().session.id
}

fn signed_in<'a>(person: &'a SignedIn, cookie: Option<&'a Token>) -> Visitor<'a> {
    Visitor {
        person: Some(person),
        cookie,
        ..Visitor::default()
    }
}

/// Opens the form and sends it with a key.
async fn finish(
    house: &House,
    person: &SignedIn,
    id: &LoginSessionId,
) -> Result<LoginSession, Error> {
    let logins = &house.services.logins;
    let FormVisit::Bound { cookie, .. } = logins.open_form(id, signed_in(person, None)).await?
    else {
        panic!("bound already");
    };
    let visitor = signed_in(person, Some(&cookie));
    let FormVisit::Form(form) = logins.open_form(id, visitor).await? else {
        panic!("no form");
    };
    let input = FormInput {
        csrf: form.csrf.reveal().to_owned(),
        answers: typed(OPENAI_KEY),
    };
    match logins.submit_form(id, visitor, input).await? {
        Submitted::Done(session) => Ok(*session),
        other => panic!("{other:?}"),
    }
}

async fn a_person_connects_on_a_page_and_the_log_says_who(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let id = begin(&house, &admin, "default").await;
    let done = finish(&house, &admin, &id).await.unwrap();
    assert!(matches!(done.state, LoginState::Completed { .. }));
    assert_eq!(done.identity, None);
    // An agent of this person uses it at once.
    let scout = house.agent_of(&admin, "scout").await;
    let given = house.resolve(&scout, "openai", None).await.unwrap();
    assert_eq!(given, OPENAI_KEY);
    for name in ["login.started", "login.completed"] {
        let all = house.audit().await;
        let found = all.iter().find(|row| row.event.event.as_str() == name);
        let event = &found.unwrap().event;
        assert_eq!(event.principal.as_ref(), Some(&admin.principal), "{name}");
        assert_eq!(event.identity, None, "{name}");
        assert_eq!(event.connection, Some(connection("default")), "{name}");
    }
    assert_eq!(code(finish(&house, &admin, &id).await), ErrorCode::Gone);
}

async fn a_login_of_a_person_is_nobody_elses(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let id = begin(&house, &guest, "default").await;
    let theirs = finish(&house, &admin, &id).await;
    assert_eq!(code(theirs), ErrorCode::NotFound);
    // Not even an agent of the same person's, who would see the link.
    let scout = house.agent_of(&guest, "scout").await;
    let caller = house.caller(&scout).await;
    let logins = &house.services.logins;
    assert_eq!(code(logins.show(&caller, &id).await), ErrorCode::NotFound);
    assert_eq!(code(logins.cancel(&caller, &id).await), ErrorCode::NotFound);
    let typed = logins.resume(&caller, &id, typed(OPENAI_KEY)).await;
    assert_eq!(code(typed), ErrorCode::NotFound);
    finish(&house, &guest, &id).await.unwrap();
    let connections = &house.services.connections;
    let (openai, default) = (provider("openai"), connection("default"));
    let hers = connections.show(&admin, &openai, &default, false).await;
    assert_eq!(code(hers), ErrorCode::ConnectionNotFound);
}

async fn an_account_disabled_in_between_stores_nothing(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let id = begin(&house, &guest, "default").await;
    let gone = guest.principal.clone();
    let disabled: Result<bool, Error> = house
        .store
        .write(move |tx| Box::pin(async move { Ok(tx.set_disabled(&gone, true).await?) }))
        .await;
    assert!(disabled.unwrap());
    let late = finish(&house, &guest, &id).await;
    assert_eq!(code(late), ErrorCode::Forbidden);
    assert_eq!(house.count("login.completed").await, 0);
    let listed = house.services.connections.list(&guest).await.unwrap();
    assert!(listed.is_empty());
}

async fn a_person_has_a_few_logins_open_and_agents_have_theirs(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let scout = house.agent_of(&admin, "scout").await;
    let caller = house.caller(&scout).await;
    for _ in 0..20 {
        begin(&house, &admin, "default").await;
    }
    let logins = &house.services.logins;
    let refused = logins.begin(&admin, wish("openai", "default")).await;
    assert_eq!(code(refused), ErrorCode::TooManyRequests);
    house.begin(&caller, "openai", "default").await;
    let guest = house.guest(&admin, "guest@example.test").await;
    begin(&house, &guest, "default").await;
    house.advance(Duration::minutes(10));
    begin(&house, &admin, "default").await;
}

async fn what_is_connected_is_said_and_replaced_only_when_asked(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let id = begin(&house, &admin, "default").await;
    finish(&house, &admin, &id).await.unwrap();
    let logins = &house.services.logins;
    let again = logins.begin(&admin, wish("openai", "default")).await;
    let again = again.unwrap();
    assert_eq!(again.next_action, NextAction::None);
    assert!(matches!(again.session.state, LoginState::Completed { .. }));
    let mut forced = wish("openai", "default");
    forced.force = true;
    let id = logins.begin(&admin, forced).await.unwrap().session.id;
    finish(&house, &admin, &id).await.unwrap();
    assert_eq!(house.count("login.completed").await, 2);
}
