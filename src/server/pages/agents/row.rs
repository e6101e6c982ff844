//! What the pages say of one agent.

use crate::model::{ClaimState, PrincipalId};
use crate::server::extract::Person;
use crate::server::pages::names;
use crate::server::pages::render::When;
use crate::services::Agent;
use time::OffsetDateTime;

#[derive(Debug)]
pub(super) struct AgentRow {
    pub(super) handle: String,
    pub(super) fingerprint: String,
    pub(super) status: &'static str,
    pub(super) tone: &'static str,
    pub(super) may_act: bool,
    /// Whether it acts, or acted, for the reader.
    pub(super) is_own: bool,
    pub(super) owner: Option<String>,
    pub(super) first_seen: When,
    pub(super) last_seen: Option<When>,
    pub(super) used: u64,
}

impl AgentRow {
    pub(super) fn of(agent: &Agent, reader: &Person, now: OffsetDateTime) -> Self {
        let (status, tone) = match agent.state {
            ClaimState::Accepted { .. } => ("accepted", "good"),
            ClaimState::Required | ClaimState::Pending { .. } => ("waiting", "wait"),
            ClaimState::Rejected { .. } => ("rejected", "bad"),
            ClaimState::Revoked { .. } => ("revoked", "bad"),
        };
        Self {
            handle: agent.handle.to_string(),
            fingerprint: agent.fingerprint.clone(),
            status,
            tone,
            may_act: agent.may_act(),
            is_own: agent.owner.as_ref() == Some(reader_of(reader)),
            owner: owner(agent, reader),
            first_seen: When::new(agent.registered_at, now),
            last_seen: agent.seen_at.map(|at| When::new(at, now)),
            used: agent.used,
        }
    }
}

fn reader_of(reader: &Person) -> &PrincipalId {
    &reader.session.person.principal
}

/// Whose it is, or was.
fn owner(agent: &Agent, reader: &Person) -> Option<String> {
    let owner = agent.owner.as_ref()?;
    if owner == reader_of(reader) {
        return Some("you".to_owned());
    }
    Some(names::account(agent.owner_email.as_ref()))
}
