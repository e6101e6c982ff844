//! Listing, showing, ending and exporting. The Vault is always the actor's own: a record of another
//! is simply not there.

use super::export::{self, Variable};
use crate::model::{
    AuditEvent, Caller, Connection, ConnectionName, ConnectionState, Credential, ErrorCode,
    EventName, Handle, ProviderName, VaultId,
};
use crate::secret::ExportedText;
use crate::services::farewell::Farewell;
use crate::services::refresh::{Fresh, Refresher};
use crate::services::setup::Core;
use crate::services::snapshot::Snapshots;
use crate::services::{Actor, Error, Providers, login_command, opening};
use crate::store::{Reading, SealedConnection};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;

/// Vaults whose lists are kept.
const MOST_LISTED: u64 = 32;

/// The connections at one provider.
#[derive(Debug, Clone)]
pub struct ProviderConnections {
    pub provider: ProviderName,
    pub default: Option<ConnectionName>,
    pub connections: Vec<Connection>,
}

/// One connection in full.
#[derive(Debug, Clone)]
pub struct ConnectionRecord {
    pub connection: Connection,
    /// The identity that asked.
    pub identity: Option<Handle>,
    /// Only when it was asked for; the asking is audited.
    pub credential: Option<Credential>,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// `NAME=value` lines for `.env` files.
    Env,
    /// `export NAME='value'` lines, safe for `eval`.
    Shell,
    /// One JSON object.
    Json,
}

/// Lists, shows, exports and ends connections.
#[derive(Debug, Clone)]
pub struct Connections {
    pub(super) core: Arc<Core>,
    providers: Providers,
    pub(super) refresher: Refresher,
    /// The connections of Vaults that are listed again and again.
    listed: Snapshots<VaultId, Arc<[Connection]>>,
}

impl Connections {
    pub(in crate::services) fn new(
        core: Arc<Core>,
        providers: Providers,
        refresher: Refresher,
    ) -> Self {
        Self {
            core,
            providers,
            refresher,
            listed: Snapshots::new(MOST_LISTED, Duration::from_mins(5)),
        }
    }

    /// Every connection of the actor's Vault by provider, in name order; opens nothing.
    pub async fn list<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
    ) -> Result<Vec<ProviderConnections>, Error> {
        let vault = actor.into().vault().clone();
        let store = &self.core.store;
        let load = || async {
            let found = store.read().await?.list_connections(&vault).await?;
            Ok(Arc::from(found))
        };
        let listed = &self.listed;
        let found = listed.get(vault.clone(), store.generation(), load).await?;
        let now = self.core.now();
        let mut groups: Vec<ProviderConnections> = Vec::new();
        for connection in found.iter() {
            let mut connection = connection.clone();
            connection.state = connection.state_at(now);
            if groups
                .last()
                .is_none_or(|group| group.provider != connection.provider)
            {
                groups.push(ProviderConnections {
                    provider: connection.provider.clone(),
                    default: None,
                    connections: Vec::new(),
                });
            }
            if let Some(group) = groups.last_mut() {
                if connection.is_default {
                    group.default = Some(connection.name.clone());
                }
                group.connections.push(connection);
            }
        }
        Ok(groups)
    }

    /// One connection; with `reveal` its credential too, which is audited before it leaves.
    pub async fn show<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        provider: &ProviderName,
        name: &ConnectionName,
        reveal: bool,
    ) -> Result<ConnectionRecord, Error> {
        let actor = actor.into();
        let mut reader = self.core.store.read().await?;
        let found = reader.find_connection(actor.vault(), provider, name);
        let found = found.await?.ok_or_else(|| not_found(provider, name))?;
        drop(reader);
        let mut connection;
        let credential = if reveal {
            let asked =
                actor.sign(AuditEvent::new(EventName::CredentialRevealed).on(provider, Some(name)));
            let opened = self.refresher.fresh(found).await;
            let opened = opening::witness(&self.core, asked.clone(), opened).await?;
            self.core.store.audit(vec![asked]).await?;
            connection = opened.connection;
            self.note_use(&connection, actor.handle());
            Some(opened.credential)
        } else {
            connection = found.connection;
            None
        };
        connection.state = connection.state_at(self.core.now());
        Ok(ConnectionRecord {
            connection,
            identity: actor.handle().cloned(),
            credential,
        })
    }

    /// Ends a connection here and, where the provider can be told, there. When it was the default, the
    /// latest of those left becomes it.
    pub async fn logout<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        provider: &ProviderName,
        connection: &ConnectionName,
    ) -> Result<(), Error> {
        let actor = actor.into();
        let event = actor
            .sign(AuditEvent::new(EventName::ConnectionLoggedOut).on(provider, Some(connection)));
        let farewell = Farewell::prepare(&self.core, &self.providers, provider).await?;
        let vault = actor.vault().clone();
        let (provider, connection) = (provider.clone(), connection.clone());
        let write = self.core.store.write(move |tx| {
            async move {
                let gone = tx.delete_connection(&vault, &provider, &connection).await?;
                let gone = gone.ok_or_else(|| not_found(&provider, &connection))?;
                let default = tx.ensure_default_connection(&vault, &provider).await?;
                let default = default.map(String::from);
                tx.audit(event.with("default_connection", default)).await?;
                Ok::<_, Error>(gone)
            }
            .boxed()
        });
        let gone = write.await?;
        self.core.noted.forget(&gone.connection.key());
        if let Some(farewell) = farewell {
            farewell.say(vec![gone]).await;
        }
        Ok(())
    }

    pub async fn set_default<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        provider: &ProviderName,
        connection: &ConnectionName,
    ) -> Result<(), Error> {
        let actor = actor.into();
        let event = actor
            .sign(AuditEvent::new(EventName::ConnectionDefaultSet).on(provider, Some(connection)));
        let vault = actor.vault().clone();
        let (provider, connection) = (provider.clone(), connection.clone());
        let write = self.core.store.write(move |tx| {
            async move {
                let set = tx.set_default_connection(&vault, &provider, &connection);
                if !set.await? {
                    return Err(not_found(&provider, &connection));
                }
                tx.audit(event).await?;
                Ok(())
            }
            .boxed()
        });
        write.await
    }

    /// Ends every connection at the provider in every Vault (administrators only); how many.
    pub async fn revoke_provider<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        provider: &ProviderName,
    ) -> Result<u64, Error> {
        self.providers
            .revoke_everywhere(actor.into(), provider)
            .await
    }

    /// The variables of one provider's connection, or of every provider's (`None`), as text.
    ///
    /// A provider without a connection of that name gives its default one. What has expired, and
    /// what no definition stands for any more, is left out of an export of everything.
    pub async fn export(
        &self,
        caller: &Caller,
        provider: Option<&ProviderName>,
        connection: &ConnectionName,
        format: ExportFormat,
    ) -> Result<ExportedText, Error> {
        let reader = self.core.store.read().await?;
        let found = match provider {
            Some(provider) => vec![self.one(reader, caller, provider, connection).await?],
            None => self.all(reader, caller, connection).await?,
        };
        let asked = |of: &Connection| {
            AuditEvent::new(EventName::CredentialExported)
                .by(caller)
                .on(&of.provider, Some(&of.name))
        };
        // All at once: a provider that is slow holds up nobody but itself.
        let opened = found.into_iter().map(|sealed| async {
            let event = asked(&sealed.connection);
            let opened = self.refresher.fresh(sealed).await;
            opening::witness(&self.core, event, opened).await
        });
        let mut variables: Vec<Variable> = Vec::new();
        let mut events = Vec::new();
        let mut used = Vec::new();
        for opened in join_all(opened).await {
            let Fresh {
                connection,
                credential,
                ..
            } = match opened {
                Err(ended) if provider.is_none() && is_ended(&ended) => continue,
                opened => opened?,
            };
            let name = &connection.provider;
            let definition = match provider {
                Some(_) => self.providers.get(name).await?,
                None => match self.providers.find_readable(name).await? {
                    Some(definition) => definition,
                    None => continue,
                },
            };
            variables.extend(export::variables(&definition, &connection, &credential));
            events.push(asked(&connection));
            used.push(connection);
        }
        self.core.store.audit(events).await?;
        for connection in &used {
            self.note_use(connection, Some(&caller.handle));
        }
        Ok(export::write(format, &variables))
    }

    fn note_use(&self, connection: &Connection, by: Option<&Handle>) {
        let core = &self.core;
        core.noted.used(&connection.key(), by, core.now());
    }

    async fn one(
        &self,
        mut reader: Reading,
        caller: &Caller,
        provider: &ProviderName,
        connection: &ConnectionName,
    ) -> Result<SealedConnection, Error> {
        let named = reader.find_connection(&caller.vault, provider, connection);
        let found = match named.await? {
            None if connection.as_str() == ConnectionName::DEFAULT => {
                reader
                    .find_default_connection(&caller.vault, provider)
                    .await?
            }
            named => named,
        };
        drop(reader);
        let Some(found) = found else {
            self.providers.get(provider).await?;
            return Err(not_found(provider, connection));
        };
        match found.connection.state_at(self.core.now()) {
            ConnectionState::Connected { .. } => Ok(found),
            ConnectionState::Expired { .. } => Err(expired(&found.connection)),
            ConnectionState::Revoked { .. } => Err(opening::ended(&found.connection)),
        }
    }

    async fn all(
        &self,
        mut reader: Reading,
        caller: &Caller,
        connection: &ConnectionName,
    ) -> Result<Vec<SealedConnection>, Error> {
        let now = self.core.now();
        let usable = |found: &SealedConnection| {
            let state = found.connection.state_at(now);
            matches!(state, ConnectionState::Connected { .. }) && found.sealed.is_some()
        };
        let mut chosen: Vec<SealedConnection> = Vec::new();
        let found = reader.list_sealed_connections(&caller.vault).await?;
        for sealed in found.into_iter().filter(usable) {
            let is_named = sealed.connection.name == *connection;
            match chosen.last_mut() {
                Some(last) if last.connection.provider == sealed.connection.provider => {
                    let has_named = last.connection.name == *connection;
                    if is_named || (sealed.connection.is_default && !has_named) {
                        *last = sealed;
                    }
                }
                _ => chosen.push(sealed),
            }
        }
        chosen.retain(|c| c.connection.is_default || c.connection.name == *connection);
        Ok(chosen)
    }
}

pub(in crate::services) fn not_found(
    provider: &ProviderName,
    connection: &ConnectionName,
) -> Error {
    Error::new(
        ErrorCode::ConnectionNotFound,
        format!("no connection `{connection}` of `{provider}`"),
    )
    .hint(login_command(provider, Some(connection)))
    .provider(provider)
}

/// Whether a connection gives nothing until its person, or its provider, is back.
fn is_ended(error: &Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::TokenExpired | ErrorCode::RefreshFailed
    )
}

/// A login whose end has come.
pub(in crate::services) fn expired(connection: &Connection) -> Error {
    let (provider, name) = (&connection.provider, &connection.name);
    Error::new(
        ErrorCode::TokenExpired,
        format!("the login `{name}` of `{provider}` has expired"),
    )
    .hint(opening::login_command(connection))
    .provider(provider)
}
