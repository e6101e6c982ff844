//! The page, put together from its parts.

use super::agents::{AtWork, at_work};
use super::attention::{Attention, Found, Todo};
use super::events::{Happened, happened};
use super::guide::Guide;
use super::names::Names;
use crate::api::paths;
use crate::model::ConnectionState;
use crate::secret::Token;
use crate::server::extract::{Browser, Cookies, ForPerson, Person, Query};
use crate::server::next::Next;
use crate::server::pages::render::{Nav, Page, page, see_other};
use crate::server::pages::sign_in::sign_in_first;
use crate::server::pages::sign_in_code;
use crate::server::state::App;
use askama::Template;
use axum::extract::State;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use time::Duration;

/// What counts as lately.
const LATELY: Duration = Duration::days(1);
/// Events that are read, of which those that say the same are told once.
const EVENTS: usize = 50;

#[derive(Debug, Default, Deserialize)]
pub(in crate::server::pages) struct View {
    /// The one-time sign-in code of `authsome ui`.
    code: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "overview/page.html")]
struct Overview {
    nav: Nav,
    /// Until everything in it is done.
    guide: Option<Guide>,
    stats: Stats,
    attention: Attention,
    agents: AtWork,
    events: Vec<Happened>,
}

#[derive(Debug)]
struct Stats {
    connections: usize,
    agents: usize,
    used_lately: usize,
    waiting_logins: i64,
}

pub(in crate::server::pages) async fn home() -> Page {
    see_other(paths::DASHBOARD)
}

pub(in crate::server::pages) async fn show(
    State(app): State<App>,
    ForPerson(Query(view)): ForPerson<Query<View>>,
    browser: Browser,
    cookies: Cookies,
    method: Method,
    headers: HeaderMap,
) -> Page {
    // Looking ahead with HEAD, as link checkers and previews do, uses nothing up.
    if let Some(code) = view.code.as_ref().filter(|_| method == Method::GET) {
        return sign_in_code::redeem(&app, &Token::new(code), &browser, &headers).await;
    }
    match browser.into_person() {
        Some(person) => overview(&app, &person).await,
        None => sign_in_first(&app, &cookies, &Next::parse(paths::DASHBOARD)).await,
    }
}

async fn overview(app: &App, person: &Person) -> Page {
    let services = &app.services;
    let actor = person.actor();
    let groups = services.connections.list(actor).await?;
    let troubles = services.connections.troubles(actor).await?;
    let activity = services.activity.last_uses(actor).await?;
    let agents = services.identities.list(actor).await?;
    let handles = agents.iter().map(|agent| &agent.handle);
    let seen = services.activity.seen_of(actor.principal(), handles);
    let seen = seen.await?;
    let recent = services.audit.recent(actor, EVENTS).await?;
    let waiting_logins = services.logins.count_waiting(actor).await?;
    let names = Names::of(&services.providers.list().await?);
    let now = services.now();
    let connections = groups.iter().flat_map(|group| &group.connections);
    let found = Found {
        troubles: &troubles,
        activity: &activity,
        names: &names,
        now,
    };
    let used_lately = activity.all().filter(|(_, _, one)| {
        let last = one.last();
        last.is_some_and(|last| last.at > now - LATELY)
    });
    let used_lately = used_lately.count();
    let was_used = activity.all().any(|(_, _, one)| one.last().is_some());
    page(
        StatusCode::OK,
        &Overview {
            nav: Nav::of(person, "Overview"),
            guide: Guide::of(app, !agents.is_empty(), !groups.is_empty(), was_used),
            stats: Stats {
                connections: connections
                    .clone()
                    .filter(|one| matches!(one.state, ConnectionState::Connected { .. }))
                    .count(),
                agents: agents.len(),
                used_lately,
                waiting_logins,
            },
            attention: Attention::of(connections, &found),
            agents: at_work(&agents, &seen, &activity, &names, now),
            events: happened(&recent, &names, now),
        },
    )
}
