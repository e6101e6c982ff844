//! An administrator sets, changes and forgets our clients; what the last one got ends with it.

use super::environment;
use super::issued::Issued;
use super::known::{self, Prepared};
use crate::model::provider::{AuthType, Flow};
use crate::model::{AuditEvent, ErrorCode, EventName, Provider, ProviderClient, ProviderName};
use crate::secret::ClientSecret;
use crate::services::farewell::Farewell;
use crate::services::logins::is_base_url;
use crate::services::setup::Core;
use crate::services::{Actor, Error, Providers, endpoints, opening};
use crate::store::{SealedConnection, Tx};
use futures_util::FutureExt as _;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often a change is tried anew when connections were refreshed under it.
const TRIES: u32 = 10;
/// Where providers send a person back to.
const CALLBACK: &str = "/auth/callback/oauth";

/// Where our client at a provider comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientSource {
    Stored,
    /// A variable of the daemon; only whoever starts it changes that.
    Environment {
        variable: String,
    },
}

/// Our client at a provider, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientView {
    pub provider: ProviderName,
    /// `None` where the stored one cannot be opened any more.
    pub client_id: Option<String>,
    pub has_secret: bool,
    /// The site it is registered at, where the provider is installed in many places.
    pub base_url: Option<String>,
    pub source: ClientSource,
    /// The callback that is registered with the provider.
    pub redirect_uri: String,
    /// How many connections it got, in every vault: those that end with it.
    pub issued: u64,
}

/// A client as an administrator gives it.
#[derive(Debug, Clone)]
pub struct NewClient {
    pub client_id: String,
    /// `None` for a public client.
    pub client_secret: Option<ClientSecret>,
    /// The site it is registered at; `None` for the provider's own.
    pub base_url: Option<String>,
}

/// Lists, sets and forgets our clients.
#[derive(Debug, Clone)]
pub struct ProviderClients {
    pub(super) core: Arc<Core>,
    pub(super) providers: Providers,
}

impl ProviderClients {
    pub(in crate::services) fn new(core: Arc<Core>, providers: Providers) -> Self {
        Self { core, providers }
    }

    /// What a client is registered with at every provider: where people come back to.
    pub fn redirect_uri(&self) -> String {
        self.core.url(CALLBACK)
    }

    /// Every client there is, by provider (administrators only).
    pub async fn list<'a>(&self, actor: impl Into<Actor<'a>>) -> Result<Vec<ClientView>, Error> {
        actor.into().require_admin("see OAuth clients")?;
        let mut reader = self.core.store.read().await?;
        let stored = reader.list_provider_clients().await?;
        drop(reader);
        let mut names: BTreeSet<ProviderName> =
            stored.into_iter().map(|record| record.provider).collect();
        let all = self.providers.list().await?;
        names.extend(
            all.bundled
                .iter()
                .chain(&all.custom)
                .filter(|provider| known::of_environment(&self.core, provider).is_some())
                .map(|provider| provider.name.clone()),
        );
        let mut list = Vec::new();
        for name in &names {
            list.extend(self.view(name).await?);
        }
        Ok(list)
    }

    /// Our client at one provider, where there is one (administrators only).
    pub async fn find<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        provider: &ProviderName,
    ) -> Result<Option<ClientView>, Error> {
        actor.into().require_admin("see OAuth clients")?;
        self.view(provider).await
    }

    /// Whether an administrator can give us a client there: people log in at the provider's own page.
    pub fn takes_client(provider: &Provider) -> bool {
        let oauth = provider.oauth.as_ref();
        provider.auth_type == AuthType::OAuth2
            && oauth.is_some_and(|oauth| {
                oauth.client.is_none()
                    && (oauth.authorization_url.is_some()
                        || oauth.device_authorization_url.is_some())
            })
    }

    /// Makes this our client at the provider, for everybody (administrators only). What the last one got
    /// ends in every vault; how many connections. The same client again changes nothing.
    pub async fn set<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        name: &ProviderName,
        client: NewClient,
    ) -> Result<u64, Error> {
        let actor = actor.into();
        actor.require_admin("set OAuth clients")?;
        let provider = self.providers.get(name).await?;
        self.check_not_of_environment(&provider)?;
        let client = checked(&provider, &client)?;
        if self.is_same(&provider, &client).await? {
            return Ok(0);
        }
        let event = actor.sign(AuditEvent::new(EventName::ProviderClientSet).on(name, None));
        self.change(name, Some(&client), event).await
    }

    /// Forgets our client at the provider (administrators only); what it got ends in every vault. How many
    /// connections. `NotFound` where there is none.
    pub async fn forget<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        name: &ProviderName,
    ) -> Result<u64, Error> {
        let actor = actor.into();
        actor.require_admin("forget OAuth clients")?;
        // A client outlives the definition that it was set for.
        if let Some(provider) = self.providers.find_readable(name).await? {
            self.check_not_of_environment(&provider)?;
        }
        let event = AuditEvent::new(EventName::ProviderClientForgotten).on(name, None);
        self.change(name, None, actor.sign(event)).await
    }

    /// Whether a login may bring another client in the place of the one there is.
    pub(in crate::services) fn check_replaceable(
        &self,
        actor: Actor<'_>,
        provider: &Provider,
        flow: Flow,
    ) -> Result<(), Error> {
        actor.require_admin("set OAuth clients")?;
        if !matches!(flow, Flow::Pkce | Flow::DeviceCode | Flow::DcrPkce) {
            return Err(takes_none(provider));
        }
        self.check_not_of_environment(provider)
    }

    fn check_not_of_environment(&self, provider: &Provider) -> Result<(), Error> {
        let Some(variable) = known::id_variable(&self.core, provider) else {
            return Ok(());
        };
        let name = &provider.display_name;
        Err(Error::new(
            ErrorCode::OperationNotAllowed,
            format!("the OAuth client of this daemon at {name} is set by {variable}"),
        )
        .hint("change it where the daemon gets its environment, and start the daemon again")
        .provider(&provider.name)
        .operation("client"))
    }

    async fn view(&self, name: &ProviderName) -> Result<Option<ClientView>, Error> {
        let core = &self.core;
        let provider = self.providers.find_readable(name).await?;
        let ours = provider
            .as_ref()
            .and_then(|provider| known::of_environment(core, provider));
        let variable = provider
            .as_ref()
            .and_then(|provider| known::id_variable(core, provider));
        let (client, source) = match (ours, variable) {
            (Some(client), Some(variable)) => {
                (Some(client), ClientSource::Environment { variable })
            }
            _ => match known::stored(core, name).await {
                Ok(None) => return Ok(None),
                Ok(client) => (client, ClientSource::Stored),
                Err(error) if opening::is_integrity(&error) => (None, ClientSource::Stored),
                Err(error) => return Err(error),
            },
        };
        Ok(Some(ClientView {
            provider: name.clone(),
            client_id: client.as_ref().map(|client| client.client_id.clone()),
            has_secret: client
                .as_ref()
                .is_some_and(|client| client.client_secret.is_some()),
            base_url: client.and_then(|client| client.base_url),
            source,
            redirect_uri: self.redirect_uri(),
            issued: Issued::default().look(core, name).await?,
        }))
    }

    async fn is_same(&self, provider: &Provider, client: &ProviderClient) -> Result<bool, Error> {
        let stored = known::stored_readable(&self.core, &provider.name).await?;
        let secret = |client: &ProviderClient| {
            let secret = client.client_secret.as_ref();
            secret.map(|secret| secret.reveal().to_owned())
        };
        Ok(stored.is_some_and(|stored| {
            stored.client_id == client.client_id
                && secret(&stored) == secret(client)
                && known::check_site(client, provider, stored.base_url.as_deref()).is_ok()
        }))
    }

    /// Writes the client, or its absence, ends what the last one got, and tells the provider.
    async fn change(
        &self,
        name: &ProviderName,
        to: Option<&ProviderClient>,
        event: AuditEvent,
    ) -> Result<u64, Error> {
        let core = &self.core;
        let farewell = Farewell::prepare(core, &self.providers, name).await?;
        let mut issued = Issued::default();
        for _ in 0..TRIES {
            issued.look(core, name).await?;
            let prepared = match to {
                Some(client) => Some(known::prepare(core, name, client).await?),
                None => None,
            };
            let (name, issued, event) = (name.clone(), issued.clone(), event.clone());
            let write = core.store.write(move |tx| {
                async move { replace(tx, &name, prepared, &issued, event).await }.boxed()
            });
            let Some(gone) = write.await? else {
                continue;
            };
            let count = u64::try_from(gone.len()).unwrap_or(u64::MAX);
            if let Some(farewell) = farewell.filter(|_| count > 0) {
                farewell.say(gone).await;
            }
            return Ok(count);
        }
        Err(Error::new(
            ErrorCode::Conflict,
            "connections of this provider are being changed; try again",
        )
        .provider(name))
    }
}

/// `None` when the client or a connection has changed since they were read: nothing was done then.
async fn replace(
    tx: &mut Tx,
    name: &ProviderName,
    prepared: Option<Prepared>,
    issued: &Issued,
    event: AuditEvent,
) -> Result<Option<Vec<SealedConnection>>, Error> {
    if let Some(prepared) = &prepared
        && !known::is_current(tx, prepared).await?
    {
        return Ok(None);
    }
    let reason = match prepared {
        Some(_) => "the OAuth client was changed",
        None => "the OAuth client was forgotten",
    };
    if prepared.is_none() && tx.find_provider_client(name).await?.is_none() {
        return Err(none_there(name));
    }
    let Some(gone) = issued.end(tx, name, reason).await? else {
        return Ok(None);
    };
    match &prepared {
        Some(prepared) => drop(known::put(tx, prepared).await?),
        None => drop(tx.delete_provider_client(name).await?),
    }
    environment::forget(tx, name).await?;
    let count = u64::try_from(gone.len()).unwrap_or(u64::MAX);
    tx.audit(event.with("connections", count)).await?;
    Ok(Some(gone))
}

/// Without the white space that copying brings along.
fn checked(provider: &Provider, client: &NewClient) -> Result<ProviderClient, Error> {
    if !ProviderClients::takes_client(provider) {
        return Err(takes_none(provider));
    }
    let id = client.client_id.trim();
    let secret = client.client_secret.as_ref();
    let secret = secret
        .map(|secret| secret.reveal().trim())
        .filter(|secret| !secret.is_empty());
    known::check_text(id, secret).map_err(Error::invalid)?;
    let site = client.base_url.as_deref().map(str::trim);
    let site = site.filter(|site| !site.is_empty());
    if site.is_some_and(|site| !is_base_url(site)) {
        return Err(Error::invalid(
            "the base URL is an https URL such as https://git.example.com, without a query",
        ));
    }
    if site.is_some() && !provider.has_sites() {
        return Err(Error::invalid(format!(
            "{} is in one place and has no use for a base URL",
            provider.display_name
        )));
    }
    if site.is_none() && provider.needs_site() {
        return Err(endpoints::no_site(provider));
    }
    Ok(ProviderClient {
        client_id: id.to_owned(),
        client_secret: secret.map(ClientSecret::new),
        base_url: site.map(str::to_owned),
    })
}

fn takes_none(provider: &Provider) -> Error {
    let name = &provider.display_name;
    let message = match provider.auth_type {
        AuthType::ApiKey => format!("{name} takes an API key; there is no OAuth client"),
        AuthType::Browser => {
            format!("{name} takes the cookies of a browser session; there is no OAuth client")
        }
        AuthType::OAuth2 => {
            format!("a program logs in to {name} with a key of its own, not by our OAuth client")
        }
    };
    Error::new(ErrorCode::OperationNotAllowed, message)
        .hint(format!("log in with `authsome login {}`", provider.name))
        .provider(&provider.name)
        .operation("client")
}

fn none_there(name: &ProviderName) -> Error {
    Error::not_found(format!("this daemon has no OAuth client at `{name}`"))
        .hint("`authsome admin client list` shows them all")
        .provider(name)
        .operation("client")
}
