//! The first dashboard: what is connected and who may use it. Nothing secret, nothing to break.

use super::account;
use super::render::{Nav, Page, moment, page, see_other, with_cookie};
use crate::api::paths;
use crate::model::{ClaimState, Connection, Handle};
use crate::secret::Token;
use crate::server::cookies::Cookie;
use crate::server::error::ApiError;
use crate::server::extract::{Browser, Cookies, ForPerson, Form, Path, Person, Query};
use crate::server::next::Next;
use crate::server::state::App;
use crate::services::IdentityStatus;
use askama::Template;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct View {
    /// The one-time sign-in code of `authsome ui`.
    code: Option<String>,
    /// The agent that was just accepted.
    claimed: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    nav: Nav,
    notice: Option<String>,
    connections: Vec<ConnectionRow>,
    agents: Vec<AgentRow>,
}

#[derive(Debug)]
struct ConnectionRow {
    service: String,
    name: String,
    is_default: bool,
    kind: &'static str,
    status: &'static str,
    tone: &'static str,
    since: String,
}

#[derive(Debug)]
struct AgentRow {
    handle: String,
    did: String,
    status: &'static str,
    tone: &'static str,
    can_be_ended: bool,
}

pub(super) async fn home() -> Page {
    see_other(paths::DASHBOARD)
}

pub(super) async fn show(
    State(app): State<App>,
    ForPerson(Query(view)): ForPerson<Query<View>>,
    browser: Browser,
    cookies: Cookies,
    headers: HeaderMap,
) -> Page {
    if let Some(code) = &view.code {
        return redeem(&app, &Token::new(code), &browser, &headers).await;
    }
    match browser.into_person() {
        Some(person) => dashboard(&app, &person, view.claimed.as_deref()).await,
        None => account::sign_in_first(&app, &cookies, &Next::parse(paths::DASHBOARD)).await,
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Ending {
    #[serde(default)]
    csrf: String,
}

/// Ends an agent: its next request is refused, here and at every running proxy.
pub(super) async fn revoke_agent(
    State(app): State<App>,
    ForPerson(Path((handle,))): ForPerson<Path<(Handle,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Ending>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let identities = &app.services.identities;
    identities.revoke(person.actor(), &handle).await?;
    see_other(paths::DASHBOARD)
}

/// Signs the browser in with a code from the terminal; a link on another site may not do that.
async fn redeem(app: &App, code: &Token, browser: &Browser, headers: &HeaderMap) -> Page {
    let site = headers
        .get("sec-fetch-site")
        .map(http::HeaderValue::as_bytes);
    if !matches!(site, None | Some(b"none" | b"same-origin")) {
        let refused = ApiError::forbidden("another site may not sign you in");
        return Err(refused.hint("run `authsome ui` in a terminal").into());
    }
    let accounts = &app.services.accounts;
    let opened = accounts
        .redeem_sign_in_code(code, browser.cookie.as_ref())
        .await?;
    let cookie = Cookie::Session.set(&app.origins, &opened.token, "/", opened.session.expires_at);
    Ok(with_cookie(see_other(paths::DASHBOARD)?, cookie))
}

async fn dashboard(app: &App, person: &Person, claimed: Option<&str>) -> Page {
    let services = &app.services;
    let mut connections = Vec::new();
    for group in services.connections.list(person.actor()).await? {
        let service = match services.providers.get(&group.provider).await {
            Ok(provider) => provider.display_name.clone(),
            Err(_) => group.provider.to_string(),
        };
        let rows = group.connections.iter();
        connections.extend(rows.map(|one| ConnectionRow::of(one, &service)));
    }
    let agents = services.identities.list(person.actor()).await?;
    let claimed = claimed.and_then(|text| text.parse::<Handle>().ok());
    let notice = claimed
        .filter(|handle| agents.iter().any(|agent| agent.handle == *handle))
        .map(|handle| format!("{handle} may use your connections now."));
    page(
        StatusCode::OK,
        &Dashboard {
            nav: Nav::of(person, "connections"),
            notice,
            connections,
            agents: agents.iter().map(AgentRow::of).collect(),
        },
    )
}

impl ConnectionRow {
    fn of(connection: &Connection, service: &str) -> Self {
        let status = connection.state.status();
        Self {
            service: service.to_owned(),
            name: connection.name.to_string(),
            is_default: connection.is_default,
            kind: match connection.auth_type {
                crate::model::provider::AuthType::ApiKey => "API key",
                crate::model::provider::AuthType::OAuth2 => "OAuth",
                crate::model::provider::AuthType::Browser => "Browser session",
            },
            status,
            tone: if status == "connected" { "good" } else { "bad" },
            since: moment(connection.obtained_at),
        }
    }
}

impl AgentRow {
    fn of(agent: &IdentityStatus) -> Self {
        let (status, tone) = match agent.state {
            ClaimState::Accepted { .. } => ("accepted", "good"),
            ClaimState::Required | ClaimState::Pending { .. } => ("waiting", "wait"),
            ClaimState::Rejected { .. } => ("rejected", "bad"),
            ClaimState::Revoked { .. } => ("revoked", "bad"),
        };
        Self {
            handle: agent.handle.to_string(),
            did: agent.did.to_string(),
            status,
            tone,
            can_be_ended: matches!(agent.state, ClaimState::Accepted { .. }),
        }
    }
}
