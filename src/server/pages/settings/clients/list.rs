//! Every client there is, and the way to another.

use super::{issued, variable};
use crate::model::ProviderName;
use crate::server::extract::{ForPerson, Person, Query};
use crate::server::pages::names;
use crate::server::pages::render::{Nav, Page, page, see_other};
use crate::server::state::App;
use crate::services::{ClientView, ProviderClients};
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct View {
    /// Where a client is to be set.
    provider: Option<ProviderName>,
    /// What was just done, and where.
    done: Option<String>,
    name: Option<ProviderName>,
}

#[derive(Debug, Template)]
#[template(path = "settings/clients.html")]
struct List {
    nav: Nav,
    notice: Option<String>,
    redirect_uri: String,
    clients: Vec<ClientRow>,
    /// Where a client can be set and none is yet: name and what it is called.
    others: Vec<(String, String)>,
}

#[derive(Debug)]
struct ClientRow {
    provider: String,
    display_name: String,
    /// `None` where it cannot be opened any more.
    client_id: Option<String>,
    has_secret: bool,
    base_url: Option<String>,
    variable: Option<String>,
    issued: String,
}

pub(super) async fn show(
    State(app): State<App>,
    ForPerson(Query(view)): ForPerson<Query<View>>,
    person: Person,
) -> Page {
    let services = &app.services;
    let found = services.clients.list(person.actor()).await?;
    if let Some(provider) = &view.provider {
        return see_other(&format!("/ui/settings/clients/{provider}"));
    }
    let mut clients = Vec::new();
    for client in &found {
        clients.push(ClientRow::of(&app, client).await);
    }
    page(
        StatusCode::OK,
        &List {
            nav: Nav::of(&person, "Settings"),
            notice: notice(&view, &clients),
            redirect_uri: services.clients.redirect_uri(),
            others: others(&app, &found).await?,
            clients,
        },
    )
}

async fn others(
    app: &App,
    taken: &[ClientView],
) -> Result<Vec<(String, String)>, crate::services::Error> {
    let all = app.services.providers.list().await?;
    let mut others: Vec<(String, String)> = all
        .bundled
        .iter()
        .chain(&all.custom)
        .filter(|provider| ProviderClients::takes_client(provider))
        .filter(|provider| taken.iter().all(|client| client.provider != provider.name))
        .map(|provider| (provider.name.to_string(), provider.display_name.clone()))
        .collect();
    others.sort_by_key(|(_, name)| name.to_lowercase());
    // A definition of our own may stand before a bundled one of the same name.
    others.dedup_by(|a, b| a.0 == b.0);
    Ok(others)
}

/// What was just done, said only where it is true.
fn notice(view: &View, clients: &[ClientRow]) -> Option<String> {
    let name = view.name.as_ref()?;
    let found = clients.iter().find(|row| row.provider == name.as_str());
    match (view.done.as_deref()?, found) {
        ("set", Some(row)) => Some(format!(
            "{} knows this daemon by this client now.",
            row.display_name
        )),
        ("forgotten", None) => Some(format!("The client at {name} is forgotten.")),
        _ => None,
    }
}

impl ClientRow {
    async fn of(app: &App, client: &ClientView) -> Self {
        Self {
            provider: client.provider.to_string(),
            display_name: names::service(app, &client.provider).await,
            client_id: client.client_id.clone(),
            has_secret: client.has_secret,
            base_url: client.base_url.clone(),
            variable: variable(client).map(str::to_owned),
            issued: issued(client.issued),
        }
    }
}
