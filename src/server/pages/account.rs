//! Signing up, in and out, and changing the password.
//!
//! The sign-in and sign-up forms have no session to bind their token to, so a cookie of their own
//! binds them to the browser that opened them.

use super::prose::{Piece, sentence};
use super::render::{Nav, Page, PageError, page, see_other, with_cookie};
use crate::api::paths;
use crate::model::{Email, ErrorCode, Role};
use crate::secret::{Password, Token};
use crate::server::cookies::Cookie;
use crate::server::error::ApiError;
use crate::server::extract::{
    Browser, Cookies, ForPerson, Form, PeerAddress, Person, Query, check_csrf,
};
use crate::server::form_token::FormToken;
use crate::server::next::Next;
use crate::server::state::App;
use crate::services::{self, NewSession, SignUp};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Coming {
    #[serde(default)]
    next: String,
    #[serde(default)]
    token: String,
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    token: String,
    email: String,
    password: String,
}

#[derive(Deserialize)]
pub(super) struct PasswordChange {
    #[serde(default)]
    csrf: String,
    current: String,
    new: String,
}

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

#[derive(Debug, Template)]
#[template(path = "sign_up.html")]
struct SignUpPage<'a> {
    site: &'a str,
    csrf: &'a str,
    next: &'a str,
    token: &'a str,
    email: &'a str,
    problem: Option<Vec<Piece>>,
    is_admin: bool,
    invited: Option<Email>,
    at_password: bool,
}

#[derive(Debug, Template)]
#[template(path = "account.html")]
struct AccountPage {
    nav: Nav,
    problem: Option<Vec<Piece>>,
    at_new: bool,
}

/// What a form page shows beside its empty fields.
#[derive(Debug, Default)]
struct Attempt<'a> {
    email: &'a str,
    problem: Option<String>,
}

/// The sign-in page in place of the page that was asked for.
pub(in crate::server) async fn sign_in_first(app: &App, cookies: &Cookies, next: &Next) -> Page {
    let attempt = Attempt::default();
    show_sign_in(app, cookies, next, StatusCode::UNAUTHORIZED, &attempt)
}

pub(super) async fn open_sign_in(
    State(app): State<App>,
    ForPerson(Query(coming)): ForPerson<Query<Coming>>,
    browser: Browser,
    cookies: Cookies,
) -> Page {
    let next = Next::parse(&coming.next);
    if browser.session.is_some() {
        return see_other(next.as_str());
    }
    show_sign_in(&app, &cookies, &next, StatusCode::OK, &Attempt::default())
}

fn show_sign_in(
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
    PeerAddress(from): PeerAddress,
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
            let shown = show_sign_in(&app, &cookies, &next, status, &attempt)?;
            Ok(problem.delay(shown))
        }
    }
}

pub(super) async fn open_sign_up(
    State(app): State<App>,
    ForPerson(Query(coming)): ForPerson<Query<Coming>>,
    browser: Browser,
    cookies: Cookies,
) -> Page {
    let attempt = Attempt::default();
    let shown = show_sign_up(&app, &cookies, &coming, StatusCode::OK, &attempt).await;
    // Whoever opens their own used link again is where it led them.
    match shown {
        Err(error) if error.is_forbidden() && browser.session.is_some() => {
            see_other(paths::DASHBOARD)
        }
        shown => shown,
    }
}

async fn show_sign_up(
    app: &App,
    cookies: &Cookies,
    coming: &Coming,
    status: StatusCode,
    attempt: &Attempt<'_>,
) -> Page {
    let invitation = (!coming.token.is_empty()).then(|| Token::new(coming.token.as_str()));
    let role = app.services.accounts.sign_up_open(invitation.as_ref());
    let Some(role) = role.await? else {
        return Err(closed(invitation.is_some()).into());
    };
    let invited = app.services.accounts.invited(invitation.as_ref()).await?;
    let token = FormToken::of(cookies.find(Cookie::Form, app))?;
    let shown = page(
        status,
        &SignUpPage {
            site: app.origins.host(),
            csrf: token.field().reveal(),
            next: Next::parse(&coming.next).as_str(),
            token: &coming.token,
            email: match &invited {
                Some(invited) if attempt.email.is_empty() => invited.as_str(),
                _ => attempt.email,
            },
            at_password: invited.is_some()
                || mentions_password(attempt.problem.as_deref().unwrap_or_default()),
            problem: attempt.problem.as_deref().map(sentence),
            is_admin: role == Role::Admin,
            invited: invited.clone(),
        },
    )?;
    Ok(token.hand_out(shown, app))
}

fn closed(invited: bool) -> ApiError {
    let message = if invited {
        "this invitation was used, or is too old"
    } else {
        "this daemon takes new accounts by invitation only"
    };
    ApiError::forbidden(message).hint("ask an administrator of this daemon for an invitation")
}

pub(super) async fn sign_up(
    State(app): State<App>,
    PeerAddress(from): PeerAddress,
    cookies: Cookies,
    ForPerson(Form(form)): ForPerson<Form<Credentials>>,
) -> Page {
    check_form(&app, &cookies, &form.csrf)?;
    let wish = SignUp {
        email: form.email.clone(),
        password: Password::new(form.password),
        token: (!form.token.is_empty()).then(|| Token::new(form.token.as_str())),
    };
    let coming = Coming {
        next: form.next,
        token: form.token,
    };
    match app.services.accounts.sign_up(wish, from).await {
        Ok(opened) => enter(&app, &opened, &Next::parse(&coming.next)),
        Err(error) => {
            let (status, problem) = again(error)?;
            let attempt = Attempt {
                email: &form.email,
                problem: Some(problem.text()),
            };
            let shown = show_sign_up(&app, &cookies, &coming, status, &attempt).await?;
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

pub(super) async fn open(person: Person) -> Page {
    show_account(&person, StatusCode::OK, None)
}

fn show_account(person: &Person, status: StatusCode, problem: Option<&str>) -> Page {
    let nav = Nav::of(person, "account");
    let at_new = problem.is_some_and(|problem| !problem.contains("current"));
    let problem = problem.map(sentence);
    page(
        status,
        &AccountPage {
            nav,
            problem,
            at_new,
        },
    )
}

pub(super) async fn change_password(
    State(app): State<App>,
    PeerAddress(from): PeerAddress,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<PasswordChange>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let (current, new) = (Password::new(form.current), Password::new(form.new));
    let accounts = &app.services.accounts;
    let changed = accounts.change_password(&person.session.person, current, new, from);
    match changed.await {
        Ok(opened) => enter(&app, &opened, &Next::parse("/ui/?changed=password")),
        Err(error) => {
            let (status, problem) = again(error)?;
            let shown = show_account(&person, status, Some(&problem.text()))?;
            Ok(problem.delay(shown))
        }
    }
}

/// Whether the password is what to type again.
fn mentions_password(problem: &str) -> bool {
    problem.contains("password")
}

/// Sets the session cookie and goes on.
fn enter(app: &App, opened: &NewSession, next: &Next) -> Page {
    let cookie = Cookie::Session.set(&app.origins, &opened.token, "/", opened.session.expires_at);
    let target = if next.is_home() {
        paths::DASHBOARD
    } else {
        next.as_str()
    };
    Ok(with_cookie(see_other(target)?, cookie))
}

fn check_form(app: &App, cookies: &Cookies, sent: &str) -> Result<(), ApiError> {
    let Some(cookie) = cookies.find(Cookie::Form, app) else {
        return Err(ApiError::forbidden("this form came without its cookie")
            .hint("allow cookies for this site and open the page again"));
    };
    check_csrf(&FormToken::new(cookie).field(), sent)
}

/// A failure the form can show, so that the person tries again.
struct Problem(ApiError);

impl Problem {
    /// What is wrong; and after too many tries, how long to wait.
    fn text(&self) -> String {
        let message = self.0.message();
        match self.0.next_step() {
            Some(hint) if self.0.code() == ErrorCode::TooManyRequests => {
                format!("{message}; {hint}")
            }
            _ => message.to_owned(),
        }
    }

    /// Says when to come back, where that is known.
    fn delay(&self, mut response: Response) -> Response {
        if let Some(seconds) = self.0.comes_back() {
            let headers = response.headers_mut();
            headers.insert(http::header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Which failures are the form again, and with which status; the rest are pages of their own.
fn again(error: services::Error) -> Result<(StatusCode, Problem), PageError> {
    let error = ApiError::from(error);
    match error.code() {
        ErrorCode::AuthenticationFailed
        | ErrorCode::InvalidInput
        | ErrorCode::Conflict
        | ErrorCode::OperationNotAllowed => Ok((StatusCode::BAD_REQUEST, Problem(error))),
        ErrorCode::TooManyRequests => Ok((StatusCode::TOO_MANY_REQUESTS, Problem(error))),
        _ => Err(error.into()),
    }
}
