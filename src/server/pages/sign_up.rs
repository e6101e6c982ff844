//! Making an account: by the set-up link, or by an invitation.

use super::entrance::{Attempt, Coming, Credentials, again, check_form, enter};
use super::prose::{Piece, sentence};
use super::render::{Page, page, see_other};
use crate::api::paths;
use crate::model::{Email, Role};
use crate::secret::{Password, Token};
use crate::server::cookies::Cookie;
use crate::server::error::ApiError;
use crate::server::extract::{Browser, Cookies, ForPerson, Form, Query, SignInFrom};
use crate::server::form_token::FormToken;
use crate::server::next::Next;
use crate::server::state::App;
use crate::services::SignUp;
use askama::Template;
use axum::extract::State;
use http::StatusCode;

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

pub(super) async fn open(
    State(app): State<App>,
    ForPerson(Query(coming)): ForPerson<Query<Coming>>,
    browser: Browser,
    cookies: Cookies,
) -> Page {
    let attempt = Attempt::default();
    let shown = show(&app, &cookies, &coming, StatusCode::OK, &attempt).await;
    // Whoever opens their own used link again is where it led them.
    match shown {
        Err(error) if error.is_forbidden() && browser.session.is_some() => {
            see_other(paths::DASHBOARD)
        }
        shown => shown,
    }
}

async fn show(
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
    SignInFrom(from): SignInFrom,
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
            let shown = show(&app, &cookies, &coming, status, &attempt).await?;
            Ok(problem.delay(shown))
        }
    }
}

/// Whether the password is what to type again.
fn mentions_password(problem: &str) -> bool {
    problem.contains("password")
}
