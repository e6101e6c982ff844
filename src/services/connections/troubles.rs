//! Connections that could not be renewed when that was last tried.

use super::service::Connections;
use crate::model::{Connection, ConnectionName, ProviderName};
use crate::services::{Actor, Error};
use std::collections::HashMap;
use time::OffsetDateTime;

/// Why a connection could not be renewed, and when that is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// In the provider's words or ours; never a secret.
    pub reason: String,
    pub again_at: Option<OffsetDateTime>,
    version: i64,
}

/// The troubles of a Vault.
#[derive(Debug, Clone, Default)]
pub struct Troubles(HashMap<(ProviderName, ConnectionName), Trouble>);

impl Troubles {
    /// What ails a connection. What was said of it before its last login is void.
    pub fn of(&self, connection: &Connection) -> Option<&Trouble> {
        if self.0.is_empty() {
            return None;
        }
        let key = (connection.provider.clone(), connection.name.clone());
        let found = self.0.get(&key);
        found.filter(|trouble| trouble.version == connection.version)
    }
}

impl Connections {
    /// What ails the connections of the actor's Vault.
    pub async fn troubles<'a>(&self, actor: impl Into<Actor<'a>>) -> Result<Troubles, Error> {
        let mut reader = self.core.store.read().await?;
        let found = reader.list_failing_refreshes(actor.into().vault()).await?;
        let troubles = found.into_iter().map(|(key, lease)| {
            let trouble = Trouble {
                reason: lease.last_error.unwrap_or_default(),
                again_at: lease.not_before,
                version: lease.version,
            };
            ((key.provider, key.name), trouble)
        });
        Ok(Troubles(troubles.collect()))
    }
}
