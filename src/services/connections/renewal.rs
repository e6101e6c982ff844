//! Renewing a credential because its person asks for it.

use super::service::{Connections, not_found};
use crate::model::{ConnectionName, ErrorCode, ProviderName};
use crate::services::{Actor, Error};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    Renewed,
    /// It was renewed a moment ago; a provider is not asked twice in a row.
    JustNow,
}

impl Connections {
    /// Gets a new access token now, whatever the old one is worth. The event of it stands in the log
    /// as of every refresh.
    pub async fn renew<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        provider: &ProviderName,
        name: &ConnectionName,
    ) -> Result<Renewal, Error> {
        let actor = actor.into();
        let mut reader = self.core.store.read().await?;
        let found = reader.find_connection(actor.vault(), provider, name);
        let found = found.await?.ok_or_else(|| not_found(provider, name))?;
        drop(reader);
        if !found.connection.refreshable {
            return Err(Error::new(
                ErrorCode::OperationNotAllowed,
                format!("the login `{name}` of `{provider}` cannot be renewed without its person"),
            )
            .hint("log in again")
            .provider(provider)
            .operation("refresh"));
        }
        let before = found.connection.version;
        let fresh = self.refresher.asked_for(found).await?;
        Ok(if fresh.connection.version == before {
            Renewal::JustNow
        } else {
            Renewal::Renewed
        })
    }
}
