//! The form that takes a key from a person and gives it to nobody but the vault.

use super::message;
use super::prose::{Piece, sentence};
use super::render::{Page, clock_time, page, see_other, with_cookie};
use super::sign_in::sign_in_first;
use crate::api::paths;
use crate::model::{ErrorCode, LoginSession, LoginSessionId, LoginState};
use crate::secret::{ApiKey, Token};
use crate::server::cookies::Cookie;
use crate::server::extract::{Browser, Cookies, ForPerson, Form, Path, Query};
use crate::server::next::Next;
use crate::server::state::App;
use crate::services::{self, Field, FormInput, FormVisit, LoginForm, Submitted, Visitor};
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Coming {
    ticket: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Input {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    action: String,
    api_key: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "login_form.html")]
struct FormPage<'a> {
    display_name: &'a str,
    agent: &'a str,
    connection: &'a str,
    hosts: &'a [String],
    docs_url: Option<&'a str>,
    action: String,
    csrf: &'a str,
    fields: &'a [Field],
    problem: Option<Vec<Piece>>,
    ends: String,
}

pub(super) async fn open(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(LoginSessionId,)>>,
    ForPerson(Query(coming)): ForPerson<Query<Coming>>,
    browser: Browser,
    cookies: Cookies,
) -> Page {
    let ticket = coming.ticket.map(Token::new);
    let cookie = cookies.find(Cookie::Login, &app);
    let visitor = Visitor {
        person: browser.session.as_ref().map(|session| &session.person),
        ticket: ticket.as_ref(),
        cookie: cookie.as_ref(),
    };
    match app.services.logins.open_form(&id, visitor).await {
        Ok(FormVisit::Form(form)) => show(StatusCode::OK, &form),
        Ok(FormVisit::Bound { cookie, expires_at }) => {
            let place = place(&id);
            let bound = Cookie::Login.set(&app.origins, &cookie, &place, expires_at);
            Ok(with_cookie(see_other(&paths::login_input(&id))?, bound))
        }
        Err(error) => refused(&app, &cookies, &id, error).await,
    }
}

/// Hosted, whoever is not signed in may do that first; the rest is told as it is.
async fn refused(
    app: &App,
    cookies: &Cookies,
    id: &LoginSessionId,
    error: services::Error,
) -> Page {
    if app.origins.is_hosted() && error.code() == ErrorCode::Unauthenticated {
        return sign_in_first(app, cookies, &Next::parse(&paths::login_input(id))).await;
    }
    if error.code() == ErrorCode::Unauthenticated {
        return message::incomplete(error.message());
    }
    Err(error.into())
}

pub(super) async fn submit(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(LoginSessionId,)>>,
    browser: Browser,
    cookies: Cookies,
    ForPerson(Form(input)): ForPerson<Form<Input>>,
) -> Page {
    let cookie = cookies.find(Cookie::Login, &app);
    let visitor = Visitor {
        person: browser.session.as_ref().map(|session| &session.person),
        ticket: None,
        cookie: cookie.as_ref(),
    };
    let logins = &app.services.logins;
    if input.action == "cancel" {
        let session = logins.cancel_form(&id, visitor, &input.csrf).await?;
        return finished(&app, &session).await;
    }
    let filled = FormInput {
        csrf: input.csrf,
        api_key: input.api_key.map(ApiKey::new),
    };
    match logins.submit_form(&id, visitor, filled).await? {
        Submitted::Done(session) => finished(&app, &session).await,
        Submitted::TryAgain(form) => show(StatusCode::BAD_REQUEST, &form),
    }
}

/// The cookie of one form goes to that form alone.
fn place(id: &LoginSessionId) -> String {
    paths::login(id)
}

fn show(status: StatusCode, form: &LoginForm) -> Page {
    let session = &form.session;
    page(
        status,
        &FormPage {
            display_name: &form.provider.display_name,
            agent: session.identity.as_str(),
            connection: session.connection.as_str(),
            hosts: &form.provider.api_url,
            docs_url: form.provider.docs_url.as_deref(),
            action: paths::login_input(&session.id),
            csrf: form.csrf.reveal(),
            fields: &form.fields,
            problem: form.problem.as_deref().map(sentence),
            ends: clock_time(session.expires_at),
        },
    )
}

async fn finished(app: &App, session: &LoginSession) -> Page {
    let provider = match app.services.providers.get(&session.provider).await {
        Ok(provider) => provider.display_name.clone(),
        Err(_) => session.provider.to_string(),
    };
    match &session.state {
        LoginState::Failed { error } => message::called_off(
            "Not connected",
            error,
            "Run `authsome login` again in your terminal.",
        ),
        LoginState::Cancelled | LoginState::Expired => message::called_off(
            "Cancelled",
            "Nothing was stored.",
            "You can close this page.",
        ),
        LoginState::Pending
        | LoginState::WaitingForUser
        | LoginState::Processing
        | LoginState::Completed { .. } => message::done(
            "Login successful",
            &format!(
                "the key for {provider} is stored as the connection `{}`",
                session.connection
            ),
            "You can close this page and go back to your terminal.",
        ),
    }
}
