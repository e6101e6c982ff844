//! What a client of ours got: the tokens that people were given at the provider, in every vault.
//!
//! Keys that people pasted, and tokens that a program got by a key of its own, are not of our client.
//! Which is which shows only in the sealed credential, so it is opened before the transaction that ends it.

use crate::model::provider::AuthType;
use crate::model::{AuditEvent, ConnectionKey, Credential, EventName, ProviderName};
use crate::services::Error;
use crate::services::opening::{is_integrity, try_open};
use crate::services::setup::Core;
use crate::store::{SealedConnection, Tx};
use std::collections::HashMap;
use std::sync::Arc;

/// The connections at one provider that may be of our client, each at the version that was opened.
#[derive(Debug, Clone, Default)]
pub(super) struct Issued(Arc<HashMap<(ConnectionKey, i64), bool>>);

impl Issued {
    /// Opens what has come since the last look; how many connections the client got.
    pub(super) async fn look(
        &mut self,
        core: &Core,
        provider: &ProviderName,
    ) -> Result<u64, Error> {
        let mut reader = core.store.read().await?;
        let found = reader.list_connections_at(provider).await?;
        drop(reader);
        let mut judged = HashMap::new();
        for one in found.iter().filter(|one| may_be(one)) {
            let at = address(one);
            let known = self.0.get(&at).copied();
            let is_ours = match known {
                Some(known) => known,
                None => is_issued(core, one).await?,
            };
            judged.insert(at, is_ours);
        }
        self.0 = Arc::new(judged);
        let count = self.0.values().filter(|is_ours| **is_ours).count();
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Removes them and says so of each; `None`, and nothing is done, when a connection has changed since
    /// the last look.
    pub(super) async fn end(
        &self,
        tx: &mut Tx,
        provider: &ProviderName,
        reason: &'static str,
    ) -> Result<Option<Vec<SealedConnection>>, Error> {
        let found = tx.list_connections_at(provider).await?;
        let found: Vec<SealedConnection> = found.into_iter().filter(may_be).collect();
        if found.iter().any(|one| !self.0.contains_key(&address(one))) {
            return Ok(None);
        }
        let is_ours = |one: &SealedConnection| self.0.get(&address(one)) == Some(&true);
        let ours: Vec<SealedConnection> = found.into_iter().filter(is_ours).collect();
        for one in &ours {
            let connection = &one.connection;
            let (vault, name) = (&connection.vault, &connection.name);
            tx.delete_connection(vault, provider, name).await?;
            tx.ensure_default_connection(vault, provider).await?;
            let mut event = AuditEvent::new(EventName::ConnectionLoggedOut)
                .on(provider, Some(name))
                .with("reason", reason);
            event.principal = Some(connection.principal.clone());
            tx.audit(event).await?;
        }
        Ok(Some(ours))
    }
}

fn may_be(one: &SealedConnection) -> bool {
    one.connection.auth_type == AuthType::OAuth2 && one.sealed.is_some()
}

fn address(one: &SealedConnection) -> (ConnectionKey, i64) {
    (one.connection.key(), one.connection.version)
}

/// One that does not open is nobody's: it is worth nothing, whoever got it.
async fn is_issued(core: &Core, one: &SealedConnection) -> Result<bool, Error> {
    match try_open(core, one).await {
        Ok(Credential::OAuth2 { .. }) => Ok(true),
        Ok(Credential::Minted { .. } | Credential::ApiKey { .. } | Credential::Cookies { .. }) => {
            Ok(false)
        }
        Err(error) if is_integrity(&error) => Ok(false),
        Err(error) => Err(error),
    }
}
