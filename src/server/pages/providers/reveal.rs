//! The one page with a secret on it: for who asks for just that one, for some seconds.

use super::act::{Names, facts, find};
use super::detail;
use super::{Confirmed, app_page};
use crate::model::{ConnectionName, Credential};
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::ask::{Question, ask as ask_first};
use crate::server::pages::render::{Nav, Page, page};
use crate::server::state::App;
use askama::Template;
use axum::extract::State;
use http::StatusCode;

/// How long a secret is shown, in seconds.
const SHOWN: u32 = 20;

/// What it holds is shown once; nothing prints it otherwise.
#[derive(Template)]
#[template(path = "providers/reveal.html")]
struct Revealed<'a> {
    nav: Nav,
    service: &'a str,
    name: &'a ConnectionName,
    back: String,
    seconds: u32,
    /// What each is, and the secret.
    secrets: Vec<(String, &'a str)>,
}

pub(super) async fn ask(
    State(app): State<App>,
    ForPerson(Path((provider, name))): Names,
    person: Person,
) -> Page {
    let (connection, service) = find(&app, &person, &provider, &name).await?;
    ask_first(
        &person,
        "Providers",
        &Question {
            title: &format!("Show the secret of {service}?"),
            text: &format!(
                "Whoever sees it can use the account until it is revoked there. It is shown for {SHOWN} seconds, and that you looked at it is recorded in the audit log"
            ),
            facts: facts(&service, &connection),
            action: format!("/ui/apps/{provider}/{name}/reveal"),
            fields: Vec::new(),
            yes: "Show it",
            is_danger: false,
            no: "Leave it hidden",
            back: app_page(&provider),
        },
    )
}

pub(super) async fn show(
    State(app): State<App>,
    ForPerson(Path((provider, name))): Names,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let (_, service) = find(&app, &person, &provider, &name).await?;
    let connections = &app.services.connections;
    let shown = connections.show(person.actor(), &provider, &name, true);
    let record = match shown.await {
        Ok(record) => record,
        Err(error) => return detail::failed(&app, &person, &provider, error).await,
    };
    page(
        StatusCode::OK,
        &Revealed {
            nav: Nav::of(&person, "Providers"),
            service: &service,
            name: &name,
            back: app_page(&provider),
            seconds: SHOWN,
            secrets: record.credential.as_ref().map(secrets).unwrap_or_default(),
        },
    )
}

/// What an agent would get by it; what renews it stays sealed.
fn secrets(credential: &Credential) -> Vec<(String, &str)> {
    match credential {
        Credential::ApiKey { key } => vec![("API key".to_owned(), key.reveal())],
        Credential::OAuth2 { access_token, .. } | Credential::Minted { access_token, .. } => {
            vec![("Access token".to_owned(), access_token.reveal())]
        }
        Credential::Cookies { cookies, .. } => cookies
            .iter()
            .map(|(name, value)| (format!("Cookie {name}"), value.reveal()))
            .collect(),
    }
}
