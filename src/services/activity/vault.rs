//! What became of the connections of a Vault: what is stored, and over it what is only noted so far.

use crate::model::{ConnectionKey, ConnectionName, Handle, ProviderName};
use crate::store::ConnectionUse;
use std::collections::HashMap;
use std::sync::Arc;
use time::OffsetDateTime;

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

    /// Counts a use in. One from before the connection was added belongs to an earlier one of that name.
    fn add(&mut self, used: ConnectionUse) {
        if used.last_at < self.added_at {
            return;
        }
        match self.used_by.iter_mut().find(|one| one.by == used.by) {
            Some(known) => {
                known.at = known.at.max(used.last_at);
                known.uses += used.uses;
            }
            None => self.used_by.push(UsedBy {
                by: used.by,
                at: used.last_at,
                uses: used.uses,
            }),
        }
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

type ByConnection = HashMap<ProviderName, HashMap<ConnectionName, ConnectionActivity>>;

/// What the store says of the connections of a Vault.
#[derive(Debug, Default)]
pub(super) struct Stored(ByConnection);

impl Stored {
    /// From the connections there are and their uses, the latest first.
    pub(super) fn new(
        added: Vec<(ProviderName, ConnectionName, OffsetDateTime)>,
        uses: Vec<ConnectionUse>,
    ) -> Self {
        let mut all = ByConnection::new();
        for (provider, connection, added_at) in added {
            let used_by = Vec::new();
            let activity = ConnectionActivity { added_at, used_by };
            all.entry(provider)
                .or_default()
                .insert(connection, activity);
        }
        for used in uses {
            let ConnectionKey { provider, name, .. } = &used.connection;
            let names = all.get_mut(provider);
            if let Some(activity) = names.and_then(|names| names.get_mut(name)) {
                activity.add(used);
            }
        }
        Self(all)
    }
}

/// What became of every connection of a Vault.
#[derive(Debug, Clone, Default)]
pub struct VaultActivity {
    stored: Arc<Stored>,
    /// The whole of those connections that were used since that was written.
    recent: ByConnection,
}

impl VaultActivity {
    pub(super) fn new(stored: Arc<Stored>, uses: Vec<ConnectionUse>) -> Self {
        let mut recent = ByConnection::new();
        for used in uses {
            let ConnectionKey { provider, name, .. } = &used.connection;
            // One that is gone is not told of.
            let Some(known) = find(&stored.0, provider, name) else {
                continue;
            };
            let names = recent.entry(provider.clone()).or_default();
            let activity = names.entry(name.clone()).or_insert_with(|| known.clone());
            activity.add(used);
        }
        for activity in recent.values_mut().flat_map(HashMap::values_mut) {
            let latest_first = |one: &UsedBy| std::cmp::Reverse(one.at);
            activity.used_by.sort_by_key(latest_first);
        }
        Self { stored, recent }
    }

    pub fn of(
        &self,
        provider: &ProviderName,
        connection: &ConnectionName,
    ) -> Option<&ConnectionActivity> {
        let recent = find(&self.recent, provider, connection);
        recent.or_else(|| find(&self.stored.0, provider, connection))
    }

    /// Every connection, in no order.
    pub fn all(
        &self,
    ) -> impl Iterator<Item = (&ProviderName, &ConnectionName, &ConnectionActivity)> {
        self.stored.0.iter().flat_map(|(provider, names)| {
            let recent = self.recent.get(provider);
            names.iter().map(move |(name, stored)| {
                let recent = recent.and_then(|names| names.get(name));
                (provider, name, recent.unwrap_or(stored))
            })
        })
    }

    /// How many connections each agent used.
    pub fn connections_by_agent(&self) -> HashMap<&Handle, u64> {
        let mut counts = HashMap::new();
        for (_, _, activity) in self.all() {
            for handle in activity.used_by.iter().filter_map(|one| one.by.as_ref()) {
                *counts.entry(handle).or_default() += 1;
            }
        }
        counts
    }

    /// What an agent used, the latest first.
    pub fn of_agent(&self, handle: &Handle) -> Vec<AgentUse> {
        let own = self.all().filter_map(|(provider, connection, activity)| {
            let mut used_by = activity.used_by.iter();
            let one = used_by.find(|one| one.by.as_ref() == Some(handle))?;
            Some(AgentUse {
                provider: provider.clone(),
                connection: connection.clone(),
                at: one.at,
                uses: one.uses,
            })
        });
        let mut found: Vec<_> = own.collect();
        found.sort_by(|a, b| {
            let later = b.at.cmp(&a.at);
            later.then_with(|| (&a.provider, &a.connection).cmp(&(&b.provider, &b.connection)))
        });
        found
    }
}

fn find<'a>(
    all: &'a ByConnection,
    provider: &ProviderName,
    connection: &ConnectionName,
) -> Option<&'a ConnectionActivity> {
    all.get(provider)?.get(connection)
}
