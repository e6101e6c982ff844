//! Setting a client, or another in its place: what the last one got ends, and is agreed to before.

use super::{issued, variable};
use crate::model::{ErrorCode, Provider, ProviderName};
use crate::secret::ClientSecret;
use crate::server::error::ApiError;
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::problem::{Problem, told};
use crate::server::pages::prose::{Piece, sentence};
use crate::server::pages::render::{Nav, Page, page, see_other};
use crate::server::state::App;
use crate::services::{ClientView, NewClient, ProviderClients};
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use std::fmt;

/// The form as it was filled in.
#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    base_url: String,
    /// How many connections it was agreed to end.
    #[serde(default)]
    ends: Option<u64>,
}

/// Without the secret.
impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed")
            .field("client_id", &self.client_id)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Template)]
#[template(path = "settings/client.html")]
struct SetClient<'a> {
    nav: Nav,
    provider: &'a Provider,
    redirect_uri: String,
    /// The client there is.
    current: Option<ClientView>,
    /// How many connections end, in words.
    ends: Option<String>,
    client_id: &'a str,
    base_url: &'a str,
    problem: Option<Vec<Piece>>,
}

impl SetClient<'_> {
    fn count(&self) -> u64 {
        self.current.as_ref().map_or(0, |current| current.issued)
    }
}

pub(super) async fn open(
    State(app): State<App>,
    ForPerson(Path((name,))): ForPerson<Path<(ProviderName,)>>,
    person: Person,
) -> Page {
    let current = app.services.clients.find(person.actor(), &name).await?;
    let provider = app.services.providers.get(&name).await?;
    check(&provider, current.as_ref())?;
    show(&app, &person, &provider, current, None)
}

pub(super) async fn set(
    State(app): State<App>,
    ForPerson(Path((name,))): ForPerson<Path<(ProviderName,)>>,
    person: Person,
    ForPerson(Form(typed)): ForPerson<Form<Typed>>,
) -> Page {
    person.check_csrf(&typed.csrf)?;
    let clients = &app.services.clients;
    let current = clients.find(person.actor(), &name).await?;
    let provider = app.services.providers.get(&name).await?;
    check(&provider, current.as_ref())?;
    let ends = current.as_ref().map_or(0, |current| current.issued);
    if ends > 0 && typed.ends != Some(ends) {
        let problem = Problem {
            status: StatusCode::BAD_REQUEST,
            text: sentence("another client ends what this one got; agree to that below"),
        };
        let again = Some((&typed, problem));
        return show(&app, &person, &provider, current, again);
    }
    let secret = Some(typed.client_secret.as_str()).filter(|secret| !secret.trim().is_empty());
    let site = Some(typed.base_url.trim()).filter(|site| !site.is_empty());
    let client = NewClient {
        client_id: typed.client_id.clone(),
        client_secret: secret.map(ClientSecret::new),
        base_url: site.map(str::to_owned),
    };
    match clients.set(person.actor(), &name, client).await {
        Ok(_) => see_other(&format!("/ui/settings/clients?done=set&name={name}")),
        Err(error) => {
            let problem = told(error)?;
            let again = Some((&typed, problem));
            show(&app, &person, &provider, current, again)
        }
    }
}

/// Refuses where a client is of no use, or is the operator's.
fn check(provider: &Provider, current: Option<&ClientView>) -> Result<(), ApiError> {
    let name = &provider.display_name;
    let refused = |message| ApiError::new(ErrorCode::OperationNotAllowed, message);
    if let Some(variable) = current.and_then(variable) {
        let message = format!("the OAuth client at {name} is set by {variable}");
        let hint = "change it where the daemon gets its environment, and start the daemon again";
        return Err(refused(message).hint(hint));
    }
    if ProviderClients::takes_client(provider) {
        return Ok(());
    }
    let message = format!("nobody logs in to {name} by an OAuth client of this daemon");
    Err(refused(message).hint("connect it on its own page"))
}

/// The form; again with what was typed into it, but the secret.
fn show(
    app: &App,
    person: &Person,
    provider: &Provider,
    current: Option<ClientView>,
    again: Option<(&Typed, Problem)>,
) -> Page {
    let typed = again.as_ref().map(|(typed, _)| *typed);
    let old_id = current.as_ref().and_then(|one| one.client_id.clone());
    let old_site = current.as_ref().and_then(|one| one.base_url.clone());
    let (old_id, old_site) = (old_id.unwrap_or_default(), old_site.unwrap_or_default());
    let ends = current.as_ref().filter(|one| one.issued > 0);
    page(
        again
            .as_ref()
            .map_or(StatusCode::OK, |(_, problem)| problem.status),
        &SetClient {
            nav: Nav::of(person, "Settings"),
            provider,
            redirect_uri: app.services.clients.redirect_uri(),
            ends: ends.map(|one| issued(one.issued)),
            client_id: typed.map_or(&old_id, |typed| &typed.client_id),
            base_url: typed.map_or(&old_site, |typed| &typed.base_url),
            current,
            problem: again.map(|(_, problem)| problem.text),
        },
    )
}
