//! The login form: for one browser, once, in time.

use super::house::{House, OPENAI_KEY, Place, code, on_both, typed};
use authsome::model::{Caller, ErrorCode, LoginSessionId, LoginState, SignedIn};
use authsome::secret::{Token, Typed};
use authsome::services::{
    Answers, Error, FormInput, FormVisit, Kind, LoginForm, NextAction, Submitted, Visitor,
};
use time::Duration;

on_both!(
    at_home_the_ticket_binds_the_first_browser_that_brings_it,
    the_form_stores_the_key_once,
    a_key_that_does_not_fit_shows_the_form_again,
    a_form_without_its_own_token_is_refused,
    a_form_is_gone_after_ten_minutes,
    a_bound_form_survives_a_restart,
    hosted_only_the_owner_in_one_browser_gets_in,
    hosted_only_an_administrator_enters_our_client,
    a_closed_form_ends_the_login,
);

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
        FormVisit::Form(_) | FormVisit::ShowCode => panic!("bound already"),
    }
}

async fn form(house: &House, id: &LoginSessionId, visitor: Visitor<'_>) -> LoginForm {
    match house.services.logins.open_form(id, visitor).await.unwrap() {
        FormVisit::Form(form) => *form,
        FormVisit::Bound { .. } | FormVisit::ShowCode => panic!("not the form yet"),
    }
}

/// Submits the form with a key.
async fn submit(
    house: &House,
    id: &LoginSessionId,
    visitor: Visitor<'_>,
    (csrf, key): (&Token, &str),
) -> Result<Submitted, Error> {
    let input = FormInput {
        csrf: csrf.reveal().to_owned(),
        answers: typed(key),
    };
    house.services.logins.submit_form(id, visitor, input).await
}

/// A login whose form is open in one browser.
struct OpenForm {
    id: LoginSessionId,
    cookie: Token,
    csrf: Token,
}

impl OpenForm {
    /// Begins a login and opens its form as the link says.
    async fn at(house: &House, caller: &Caller, name: &str) -> Self {
        let id = house.begin(caller, "openai", name).await;
        let ticket = ticket(house, caller, &id).await;
        let cookie = bind(house, &id, with_ticket(&ticket)).await;
        let csrf = form(house, &id, with_cookie(&cookie)).await.csrf;
        Self { id, cookie, csrf }
    }

    fn visitor(&self) -> Visitor<'_> {
        with_cookie(&self.cookie)
    }

    async fn reload(&self, house: &House) -> Result<FormVisit, Error> {
        let logins = &house.services.logins;
        logins.open_form(&self.id, self.visitor()).await
    }

    async fn submit(&self, house: &House, key: &str) -> Result<Submitted, Error> {
        submit(house, &self.id, self.visitor(), (&self.csrf, key)).await
    }
}

async fn at_home_the_ticket_binds_the_first_browser_that_brings_it(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
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
    assert!(shown.fields[0].kind == Kind::Secret && shown.fields[0].hint.is_some());
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
    let (house, _, caller) = place.local_with_scout().await;
    let form = OpenForm::at(&house, &caller, "default").await;
    let done = form.submit(&house, OPENAI_KEY).await.unwrap();
    assert!(matches!(done, Submitted::Done(login) if login.state.is_final()));
    let again = form.submit(&house, OPENAI_KEY).await;
    assert_eq!(code(again), ErrorCode::Gone);
    assert_eq!(code(form.reload(&house).await), ErrorCode::Gone);
    let logins = &house.services.logins;
    let view = logins.show(&caller, &form.id).await.unwrap();
    assert!(matches!(view.session.state, LoginState::Completed { .. }));
    assert_eq!(house.count("login.completed").await, 1);
}

async fn a_key_that_does_not_fit_shows_the_form_again(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let form = OpenForm::at(&house, &caller, "default").await;
    for wrong in [
        "",
        "pk-wrong",
        "sk-0123456789abcdefghijkl\r\nX: y",
        &"sk-".repeat(30_000),
    ] {
        let again = form.submit(&house, wrong).await;
        let Ok(Submitted::TryAgain(shown)) = again else {
            panic!("{again:?}");
        };
        assert!(
            shown
                .problem
                .is_some_and(|p| wrong.is_empty() || !p.contains(wrong))
        );
    }
    assert!(!house.has_connections(&caller).await);
    let done = form.submit(&house, OPENAI_KEY).await;
    assert!(matches!(done.unwrap(), Submitted::Done(_)));
}

async fn a_form_without_its_own_token_is_refused(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let mine = OpenForm::at(&house, &caller, "default").await;
    let other = OpenForm::at(&house, &caller, "other").await;
    for csrf in [&Token::new(""), &Token::new("x"), &other.csrf] {
        let refused = submit(&house, &mine.id, mine.visitor(), (csrf, OPENAI_KEY)).await;
        assert_eq!(code(refused), ErrorCode::Forbidden);
    }
    for visitor in [Visitor::default(), other.visitor()] {
        let refused = submit(&house, &mine.id, visitor, (&mine.csrf, OPENAI_KEY)).await;
        assert!(matches!(
            code(refused),
            ErrorCode::Forbidden | ErrorCode::Unauthenticated
        ));
    }
    let logins = &house.services.logins;
    let view = logins.show(&caller, &mine.id).await.unwrap();
    assert_eq!(view.session.state, LoginState::WaitingForUser);
    let done = mine.submit(&house, OPENAI_KEY).await;
    assert!(
        matches!(done.unwrap(), Submitted::Done(_)),
        "the token was good"
    );
}

async fn a_form_is_gone_after_ten_minutes(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let id = house.begin(&caller, "openai", "default").await;
    let ticket = ticket(&house, &caller, &id).await;
    let cookie = bind(&house, &id, with_ticket(&ticket)).await;
    let csrf = form(&house, &id, with_cookie(&cookie)).await.csrf;
    house.advance(Duration::minutes(10));
    let logins = &house.services.logins;
    for visitor in [with_cookie(&cookie), with_ticket(&ticket)] {
        assert_eq!(code(logins.open_form(&id, visitor).await), ErrorCode::Gone);
    }
    let late = submit(&house, &id, with_cookie(&cookie), (&csrf, OPENAI_KEY));
    assert_eq!(code(late.await), ErrorCode::Gone);
    assert!(!house.has_connections(&caller).await);
}

async fn a_bound_form_survives_a_restart(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let form = OpenForm::at(&house, &caller, "default").await;
    house.close().await;
    let house = place.local().await;
    let done = form.submit(&house, OPENAI_KEY).await;
    assert!(matches!(done.unwrap(), Submitted::Done(_)));
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
    let stolen = submit(&house, &id, visitor, (&csrf, OPENAI_KEY)).await;
    assert_eq!(code(stolen), ErrorCode::NotFound);
    let visitor = signed_in(&owner, Some(&cookie));
    let done = submit(&house, &id, visitor, (&csrf, OPENAI_KEY)).await;
    assert!(matches!(done.unwrap(), Submitted::Done(_)));
    assert_eq!(
        house.resolve(&scout, "openai", None).await.unwrap(),
        OPENAI_KEY
    );
}

async fn hosted_only_an_administrator_enters_our_client(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let logins = &house.services.logins;
    let guests = house.agent_of(&guest, "guests").await;
    let caller = house.caller(&guests).await;
    let id = house.begin(&caller, "github", "default").await;
    let cookie = bind(&house, &id, signed_in(&guest, None)).await;
    let refused = logins.open_form(&id, signed_in(&guest, Some(&cookie)));
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::OperationNotAllowed);
    let hint = refused.next_step().unwrap_or_default();
    assert!(hint.contains("administrator"), "{hint}");

    let admins = house.agent_of(&admin, "admins").await;
    let caller = house.caller(&admins).await;
    let id = house.begin(&caller, "github", "default").await;
    let cookie = bind(&house, &id, signed_in(&admin, None)).await;
    let shown = form(&house, &id, signed_in(&admin, Some(&cookie))).await;
    let names: Vec<&str> = shown.fields.iter().map(|field| field.name).collect();
    assert_eq!(names, ["client_id", "client_secret"]);
    let input = FormInput {
        csrf: shown.csrf.reveal().to_owned(),
        answers: Answers::new([("client_id".to_owned(), Typed::new("ours"))]),
    };
    let visitor = signed_in(&admin, Some(&cookie));
    let on = logins.submit_form(&id, visitor, input).await.unwrap();
    assert!(matches!(on, Submitted::GoOn(url) if url.query().unwrap().contains("client_id=ours")));
    // It is there for everybody now.
    let caller = house.caller(&guests).await;
    let id = house.begin(&caller, "github", "later").await;
    let cookie = bind(&house, &id, signed_in(&guest, None)).await;
    let shown = form(&house, &id, signed_in(&guest, Some(&cookie))).await;
    assert!(shown.fields.is_empty(), "{:?}", shown.fields);
}

async fn a_closed_form_ends_the_login(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let form = OpenForm::at(&house, &caller, "default").await;
    let logins = &house.services.logins;
    let forged = logins.cancel_form(&form.id, form.visitor(), "x").await;
    assert_eq!(code(forged), ErrorCode::Forbidden);
    let csrf = form.csrf.reveal();
    let closed = logins.cancel_form(&form.id, form.visitor(), csrf).await;
    assert_eq!(closed.unwrap().state, LoginState::Cancelled);
    let view = logins.show(&caller, &form.id).await.unwrap();
    assert_eq!(view.session.state, LoginState::Cancelled);
}
