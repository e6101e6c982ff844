//! Agents as people look at them: their own, and for an administrator everybody's.

use super::service::{Identities, not_found};
use crate::crypto::did;
use crate::model::{AuditRecord, ClaimState, Did, Email, Handle, PrincipalId};
use crate::services::{Actor, Error, Search};
use crate::store::{AgentFilter, AgentRecord, AuditFilter};
use time::OffsetDateTime;

/// How many of its events a page shows.
const EVENTS: usize = 20;

/// An identity as its owner or an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub handle: Handle,
    pub did: Did,
    pub fingerprint: String,
    pub state: ClaimState,
    pub registered_at: OffsetDateTime,
    /// Whoever accepted it; nobody while it waits.
    pub owner: Option<PrincipalId>,
    /// `None` for nobody and for the owner of a home.
    pub owner_email: Option<Email>,
    /// When it last proved itself; `None` where it never did since that is noted.
    pub seen_at: Option<OffsetDateTime>,
    /// How many connections it has used; may be a minute behind.
    pub used: u64,
}

/// A page of agents: those that may act first.
#[derive(Debug, Clone)]
pub struct AgentsPage {
    pub agents: Vec<Agent>,
    /// Whether there are more after these.
    pub has_more: bool,
}

/// The last events of an agent, newest first.
#[derive(Debug, Clone)]
pub struct AgentEvents {
    pub records: Vec<AuditRecord>,
    /// Not so where there are many of others in between.
    pub is_all_looked_at: bool,
}

impl Agent {
    fn of(record: AgentRecord, now: OffsetDateTime) -> Self {
        let did = record.identity.did;
        let key = did::decode(&did);
        Self {
            fingerprint: key.map_or_else(|_| String::new(), |key| did::fingerprint(&key)),
            handle: record.identity.handle,
            did,
            state: match record.claim {
                ClaimState::Pending { expires_at } if expires_at <= now => ClaimState::Required,
                other => other,
            },
            registered_at: record.identity.created_at,
            owner: record.owner,
            owner_email: record.owner_email,
            seen_at: record.seen_at,
            used: record.used.unsigned_abs(),
        }
    }

    /// Whether it may use the connections of its owner.
    pub fn may_act(&self) -> bool {
        matches!(self.state, ClaimState::Accepted { .. })
    }
}

impl Identities {
    /// The agents of the actor, with those that are over; an administrator's search goes through
    /// everybody's, and through those that nobody has accepted.
    pub async fn agents<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        search: &Search,
    ) -> Result<AgentsPage, Error> {
        let actor = actor.into();
        let filter = AgentFilter {
            owner: (!actor.is_admin()).then(|| actor.principal().clone()),
            text: search.text().map(str::to_owned),
            limit: Search::LIMIT,
            offset: search.offset(),
        };
        let found = self.core.store.read().await?.list_agents(&filter).await?;
        let (found, has_more) = Search::cut(found);
        Ok(AgentsPage {
            agents: found.into_iter().map(|one| self.seen_now(one)).collect(),
            has_more,
        })
    }

    /// One agent. Somebody else's is not found, but for an administrator.
    pub async fn agent<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        handle: &Handle,
    ) -> Result<Agent, Error> {
        let actor = actor.into();
        let found = self.core.store.read().await?.find_agent(handle).await?;
        let agent = found.map(|record| self.seen_now(record));
        agent
            .filter(|agent| actor.is_admin() || agent.owner.as_ref() == Some(actor.principal()))
            .ok_or_else(|| not_found(handle))
    }

    /// With what is not written down yet.
    fn seen_now(&self, record: AgentRecord) -> Agent {
        let mut agent = Agent::of(record, self.core.now());
        let recent = self.core.noted.seen_at(&agent.handle);
        agent.seen_at = recent.or(agent.seen_at);
        agent
    }

    /// The last events of an agent, newest first. A person sees those of their own account alone: its
    /// key may have been known here before it was theirs.
    pub async fn events_of<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        agent: &Agent,
    ) -> Result<AgentEvents, Error> {
        let actor = actor.into();
        let whose = if actor.is_admin() {
            agent.owner.clone()
        } else {
            Some(actor.principal().clone())
        };
        let filter = AuditFilter {
            identity: Some(agent.handle.clone()),
            principal: whose,
            limit: EVENTS,
            ..AuditFilter::default()
        };
        let page = self.core.store.read().await?.list_audit(&filter).await?;
        Ok(AgentEvents {
            is_all_looked_at: page.searched_to.is_none(),
            records: page.records,
        })
    }
}
