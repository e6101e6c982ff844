//! All agents of a person; for an administrator everybody's.

use super::row::AgentRow;
use crate::model::Handle;
use crate::server::extract::{ForPerson, Person, Query};
use crate::server::pages::render::{Nav, Page, page};
use crate::server::pages::search::Searched;
use crate::server::state::App;
use crate::services::Search;
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct View {
    q: Option<String>,
    page: Option<u32>,
    /// The agent that was just accepted.
    accepted: Option<String>,
    /// The agent whose access was just ended.
    ended: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "agents/list.html")]
struct List {
    nav: Nav,
    notice: Option<String>,
    agents: Vec<AgentRow>,
    searched: Searched,
    is_hosted: bool,
    base_url: String,
}

impl List {
    /// Whether anybody but the reader owns one of them.
    fn tells_owner(&self) -> bool {
        self.agents.iter().any(|agent| !agent.is_own)
    }
}

pub(super) async fn show(
    State(app): State<App>,
    ForPerson(Query(view)): ForPerson<Query<View>>,
    person: Person,
) -> Page {
    let services = &app.services;
    let search = Search::new(view.q.as_deref(), view.page);
    let found = services.identities.agents(person.actor(), &search).await?;
    let activity = services.activity.last_uses(person.actor()).await?;
    let used = activity.connections_by_agent();
    let (now, mut agents) = (services.now(), Vec::new());
    for agent in &found.agents {
        let mut row = AgentRow::of(agent, &person, now);
        if row.is_own {
            row.used = used.get(&agent.handle).copied().unwrap_or(0);
        }
        agents.push(row);
    }
    page(
        StatusCode::OK,
        &List {
            nav: Nav::of(&person, "Agents"),
            notice: notice(&app, &person, &view).await,
            searched: Searched::new("/ui/agents", &search, agents.len(), found.has_more),
            agents,
            is_hosted: app.origins.is_hosted(),
            base_url: app.origins.base().to_owned(),
        },
    )
}

/// What was just done. Anybody can make a link that says so, so it is said only where it is true.
async fn notice(app: &App, person: &Person, view: &View) -> Option<String> {
    let named = view.accepted.as_ref().or(view.ended.as_ref())?;
    let handle: Handle = named.parse().ok()?;
    let identities = &app.services.identities;
    let agent = identities.agent(person.actor(), &handle).await.ok()?;
    let is_own = agent.owner.as_ref() == Some(&person.session.person.principal);
    match (view.accepted.is_some(), agent.may_act()) {
        (true, true) if is_own => Some(format!("{handle} may use your connections now.")),
        (false, false) => Some(format!("{handle} cannot use any connection any more.")),
        _ => None,
    }
}
