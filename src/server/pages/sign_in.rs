//! Signing in and out.

use super::entrance::{Attempt, Coming, Credentials, again, check_form, enter};
use super::prose::{Piece, sentence};
use super::render::{Page, page, see_other, with_cookie};
use crate::api::paths;
use crate::secret::Password;
use crate::server::cookies::Cookie;
use crate::server::extract::{Browser, Cookies, ForPerson, Form, Person, Query, SignInFrom};
use crate::server::form_token::FormToken;
use crate::server::next::Next;
use crate::server::state::App;
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Leaving {
    #[serde(default)]
    csrf: String,
}

#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    site: &'a str,
    csrf: &'a str,
    next: &'a str,
    email: &'a str,
    problem: Option<Vec<Piece>>,
    is_local: bool,
    is_interrupted: bool,
}

/// The sign-in page in place of the page that was asked for.
pub(in crate::server) async fn sign_in_first(app: &App, cookies: &Cookies, next: &Next) -> Page {
    let attempt = Attempt::default();
    show(app, cookies, next, StatusCode::UNAUTHORIZED, &attempt)
}

pub(super) async fn open(
    State(app): State<App>,
    ForPerson(Query(coming)): ForPerson<Query<Coming>>,
    browser: Browser,
    cookies: Cookies,
) -> Page {
    let next = Next::parse(&coming.next);
    if browser.session.is_some() {
        return see_other(next.as_str());
    }
    show(&app, &cookies, &next, StatusCode::OK, &Attempt::default())
}

fn show(
    app: &App,
    cookies: &Cookies,
    next: &Next,
    status: StatusCode,
    attempt: &Attempt<'_>,
) -> Page {
    let token = FormToken::of(cookies.find(Cookie::Form, app))?;
    let shown = page(
        status,
        &SignInPage {
            site: app.origins.host(),
            csrf: token.field().reveal(),
            next: next.as_str(),
            email: attempt.email,
            problem: attempt.problem.as_deref().map(sentence),
            is_local: !app.origins.is_hosted(),
            is_interrupted: !next.is_home(),
        },
    )?;
    Ok(token.hand_out(shown, app))
}

pub(super) async fn sign_in(
    State(app): State<App>,
    SignInFrom(from): SignInFrom,
    cookies: Cookies,
    ForPerson(Form(form)): ForPerson<Form<Credentials>>,
) -> Page {
    check_form(&app, &cookies, &form.csrf)?;
    let next = Next::parse(&form.next);
    let previous = cookies.find(Cookie::Session, &app);
    let password = Password::new(form.password);
    let accounts = &app.services.accounts;
    match accounts
        .sign_in(&form.email, password, from, previous.as_ref())
        .await
    {
        Ok(opened) => enter(&app, &opened, &next),
        Err(error) => {
            let (status, problem) = again(error)?;
            let attempt = Attempt {
                email: &form.email,
                problem: Some(problem.text()),
            };
            let shown = show(&app, &cookies, &next, status, &attempt)?;
            Ok(problem.delay(shown))
        }
    }
}

pub(super) async fn sign_out(
    State(app): State<App>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Leaving>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    app.services.accounts.sign_out(&person.cookie).await?;
    let cleared = Cookie::Session.clear(&app.origins);
    Ok(with_cookie(see_other(paths::SIGN_IN)?, cleared))
}
