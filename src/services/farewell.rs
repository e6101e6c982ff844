//! Telling a provider that its tokens are no longer wanted (RFC 7009), after they are gone here.

use super::endpoints::Endpoints;
use super::setup::Core;
use super::{Error, Providers, clients, opening};
use crate::model::provider::AuthType;
use crate::model::{Credential, GrantKey, Provider, ProviderClient, ProviderName};
use crate::oauth::Revocable;
use crate::store::SealedConnection;
use futures_util::{StreamExt as _, stream};
use std::sync::Arc;
use std::time::Duration;

/// How long a logout waits for the provider; its task goes on alone after that.
const PATIENCE: Duration = Duration::from_secs(5);
const AT_ONCE: usize = 8;

/// What has to be known to tell a provider, read while it is still there.
#[derive(Debug)]
pub(super) struct Farewell {
    core: Arc<Core>,
    provider: Arc<Provider>,
    client: Option<ProviderClient>,
}

impl Farewell {
    /// `None` for a provider that nothing can be told: one without OAuth, or without a definition.
    pub(super) async fn prepare(
        core: &Arc<Core>,
        providers: &Providers,
        name: &ProviderName,
    ) -> Result<Option<Self>, Error> {
        let found = providers.find_readable(name).await?;
        let Some(provider) = found.filter(|found| found.auth_type == AuthType::OAuth2) else {
            return Ok(None);
        };
        // A client that cannot be read must not keep anybody from logging out.
        let client = clients::find(core, &provider).await.unwrap_or_default();
        Ok(Some(Self {
            core: core.clone(),
            provider,
            client,
        }))
    }

    /// Best effort: whether the provider listens does not change that the connections are gone.
    pub(super) async fn say(self, gone: Vec<SealedConnection>) {
        let task = tokio::spawn(async move {
            let this = &self;
            let all = stream::iter(gone).for_each_concurrent(AT_ONCE, |one| async move {
                if let Err(error) = this.try_say(&one).await {
                    tracing::info!(
                        provider.name = this.provider.name.as_str(),
                        error.cause = %error,
                        "a token that was logged out could not be revoked at its provider"
                    );
                }
            });
            all.await;
        });
        drop(tokio::time::timeout(PATIENCE, task).await);
    }

    async fn try_say(&self, gone: &SealedConnection) -> Result<(), Error> {
        let provider = &*self.provider;
        let site = gone.connection.base_url.as_deref();
        let Some(url) = Endpoints::new(provider, site)?.revocation()? else {
            return Ok(());
        };
        let (token, own_client) = match opening::try_open(&self.core, gone).await? {
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
                let client = clients::named(client_id, Some(client_secret), provider);
                (Revocable::Access(access_token), Some(client))
            }
            // Such a token ends within the hour, and its key is revoked by hand.
            Credential::Minted { .. } | Credential::ApiKey { .. } | Credential::Cookies { .. } => {
                return Ok(());
            }
        };
        let speaker = if let Some(client) = own_client {
            client
        } else {
            let client = self.client.as_ref();
            let client = client.ok_or_else(|| clients::missing(provider))?;
            clients::check_site(client, provider, site)?;
            clients::speaker(client, provider)
        };
        let told = speaker.revoke(&self.core.config.transport, &url, &token);
        told.await
            .map_err(|wrong| Error::at_provider(provider, None, wrong))
    }
}
