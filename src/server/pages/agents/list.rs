//! All agents of a person.

use crate::model::{ClaimState, Handle};
use crate::server::extract::{ForPerson, Person, Query};
use crate::server::pages::render::{Nav, Page, page};
use crate::server::state::App;
use crate::services::IdentityStatus;
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(in crate::server::pages) struct View {
    /// The agent that was just accepted.
    accepted: Option<String>,
    /// The agent whose access was just ended.
    ended: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "agents/list.html")]
struct Agents {
    nav: Nav,
    notice: Option<String>,
    agents: Vec<AgentRow>,
}

#[derive(Debug)]
pub(super) struct AgentRow {
    pub(super) handle: String,
    pub(super) fingerprint: String,
    pub(super) status: &'static str,
    pub(super) tone: &'static str,
    pub(super) can_be_ended: bool,
}

pub(in crate::server::pages) async fn show(
    State(app): State<App>,
    ForPerson(Query(view)): ForPerson<Query<View>>,
    person: Person,
) -> Page {
    let agents = app.services.identities.list(person.actor()).await?;
    let agents: Vec<AgentRow> = agents.iter().map(AgentRow::of).collect();
    page(
        StatusCode::OK,
        &Agents {
            nav: Nav::of(&person, "Agents"),
            notice: notice(&view, &agents),
            agents,
        },
    )
}

/// What was just done. Anybody can make a link that says so, so it is said only where it is true.
fn notice(view: &View, agents: &[AgentRow]) -> Option<String> {
    let acts = |name: &str| {
        let mut all = agents.iter();
        all.any(|agent| agent.handle == name && agent.can_be_ended)
    };
    if let Some(name) = view.accepted.as_deref().filter(|name| acts(name)) {
        return Some(format!("{name} may use your connections now."));
    }
    let handle: Handle = view.ended.as_deref()?.parse().ok()?;
    (!acts(handle.as_str())).then(|| format!("{handle} cannot use your connections any more."))
}

impl AgentRow {
    pub(super) fn of(agent: &IdentityStatus) -> Self {
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
