//! Asking what happened, and writing it down.

use crate::model::{ConnectionKey, ConnectionName, Handle, PrincipalId, ProviderName, VaultId};
use crate::services::setup::Core;
use crate::services::{Actor, Error};
use crate::store::{ConnectionUse, Store};
use futures_util::FutureExt as _;
use std::collections::HashMap;
use std::sync::Arc;
use time::OffsetDateTime;

/// Rows that one commit writes at most: others queue behind it.
const AT_ONCE: usize = 1_000;

/// Who used a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedBy {
    /// `None` for its person, who looked at the secret.
    pub by: Option<Handle>,
    /// When last.
    pub at: OffsetDateTime,
    /// How often.
    pub uses: i64,
}

/// What became of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionActivity {
    pub added_at: OffsetDateTime,
    /// The latest first; empty where it was never used.
    pub used_by: Vec<UsedBy>,
}

impl ConnectionActivity {
    /// The last use.
    pub fn last(&self) -> Option<&UsedBy> {
        self.used_by.first()
    }

    /// How often it was used in all.
    pub fn uses(&self) -> i64 {
        self.used_by.iter().map(|one| one.uses).sum()
    }

    /// Since when nobody has used it.
    pub fn idle_since(&self) -> OffsetDateTime {
        self.last().map_or(self.added_at, |last| last.at)
    }
}

/// What one agent did with one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentUse {
    pub provider: ProviderName,
    pub connection: ConnectionName,
    pub at: OffsetDateTime,
    pub uses: i64,
}

/// What became of every connection of a Vault.
#[derive(Debug, Clone, Default)]
pub struct VaultActivity {
    connections: HashMap<ProviderName, HashMap<ConnectionName, ConnectionActivity>>,
}

impl VaultActivity {
    pub fn of(
        &self,
        provider: &ProviderName,
        connection: &ConnectionName,
    ) -> Option<&ConnectionActivity> {
        self.connections.get(provider)?.get(connection)
    }

    /// What an agent used, the latest first.
    pub fn of_agent(&self, handle: &Handle) -> Vec<AgentUse> {
        let mut found = Vec::new();
        for (provider, names) in &self.connections {
            for (connection, activity) in names {
                let own = activity.used_by.iter();
                let own = own.filter(|one| one.by.as_ref() == Some(handle));
                found.extend(own.map(|one| AgentUse {
                    provider: provider.clone(),
                    connection: connection.clone(),
                    at: one.at,
                    uses: one.uses,
                }));
            }
        }
        found.sort_by(|a, b| {
            let later = b.at.cmp(&a.at);
            later.then_with(|| (&a.provider, &a.connection).cmp(&(&b.provider, &b.connection)))
        });
        found
    }

    /// How many connections each agent used.
    pub fn connections_by_agent(&self) -> HashMap<&Handle, u64> {
        let mut counts = HashMap::new();
        let all = self.connections.values().flat_map(HashMap::values);
        for one in all.flat_map(|activity| &activity.used_by) {
            if let Some(handle) = &one.by {
                *counts.entry(handle).or_default() += 1;
            }
        }
        counts
    }

    /// Counts a use in. One from before the connection was added belongs to an earlier one of that name.
    fn add(&mut self, used: ConnectionUse) {
        let ConnectionKey { provider, name, .. } = &used.connection;
        let Some(activity) = self
            .connections
            .get_mut(provider)
            .and_then(|names| names.get_mut(name))
        else {
            return;
        };
        if used.last_at < activity.added_at {
            return;
        }
        match activity.used_by.iter_mut().find(|one| one.by == used.by) {
            Some(known) => {
                known.at = known.at.max(used.last_at);
                known.uses += used.uses;
            }
            None => activity.used_by.push(UsedBy {
                by: used.by,
                at: used.last_at,
                uses: used.uses,
            }),
        }
    }
}

/// Tells when connections were last used and agents last seen.
#[derive(Debug, Clone)]
pub struct Activity {
    core: Arc<Core>,
    /// Held while notes are written: one batch at a time.
    writing: Arc<tokio::sync::Mutex<()>>,
}

impl Activity {
    pub(in crate::services) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            writing: Arc::default(),
        }
    }

    /// What became of each connection of the actor's Vault, up to now.
    pub async fn last_uses<'a>(&self, actor: impl Into<Actor<'a>>) -> Result<VaultActivity, Error> {
        self.uses_in(actor.into().vault(), None).await
    }

    /// The same of the connections at one provider.
    pub async fn last_uses_at<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        provider: &ProviderName,
    ) -> Result<VaultActivity, Error> {
        self.uses_in(actor.into().vault(), Some(provider)).await
    }

    async fn uses_in(
        &self,
        vault: &VaultId,
        at: Option<&ProviderName>,
    ) -> Result<VaultActivity, Error> {
        // Memory first: what is written down in between is told twice rather than not at all.
        let recent = self.core.noted.uses_in(vault);
        let mut reader = self.core.store.read().await?;
        let added = reader.list_added(vault, at).await?;
        let stored = reader.list_uses(vault, at).await?;
        drop(reader);
        let mut all = VaultActivity::default();
        for (provider, connection, added_at) in added {
            let used_by = Vec::new();
            let activity = ConnectionActivity { added_at, used_by };
            let names = all.connections.entry(provider).or_default();
            names.insert(connection, activity);
        }
        for used in recent.into_iter().chain(stored) {
            all.add(used);
        }
        for activity in all.connections.values_mut().flat_map(HashMap::values_mut) {
            activity
                .used_by
                .sort_by_key(|one| std::cmp::Reverse(one.at));
        }
        Ok(all)
    }

    /// What an agent used of the actor's Vault, the latest first.
    pub async fn uses_of<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        identity: &Handle,
    ) -> Result<Vec<AgentUse>, Error> {
        Ok(self.last_uses(actor).await?.of_agent(identity))
    }

    /// When an identity last proved itself; `None` where it never did since that is noted.
    pub async fn seen(&self, identity: &Handle) -> Result<Option<OffsetDateTime>, Error> {
        let recent = self.core.noted.seen_at(identity);
        if recent.is_some() {
            return Ok(recent);
        }
        Ok(self.core.store.read().await?.find_seen(identity).await?)
    }

    /// When the agents of a Principal were last seen, those whose access has ended too.
    pub async fn seen_of(
        &self,
        principal: &PrincipalId,
        agents: impl IntoIterator<Item = &Handle>,
    ) -> Result<HashMap<Handle, OffsetDateTime>, Error> {
        let noted = &self.core.noted;
        let recent = agents.into_iter();
        let recent = recent.filter_map(|handle| Some((handle.clone(), noted.seen_at(handle)?)));
        let recent: Vec<_> = recent.collect();
        let stored = self.core.store.read().await?.list_seen(principal).await?;
        Ok(stored.into_iter().chain(recent).collect())
    }

    /// Writes down what was noted. Goes on when the caller leaves; what could not be written is
    /// kept for the next time.
    pub(in crate::services) async fn flush(&self) -> Result<(), Error> {
        let writing = self.writing.clone().lock_owned().await;
        let core = self.core.clone();
        let task = tokio::spawn(async move {
            let _writing = writing;
            let Some(batch) = core.noted.take() else {
                return Ok(());
            };
            let written = write(&core.store, batch.uses(), batch.seen()).await;
            core.noted.settle(written.is_ok());
            written
        });
        task.await.map_err(Error::internal)?
    }
}

async fn write(
    store: &Store,
    mut uses: Vec<ConnectionUse>,
    mut seen: Vec<(Handle, OffsetDateTime)>,
) -> Result<(), Error> {
    while !uses.is_empty() || !seen.is_empty() {
        let some: Vec<_> = uses.drain(..uses.len().min(AT_ONCE)).collect();
        let some_seen: Vec<_> = seen.drain(..seen.len().min(AT_ONCE)).collect();
        let written = store.write(move |tx| {
            async move {
                tx.add_uses(&some).await?;
                tx.put_seen(&some_seen).await
            }
            .boxed()
        });
        written.await.map_err(Error::from)?;
    }
    Ok(())
}
