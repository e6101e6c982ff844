//! The pages of a login in progress: its form, the consent to a provider, the code of a device, and the
//! way back from the provider. What is typed goes to nobody but the vault.

use super::login_end::finished;
use super::message;
use super::picture::Picture;
use super::prose::{Piece, sentence};
use super::render::{Page, clock_time, leading_to, page, see_other, with_cookie};
use super::sign_in::sign_in_first;
use crate::api::paths;
use crate::model::provider::Flow;
use crate::model::{ErrorCode, Handle, LoginSessionId};
use crate::secret::{AuthorizationCode, Token, Typed};
use crate::server::cookies::Cookie;
use crate::server::extract::{Browser, Cookies, ForPerson, Form, Path, Query};
use crate::server::next::Next;
use crate::server::state::App;
use crate::services::{
    self, Answers, CodeVisit, Consent, Field, FormInput, FormVisit, Kind, LoginForm, Returned,
    Submitted, Visitor,
};
use askama::Template;
use axum::extract::{RawQuery, State};
use http::StatusCode;
use serde::Deserialize;
use std::collections::BTreeMap;

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
    #[serde(flatten)]
    answers: BTreeMap<String, String>,
}

/// What a provider's redirect brings (RFC 6749 section 4.1.2, RFC 9207).
#[derive(Deserialize)]
pub(super) struct FromProvider {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "login_form.html")]
struct FormPage<'a> {
    display_name: &'a str,
    /// Absent where the person began it on a page.
    agent: Option<&'a str>,
    connection: &'a str,
    hosts: &'a [String],
    docs_url: Option<&'a str>,
    /// Where a browser logs in, whose cookies are wanted.
    entry_url: Option<&'a str>,
    action: String,
    csrf: &'a str,
    fields: &'a [Field],
    problem: Option<Vec<Piece>>,
    ends: String,
    /// What the person gives.
    wanted: &'static str,
    stored: &'static str,
}

#[derive(Debug, Template)]
#[template(path = "login_consent.html")]
struct ConsentPage<'a> {
    display_name: &'a str,
    /// Absent where the person began it on a page.
    agent: Option<&'a str>,
    connection: &'a str,
    hosts: &'a [String],
    docs_url: Option<&'a str>,
    action: String,
    csrf: &'a str,
    fields: &'a [Field],
    problem: Option<Vec<Piece>>,
    ends: String,
    consent: &'a Consent,
}

#[derive(Debug, Template)]
#[template(path = "login_code.html")]
struct CodePage<'a> {
    display_name: &'a str,
    /// Absent where the person began it on a page.
    agent: Option<&'a str>,
    connection: &'a str,
    code: &'a str,
    at: &'a str,
    link: &'a str,
    picture: Option<Picture>,
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
        ticket: ticket.as_ref(),
        ..visitor(&browser, cookie.as_ref())
    };
    match app.services.logins.open_form(&id, visitor).await {
        Ok(FormVisit::Form(form)) => show(StatusCode::OK, &form),
        Ok(FormVisit::ShowCode) => see_other(&paths::login_device(&id)),
        Ok(FormVisit::Bound { cookie, expires_at }) => {
            let place = place(&id);
            let bound = Cookie::Login.set(&app.origins, &cookie, &place, expires_at);
            Ok(with_cookie(see_other(&paths::login_input(&id))?, bound))
        }
        Err(error) => refused(&app, &cookies, &id, error).await,
    }
}

/// Who is at the page of a login; a ticket comes by its link alone.
fn visitor<'a>(browser: &'a Browser, cookie: Option<&'a Token>) -> Visitor<'a> {
    Visitor {
        person: browser.session.as_ref().map(|session| &session.person),
        ticket: None,
        cookie,
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
    let visitor = visitor(&browser, cookie.as_ref());
    let logins = &app.services.logins;
    if input.action == "cancel" {
        let session = logins.cancel_form(&id, visitor, &input.csrf).await?;
        return finished(&app, &session).await;
    }
    let answers = input.answers.into_iter();
    let typed = answers.map(|(name, text)| (name, Typed::new(text)));
    let filled = FormInput {
        csrf: input.csrf,
        answers: Answers::new(typed),
    };
    match logins.submit_form(&id, visitor, filled).await? {
        Submitted::Done(session) => finished(&app, &session).await,
        Submitted::GoOn(url) => see_other(url.as_str()),
        Submitted::ShowCode => see_other(&paths::login_device(&id)),
        Submitted::TryAgain(form) => show(StatusCode::BAD_REQUEST, &form),
    }
}

/// The code of a device login; asks anew by itself until the login is over.
pub(super) async fn code(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(LoginSessionId,)>>,
    browser: Browser,
    cookies: Cookies,
) -> Page {
    let cookie = cookies.find(Cookie::Login, &app);
    let visitor = visitor(&browser, cookie.as_ref());
    match app.services.logins.open_code(&id, visitor).await? {
        CodeVisit::Over(session) => finished(&app, &session).await,
        CodeVisit::NotYet => see_other(&paths::login_input(&id)),
        CodeVisit::Code {
            session,
            provider,
            to_type,
        } => {
            let link = to_type.verification_uri_complete.as_ref();
            let link = link.unwrap_or(&to_type.verification_uri);
            page(
                StatusCode::OK,
                &CodePage {
                    display_name: &provider.display_name,
                    agent: session.identity.as_ref().map(Handle::as_str),
                    connection: session.connection.as_str(),
                    code: &to_type.user_code,
                    at: &to_type.verification_uri,
                    link,
                    picture: Picture::of(link),
                    ends: clock_time(session.expires_at),
                },
            )
        }
    }
}

/// A provider sends a person back here. The cookie that binds a login to its browser lives below that
/// login's own path, so what came goes on there.
pub(super) async fn return_from_provider(
    State(app): State<App>,
    ForPerson(Query(came)): ForPerson<Query<FromProvider>>,
    RawQuery(query): RawQuery,
) -> Page {
    let state = Token::new(came.state);
    let id = app.services.logins.find_by_state(&state).await?;
    let query = query.unwrap_or_default();
    see_other(&format!("{}?{query}", paths::login_return(&id)))
}

pub(super) async fn finish(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(LoginSessionId,)>>,
    ForPerson(Query(came)): ForPerson<Query<FromProvider>>,
    browser: Browser,
    cookies: Cookies,
) -> Page {
    let cookie = cookies.find(Cookie::Login, &app);
    let visitor = visitor(&browser, cookie.as_ref());
    let returned = Returned {
        state: Token::new(came.state),
        code: came.code.map(AuthorizationCode::new),
        error: came.error,
        error_description: came.error_description,
        issuer: came.iss,
    };
    let logins = &app.services.logins;
    let session = logins.callback(&id, visitor, returned).await?;
    finished(&app, &session).await
}

/// The cookie of one form goes to that form alone.
fn place(id: &LoginSessionId) -> String {
    paths::login(id)
}

fn show(status: StatusCode, form: &LoginForm) -> Page {
    let session = &form.session;
    let problem = form.problem.as_deref().map(sentence);
    let action = paths::login_input(&session.id);
    let Some(consent) = &form.consent else {
        return page(
            status,
            &FormPage {
                display_name: &form.provider.display_name,
                agent: session.identity.as_ref().map(Handle::as_str),
                connection: session.connection.as_str(),
                hosts: &form.hosts,
                docs_url: form.provider.docs_url.as_deref(),
                entry_url: form
                    .provider
                    .browser
                    .as_ref()
                    .and_then(|browser| browser.entry_url.as_deref()),
                action,
                csrf: form.csrf.reveal(),
                fields: &form.fields,
                problem,
                ends: clock_time(session.expires_at),
                wanted: wanted(session.flow),
                stored: stored(session.flow),
            },
        );
    };
    let shown = page(
        status,
        &ConsentPage {
            display_name: &form.provider.display_name,
            agent: session.identity.as_ref().map(Handle::as_str),
            connection: session.connection.as_str(),
            hosts: &form.hosts,
            docs_url: form.provider.docs_url.as_deref(),
            action,
            csrf: form.csrf.reveal(),
            fields: &form.fields,
            problem,
            ends: clock_time(session.expires_at),
            consent,
        },
    )?;
    Ok(leading_to(shown, consent.origin.as_deref()))
}

fn wanted(flow: Flow) -> &'static str {
    match flow {
        Flow::ClientCredentials => "client",
        Flow::Browser => "session",
        Flow::Pkce
        | Flow::DeviceCode
        | Flow::DcrPkce
        | Flow::JwtBearer
        | Flow::GithubApp
        | Flow::ApiKey => "key",
    }
}

/// What is kept of it, for the person who gives it.
fn stored(flow: Flow) -> &'static str {
    match flow {
        Flow::ApiKey => "the key",
        Flow::ClientCredentials => "the client’s ID and secret, and the tokens they give",
        Flow::JwtBearer | Flow::GithubApp => "the private key, and the tokens it gives",
        Flow::Browser => "the cookies of the session",
        Flow::Pkce | Flow::DeviceCode | Flow::DcrPkce => "the tokens you are given",
    }
}
