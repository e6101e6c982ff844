//! One agent: whose key it is, what it used, and what it did lately.

use super::row::AgentRow;
use crate::model::{AuditRecord, ClaimState, Handle};
use crate::server::extract::{ForPerson, Path, Person};
use crate::server::pages::names;
use crate::server::pages::render::{Nav, Page, When, page};
use crate::server::state::App;
use crate::services::{Agent, AgentUse};
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use time::OffsetDateTime;

#[derive(Debug, Template)]
#[template(path = "agents/detail.html")]
struct Detail {
    nav: Nav,
    agent: AgentRow,
    did: String,
    /// When the claim was decided, and in which word.
    decided: Option<(&'static str, When)>,
    uses: Vec<UseRow>,
    events: Vec<EventRow>,
    is_all_looked_at: bool,
}

#[derive(Debug)]
struct UseRow {
    service: String,
    provider: String,
    connection: String,
    last: When,
    times: i64,
}

#[derive(Debug)]
struct EventRow {
    at: When,
    event: String,
    object: String,
    outcome: &'static str,
    tone: &'static str,
}

pub(super) async fn show(
    State(app): State<App>,
    ForPerson(Path((handle,))): ForPerson<Path<(Handle,)>>,
    person: Person,
) -> Page {
    let services = &app.services;
    let agent = services.identities.agent(person.actor(), &handle).await?;
    let events = services.identities.events_of(person.actor(), &agent);
    let events = events.await?;
    let now = services.now();
    let row = AgentRow::of(&agent, &person, now);
    // What is in a Vault is its owner's, and no administrator's.
    let mut uses = Vec::new();
    if row.is_own {
        for used in services.activity.uses_of(person.actor(), &handle).await? {
            uses.push(use_row(&app, used, now).await);
        }
    }
    page(
        StatusCode::OK,
        &Detail {
            nav: Nav::of(&person, "Agents"),
            agent: row,
            did: agent.did.to_string(),
            decided: decided(&agent, now),
            uses,
            is_all_looked_at: events.is_all_looked_at,
            events: events
                .records
                .into_iter()
                .map(|record| EventRow::of(record, now))
                .collect(),
        },
    )
}

fn decided(agent: &Agent, now: OffsetDateTime) -> Option<(&'static str, When)> {
    match agent.state {
        ClaimState::Accepted { at, .. } => Some(("Accepted", When::new(at, now))),
        ClaimState::Rejected { at } => Some(("Rejected", When::new(at, now))),
        ClaimState::Revoked { at } => Some(("Ended", When::new(at, now))),
        ClaimState::Required | ClaimState::Pending { .. } => None,
    }
}

async fn use_row(app: &App, used: AgentUse, now: OffsetDateTime) -> UseRow {
    UseRow {
        service: names::service(app, &used.provider).await,
        provider: used.provider.to_string(),
        connection: used.connection.to_string(),
        last: When::new(used.at, now),
        times: used.uses,
    }
}

impl EventRow {
    fn of(record: AuditRecord, now: OffsetDateTime) -> Self {
        let event = record.event;
        let provider = event.provider.map(String::from).unwrap_or_default();
        Self {
            at: When::new(record.at, now),
            event: event.event.as_str().to_owned(),
            object: match event.connection {
                Some(connection) => format!("{provider}/{connection}"),
                None => provider,
            },
            outcome: event.outcome.as_str(),
            tone: names::tone(event.outcome),
        }
    }
}
