//! The first dashboard: what is connected and who may use it. Nothing secret, nothing to break.

use super::render::{Nav, Page, When, page, see_other, with_cookie};
use super::sign_in::sign_in_first;
use crate::api::paths;
use crate::model::{ClaimState, Connection, ErrorCode, Handle};
use crate::secret::Token;
use crate::server::cookies::Cookie;
use crate::server::error::ApiError;
use crate::server::extract::{Browser, Cookies, ForPerson, Form, Path, Person, Query};
use crate::server::next::Next;
use crate::server::state::App;
use crate::services::IdentityStatus;
use askama::Template;
use axum::extract::State;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use time::OffsetDateTime;

#[derive(Debug, Default, Deserialize)]
pub(super) struct View {
    /// The one-time sign-in code of `authsome ui`.
    code: Option<String>,
    /// The agent that was just accepted.
    claimed: Option<String>,
    /// The agent whose access was just ended.
    ended: Option<String>,
    /// What was just changed: `password`.
    changed: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    nav: Nav,
    notice: Option<String>,
    connections: Vec<ConnectionRow>,
    /// Whether any service has said whose a connection is.
    tells_account: bool,
    agents: Vec<AgentRow>,
}

#[derive(Debug, Template)]
#[template(path = "end_agent.html")]
struct EndAgent {
    nav: Nav,
    agent: AgentRow,
}

#[derive(Debug)]
struct ConnectionRow {
    service: String,
    name: String,
    account: String,
    is_default: bool,
    kind: &'static str,
    status: &'static str,
    tone: &'static str,
    since: When,
}

#[derive(Debug)]
struct AgentRow {
    handle: String,
    fingerprint: String,
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
    method: Method,
    headers: HeaderMap,
) -> Page {
    // Looking ahead with HEAD, as link checkers and previews do, uses nothing up.
    if let Some(code) = view.code.as_ref().filter(|_| method == Method::GET) {
        return redeem(&app, &Token::new(code), &browser, &headers).await;
    }
    match browser.into_person() {
        Some(person) => dashboard(&app, &person, &view).await,
        None => sign_in_first(&app, &cookies, &Next::parse(paths::DASHBOARD)).await,
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Ending {
    #[serde(default)]
    csrf: String,
}

/// Asks once more, because there is no way back.
pub(super) async fn ask_to_end(
    State(app): State<App>,
    ForPerson(Path((handle,))): ForPerson<Path<(Handle,)>>,
    person: Person,
) -> Page {
    let agents = app.services.identities.list(person.actor()).await?;
    let found = agents.iter().find(|agent| agent.handle == handle);
    let Some(agent) = found.map(AgentRow::of).filter(|row| row.can_be_ended) else {
        return Err(ApiError::new(
            ErrorCode::NotFound,
            format!("no agent called {handle} acts for you"),
        )
        .into());
    };
    let nav = Nav::of(&person, "Agents");
    page(StatusCode::OK, &EndAgent { nav, agent })
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
    see_other(&format!("/ui/?ended={handle}"))
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

async fn dashboard(app: &App, person: &Person, view: &View) -> Page {
    let services = &app.services;
    let mut connections = Vec::new();
    for group in services.connections.list(person.actor()).await? {
        let service = match services.providers.get(&group.provider).await {
            Ok(provider) => provider.display_name.clone(),
            Err(_) => group.provider.to_string(),
        };
        let rows = group.connections.iter();
        connections.extend(rows.map(|one| ConnectionRow::of(one, &service, services.now())));
    }
    let agents = services.identities.list(person.actor()).await?;
    page(
        StatusCode::OK,
        &Dashboard {
            nav: Nav::of(person, "Overview"),
            notice: notice(view, &agents),
            tells_account: connections.iter().any(|row| !row.account.is_empty()),
            connections,
            agents: agents.iter().map(AgentRow::of).collect(),
        },
    )
}

/// What was just done. Anybody can make a link that says so: of agents it is said only where it is
/// true; that a password was changed cannot be seen here, and a false word of it does no harm.
fn notice(view: &View, agents: &[IdentityStatus]) -> Option<String> {
    let acts = |name: &str| {
        let mut all = agents.iter();
        all.any(|agent| agent.handle.as_str() == name && AgentRow::of(agent).can_be_ended)
    };
    if let Some(name) = view.claimed.as_deref().filter(|name| acts(name)) {
        return Some(format!("{name} may use your connections now."));
    }
    if let Some(name) = &view.ended {
        let handle: Handle = name.parse().ok()?;
        let text = format!("{handle} cannot use your connections any more.");
        return (!acts(name)).then_some(text);
    }
    (view.changed.as_deref() == Some("password"))
        .then(|| "Your password is changed. Other browsers are signed out.".to_owned())
}

impl ConnectionRow {
    fn of(connection: &Connection, service: &str, now: OffsetDateTime) -> Self {
        let status = connection.state.status();
        Self {
            service: service.to_owned(),
            name: connection.name.to_string(),
            account: connection.account.label.clone().unwrap_or_default(),
            is_default: connection.is_default,
            kind: match connection.auth_type {
                crate::model::provider::AuthType::ApiKey => "API key",
                crate::model::provider::AuthType::OAuth2 => "OAuth",
                crate::model::provider::AuthType::Browser => "Browser session",
            },
            status,
            tone: if status == "connected" { "good" } else { "bad" },
            since: When::new(connection.obtained_at, now),
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
            fingerprint: agent.fingerprint(),
            status,
            tone,
            can_be_ended: matches!(agent.state, ClaimState::Accepted { .. }),
        }
    }
}
