//! Definitions from three places: registered ones in the store win over files of the home, and
//! those over the bundled ones.

use super::refusal;
use crate::catalog::{self, Catalog};
use crate::clock::to_unix_millis;
use crate::model::{AuditEvent, ErrorCode, EventName, Provider, ProviderName};
use crate::services::farewell::Farewell;
use crate::services::setup::Core;
use crate::services::snapshot::Snapshots;
use crate::services::{Actor, Error};
use crate::store::{CustomProvider, SealedConnection, Tx};
use futures_util::FutureExt as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Every definition in use; a custom one hides the bundled one of its name.
#[derive(Debug, Clone, Default)]
pub struct ProviderList {
    pub bundled: Vec<Arc<Provider>>,
    pub custom: Vec<Arc<Provider>>,
}

/// A definition that was taken.
#[derive(Debug, Clone)]
pub struct Registered {
    pub provider: Arc<Provider>,
    /// What an administrator should know, such as a reserved host that was confirmed.
    pub warnings: Vec<String>,
}

/// What `remove` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// A custom definition is gone.
    Removed,
    /// What the name stood for before is in use again, bundled or a file's; the connections are
    /// revoked.
    Reset,
}

/// The store's own definitions; `None` for one that cannot be read.
type Stored = BTreeMap<ProviderName, Option<Arc<Provider>>>;

/// Finds, registers and removes definitions.
#[derive(Debug, Clone)]
pub struct Providers {
    pub(super) core: Arc<Core>,
    pub(super) catalog: Catalog,
    /// The store's own definitions by name; `None` for a name it has not.
    stored: Snapshots<ProviderName, Option<Arc<Provider>>>,
    /// All of them.
    all_stored: Snapshots<(), Arc<Stored>>,
}

impl Providers {
    pub(in crate::services) fn new(core: Arc<Core>, catalog: Catalog) -> Self {
        Self {
            core,
            catalog,
            stored: Snapshots::new(1_000, Duration::from_hours(1)),
            all_stored: Snapshots::new(1, Duration::from_mins(5)),
        }
    }

    pub async fn list(&self) -> Result<ProviderList, Error> {
        let store = &self.core.store;
        let load = || async {
            let rows = store.read().await?.list_custom_providers().await?;
            let mut stored = Stored::new();
            for row in &rows {
                stored.insert(row.name.clone(), self.read(row).await.ok());
            }
            Ok(Arc::new(stored))
        };
        let stored = self.all_stored.get((), store.generation(), load).await?;
        let (bundled, custom) = self.catalog.definitions();
        let hidden = |provider: &Arc<Provider>| stored.contains_key(&provider.name);
        let bundled = bundled.into_iter().filter(|p| !hidden(p)).collect();
        let mut custom: Vec<Arc<Provider>> = custom.into_iter().filter(|p| !hidden(p)).collect();
        custom.extend(stored.values().flatten().cloned());
        custom.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(ProviderList { bundled, custom })
    }

    /// `ProviderNotFound` when there is none.
    pub async fn get(&self, name: &ProviderName) -> Result<Arc<Provider>, Error> {
        let found = self.find(name).await?;
        found.ok_or_else(|| refusal::not_found(name))
    }

    pub(in crate::services) async fn find(
        &self,
        name: &ProviderName,
    ) -> Result<Option<Arc<Provider>>, Error> {
        let store = &self.core.store;
        let load = || async {
            match store.read().await?.find_custom_provider(name).await? {
                Some(row) => self.read(&row).await.map(Some),
                None => Ok(None),
            }
        };
        let stored = self.stored.get(name.clone(), store.generation(), load);
        if let Some(stored) = stored.await? {
            return Ok(Some(stored));
        }
        let found = self.catalog.find(name);
        found.map_err(|broken| refusal::broken_file(name, broken))
    }

    /// The same for whoever goes through many: one that cannot be read is passed over.
    pub(in crate::services) async fn find_readable(
        &self,
        name: &ProviderName,
    ) -> Result<Option<Arc<Provider>>, Error> {
        match self.find(name).await {
            Err(wrong) if wrong.code() == ErrorCode::InvalidProviderSchema => Ok(None),
            found => found,
        }
    }

    /// A stored definition. One that does not open or read is an error, never another definition
    /// of the name: that one could send the credential elsewhere.
    async fn read(&self, row: &CustomProvider) -> Result<Arc<Provider>, Error> {
        let version = to_unix_millis(row.updated_at);
        let vaults = &self.core.vaults;
        let json = vaults.open_definition(&row.name, version, &row.sealed);
        let json = match json.await {
            Ok(json) => json,
            Err(cause) if cause.is_integrity() => return Err(unreadable(&row.name, cause)),
            Err(cause) => return Err(cause.into()),
        };
        let read = serde_json::from_slice(&json);
        read.map(Arc::new)
            .map_err(|cause| unreadable(&row.name, cause))
    }

    /// What is wrong with the definition files of the home, for people.
    pub(in crate::services) fn file_problems(&self) -> Vec<catalog::FileProblem> {
        self.catalog.list().problems
    }

    /// Takes a definition (administrators only). One that exists, or that names a host of a
    /// bundled provider, needs `force`.
    pub async fn register<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        definition: serde_json::Value,
        force: bool,
    ) -> Result<Registered, Error> {
        let actor = actor.into();
        actor.require_admin("register providers")?;
        refusal::control_characters(&definition)?;
        let checked = catalog::check(definition).map_err(|wrong| refusal::invalid(&wrong))?;
        let provider = checked.provider;
        let conflicts = self.catalog.conflicts(&provider);
        if !force {
            refusal::conflicts(&provider, &conflicts)?;
            if self.find(&provider.name).await?.is_some() {
                return Err(refusal::exists(&provider.name));
            }
        }
        let mut warnings: Vec<String> = checked.warnings.iter().map(ToString::to_string).collect();
        warnings.extend(conflicts.iter().map(ToString::to_string));
        let event = AuditEvent::new(EventName::ProviderRegistered)
            .on(&provider.name, None)
            .with("api_url", provider.api_url.clone())
            .with(
                "confirmed",
                conflicts
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>(),
            );
        let before = self.find_readable(&provider.name).await?;
        let ends = before.is_some_and(|before| sends_elsewhere(&before, &provider));
        let farewell = if ends {
            Farewell::prepare(&self.core, self, &provider.name).await?
        } else {
            None
        };
        let event = actor.sign(event);
        let ending = ends.then(|| {
            let event = AuditEvent::new(EventName::ProviderRevoked).on(&provider.name, None);
            actor.sign(event.with("reason", "its definition sends secrets elsewhere now"))
        });
        let gone = self
            .store_definition(&actor, &provider, (event, ending), force)
            .await?;
        let ended = told(&self.core, farewell, gone).await;
        if ended > 0 {
            warnings.push(format!(
                "secrets would go elsewhere by the new definition, so its connections were ended: {ended}; log in again"
            ));
        }
        Ok(Registered {
            provider: Arc::new(provider),
            warnings,
        })
    }

    async fn store_definition(
        &self,
        actor: &Actor<'_>,
        provider: &Provider,
        (event, ending): (AuditEvent, Option<AuditEvent>),
        force: bool,
    ) -> Result<Vec<SealedConnection>, Error> {
        let now = self.core.now();
        let json = serde_json::to_vec(provider).map_err(Error::internal)?;
        let vaults = &self.core.vaults;
        let sealed = vaults.seal_definition(&provider.name, to_unix_millis(now), &json);
        let row = CustomProvider {
            name: provider.name.clone(),
            sealed: sealed.await?,
            created_by: Some(actor.principal().clone()),
            created_at: now,
            updated_at: now,
        };
        let write = self.core.store.write(move |tx| {
            async move {
                if !force && tx.find_custom_provider(&row.name).await?.is_some() {
                    return Err(refusal::exists(&row.name));
                }
                tx.put_custom_provider(&row).await?;
                tx.audit(event).await?;
                match ending {
                    Some(ending) => end_all(tx, &row.name, ending).await,
                    None => Ok(Vec::new()),
                }
            }
            .boxed()
        });
        write.await
    }

    /// Removes a custom definition or resets a bundled one, and revokes the connections; how many
    /// (administrators only).
    pub async fn remove<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        name: &ProviderName,
    ) -> Result<(Removed, u64), Error> {
        let actor = actor.into();
        actor.require_admin("remove providers")?;
        let from_file = self.catalog.is_custom(name);
        let known = from_file || self.catalog.find_bundled(name).is_some();
        let removed = if known {
            Removed::Reset
        } else {
            Removed::Removed
        };
        let event = actor.sign(AuditEvent::new(EventName::ProviderRemoved).on(name, None));
        let farewell = Farewell::prepare(&self.core, self, name).await?;
        let name = name.clone();
        let write = self.core.store.write(move |tx| {
            async move {
                let stored = tx.delete_custom_provider(&name).await?;
                if !stored && !known {
                    return Err(refusal::not_found(&name));
                }
                if !stored && from_file {
                    return Err(refusal::defined_by_file(&name));
                }
                end_all(tx, &name, event).await
            }
            .boxed()
        });
        Ok((removed, told(&self.core, farewell, write.await?).await))
    }

    /// Ends every connection at the provider in every Vault, and forgets our client there; how
    /// many connections.
    pub(in crate::services) async fn revoke_everywhere(
        &self,
        actor: Actor<'_>,
        name: &ProviderName,
    ) -> Result<u64, Error> {
        actor.require_admin("revoke a provider for everybody")?;
        let known = self.find_readable(name).await?.is_some();
        let event = actor.sign(AuditEvent::new(EventName::ProviderRevoked).on(name, None));
        let farewell = Farewell::prepare(&self.core, self, name).await?;
        let name = name.clone();
        let write = self.core.store.write(move |tx| {
            async move {
                if !known && tx.count_connections(Some(&name)).await? == 0 {
                    return Err(refusal::not_found(&name));
                }
                end_all(tx, &name, event).await
            }
            .boxed()
        });
        Ok(told(&self.core, farewell, write.await?).await)
    }
}

/// Whether a definition has a place for secrets that the one before it had not. People logged in for the
/// old places; an administrator may not send what they stored to new ones.
pub(super) fn sends_elsewhere(before: &Provider, now: &Provider) -> bool {
    let known = places(before);
    places(now).iter().any(|place| !known.contains(place))
}

fn places(provider: &Provider) -> Vec<&str> {
    let oauth = provider.oauth.as_ref();
    let endpoints = oauth.into_iter().flat_map(|oauth| {
        [
            &oauth.authorization_url,
            &oauth.token_url,
            &oauth.revocation_url,
            &oauth.device_authorization_url,
            &oauth.installation_token_url,
            &oauth.assertion_audience,
            &oauth.base_url,
        ]
        .into_iter()
        .flatten()
        .chain(oauth.userinfo.as_ref().map(|info| &info.url))
    });
    let registration = provider.registration.as_ref();
    let registration = registration.and_then(|r| r.registration_endpoint.as_ref());
    let variables = provider.client.as_ref();
    let variables = variables.and_then(|client| {
        client
            .client_secret_env
            .as_ref()
            .or(client.client_id_env.as_ref())
    });
    endpoints
        .chain(registration)
        .chain(variables)
        .chain(&provider.api_url)
        .map(String::as_str)
        .collect()
}

/// Tells the provider what is gone; how many that is.
async fn told(core: &Core, farewell: Option<Farewell>, gone: Vec<SealedConnection>) -> u64 {
    for one in &gone {
        core.noted.forget(&one.connection.key());
    }
    let count = u64::try_from(gone.len()).unwrap_or(u64::MAX);
    if let Some(farewell) = farewell.filter(|_| count > 0) {
        farewell.say(gone).await;
    }
    count
}

/// Removes all connections and the client at a provider; `event` tells how many went.
async fn end_all(
    tx: &mut Tx,
    name: &ProviderName,
    event: AuditEvent,
) -> Result<Vec<SealedConnection>, Error> {
    let ended = tx.delete_connections_at(name).await?;
    tx.delete_provider_client(name).await?;
    for gone in &ended {
        let connection = &gone.connection;
        let mut event = AuditEvent::new(EventName::ConnectionLoggedOut)
            .on(name, Some(&connection.name))
            .with("reason", "provider revoked");
        event.principal = Some(connection.principal.clone());
        tx.audit(event).await?;
    }
    let count = u64::try_from(ended.len()).unwrap_or(u64::MAX);
    tx.audit(event.with("connections", count)).await?;
    Ok(ended)
}

fn unreadable(name: &ProviderName, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    tracing::warn!(
        provider.name = name.as_str(),
        error.cause = %cause,
        "a registered definition cannot be read; register it again"
    );
    Error::new(
        ErrorCode::InvalidProviderSchema,
        format!("the registered definition of `{name}` cannot be read"),
    )
    .hint("an administrator registers it again with `authsome register FILE --force`, or takes it away with `authsome remove`")
    .provider(name)
    .caused_by(cause)
}
