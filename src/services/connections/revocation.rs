//! Telling a provider that its tokens are no longer wanted (RFC 7009), after they are gone here.

use crate::model::{Credential, GrantKey};
use crate::oauth::Revocable;
use crate::services::endpoints::Endpoints;
use crate::services::setup::Core;
use crate::services::{Error, Providers, clients, opening};
use crate::store::SealedConnection;
use std::sync::Arc;
use std::time::Duration;

/// How long a logout waits for the provider; its task goes on alone after that.
const PATIENCE: Duration = Duration::from_secs(5);

/// What has to be said to a provider, made ready while the credential is still there.
#[derive(Debug)]
pub(super) struct Farewell {
    core: Arc<Core>,
    providers: Providers,
    connection: SealedConnection,
}

impl Farewell {
    pub(super) fn new(
        core: &Arc<Core>,
        providers: &Providers,
        connection: SealedConnection,
    ) -> Self {
        Self {
            core: core.clone(),
            providers: providers.clone(),
            connection,
        }
    }

    /// Best effort: whether the provider listens does not change that the connection is gone.
    pub(super) async fn say(self) {
        let provider = self.connection.connection.provider.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = self.try_say().await {
                tracing::info!(
                    provider.name = provider.as_str(),
                    error.cause = %error,
                    "a token that was logged out could not be revoked at its provider"
                );
            }
        });
        drop(tokio::time::timeout(PATIENCE, task).await);
    }

    async fn try_say(&self) -> Result<(), Error> {
        let connection = &self.connection.connection;
        let credential = opening::try_open(&self.core, &self.connection).await?;
        let Some(provider) = self.providers.find_readable(&connection.provider).await? else {
            return Ok(());
        };
        let (token, own_client) = match credential {
            Credential::OAuth2 {
                refresh_token: Some(token),
                ..
            } => (Revocable::Refresh(token), None),
            Credential::OAuth2 { access_token, .. } => (Revocable::Access(access_token), None),
            Credential::Minted {
                key:
                    GrantKey::ClientCredentials {
                        client_id,
                        client_secret,
                    },
                access_token,
                ..
            } => {
                let client = clients::named(client_id, Some(client_secret), &provider);
                (Revocable::Access(access_token), Some(client))
            }
            // Such a token ends within the hour, and its key is revoked by hand.
            Credential::Minted { .. } | Credential::ApiKey { .. } | Credential::Cookies { .. } => {
                return Ok(());
            }
        };
        let site = connection.base_url.as_deref();
        let endpoints = Endpoints::new(&provider, site)?;
        let Some(url) = endpoints.revocation()? else {
            return Ok(());
        };
        let speaker = if let Some(client) = own_client {
            client
        } else {
            let client = clients::at_site(&self.core, &provider, site).await?;
            clients::speaker(&client, &provider)
        };
        let told = speaker.revoke(&self.core.config.transport, &url, &token);
        told.await
            .map_err(|wrong| Error::at_provider(&provider, wrong))
    }
}
