//! Telling a provider that its tokens are no longer wanted (RFC 7009), after they are gone here.

use crate::model::Credential;
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
        let Credential::OAuth2 {
            access_token,
            refresh_token,
            ..
        } = credential
        else {
            return Ok(());
        };
        let Some(provider) = self.providers.find_readable(&connection.provider).await? else {
            return Ok(());
        };
        let endpoints = Endpoints::new(&provider, connection.base_url.as_deref())?;
        let (Some(url), Some(client)) = (
            endpoints.revocation()?,
            clients::find(&self.core, &connection.provider).await?,
        ) else {
            return Ok(());
        };
        clients::check_site(&client, &provider, connection.base_url.as_deref())?;
        let token = match refresh_token {
            Some(token) => Revocable::Refresh(token),
            None => Revocable::Access(access_token),
        };
        let speaker = clients::speaker(&client, &provider);
        let told = speaker.revoke(&self.core.config.transport, &url, &token);
        told.await
            .map_err(|wrong| Error::at_provider(&provider, wrong))
    }
}
