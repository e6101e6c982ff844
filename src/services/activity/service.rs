//! Asking what happened, and writing it down.

use super::vault::{AgentUse, Stored, VaultActivity};
use crate::model::{Handle, PrincipalId, ProviderName, VaultId};
use crate::services::setup::Core;
use crate::services::snapshot::Snapshots;
use crate::services::{Actor, Error};
use crate::store::{ConnectionUse, Store};
use futures_util::FutureExt as _;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// Rows that one commit writes at most: others queue behind it.
const AT_ONCE: usize = 1_000;
/// Vaults whose uses are kept in memory.
const MOST_KEPT: u64 = 32;

/// Tells when connections were last used and agents last seen.
#[derive(Debug, Clone)]
pub struct Activity {
    core: Arc<Core>,
    /// Held while notes are written: one batch at a time.
    writing: Arc<tokio::sync::Mutex<()>>,
    /// Of Vaults that are asked about again and again.
    stored: Snapshots<VaultId, Arc<Stored>>,
}

impl Activity {
    pub(in crate::services) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            writing: Arc::default(),
            stored: Snapshots::new(MOST_KEPT, Duration::from_mins(5)),
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
        let store = &self.core.store;
        // Where the whole is kept in memory, no part of it is asked for.
        let at = at.filter(|_| store.generation().is_none());
        let load = || async {
            let mut reader = store.read().await?;
            let added = reader.list_added(vault, at).await?;
            let uses = reader.list_uses(vault, at).await?;
            Ok(Arc::new(Stored::new(added, uses)))
        };
        let stored = if at.is_some() {
            load().await?
        } else {
            // What is written down does not age what others keep, but it does age this.
            let age = store.generation();
            let age = age.map(|age| age.wrapping_add(self.core.noted.batches()));
            self.stored.get(vault.clone(), age, load).await?
        };
        Ok(VaultActivity::new(stored, recent))
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
