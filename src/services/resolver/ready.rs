//! An injection made ready: found, opened and rendered once, then handed out until something changes.

use super::service::{Destination, Release, Resolver};
use crate::model::api_url::ApiUrl;
use crate::model::injection::RenderError;
use crate::model::{
    Connection, ConnectionKey, ConnectionName, ConnectionState, ErrorCode, Injection, Provider,
    ProviderName, VaultId,
};
use crate::services::refresh::Fresh;
use crate::services::setup::Mode;
use crate::services::{Error, connections, login_command, opening};
use crate::store::SealedConnection;
use std::sync::Arc;
use time::OffsetDateTime;

/// How long a proxy of another machine may use an answer without asking again, in seconds: what a
/// revocation may take to reach it. On this machine it asks every time.
const REMOTE_LEASE: u32 = 1;

/// What was asked for; the key under which the answer is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    vault: VaultId,
    provider: ProviderName,
    connection: Option<ConnectionName>,
    host: Option<String>,
    port: Option<u16>,
}

impl Wanted {
    pub(super) fn new(
        vault: &VaultId,
        provider: &ProviderName,
        connection: Option<&ConnectionName>,
        to: Destination<'_>,
    ) -> Self {
        Self {
            vault: vault.clone(),
            provider: provider.clone(),
            connection: connection.cloned(),
            host: to.host.map(str::to_owned),
            port: to.port,
        }
    }
}

/// Whether the upstream took what it was given.
#[derive(Debug, Clone, Copy)]
enum Rejected {
    No,
    Yes,
}

/// An answer, good while the connection lasts.
#[derive(Debug)]
pub(super) struct Ready {
    release: Release,
    connection: Connection,
    key: ConnectionKey,
    again_at: Option<OffsetDateTime>,
}

impl Ready {
    /// Whether it may be given out at `now` without another look at the connection.
    pub(super) fn is_good(&self, now: OffsetDateTime) -> bool {
        let is_over = self.release.expires_at.is_some_and(|at| at <= now);
        let renews_itself = self.release.injection.refreshable;
        self.again_at.is_none_or(|at| now < at) && !(renews_itself && is_over)
    }

    pub(super) const fn key(&self) -> &ConnectionKey {
        &self.key
    }

    /// What has to be looked after while it is used: the connection, and its token's life.
    pub(super) fn life(&self) -> Option<(&ConnectionKey, OffsetDateTime, OffsetDateTime)> {
        let expires_at = self.release.expires_at?;
        let renews_itself = self.release.injection.refreshable;
        renews_itself.then_some((&self.key, self.connection.obtained_at, expires_at))
    }

    /// The answer at `now`, or why it is none any more.
    pub(super) fn at(&self, now: OffsetDateTime) -> Result<Release, Error> {
        let over = self.release.expires_at.is_some_and(|at| at <= now);
        match self.connection.state {
            ConnectionState::Connected { .. } if !over => Ok(self.release.clone()),
            ConnectionState::Connected { .. } | ConnectionState::Expired { .. } => {
                Err(connections::expired(&self.connection))
            }
            ConnectionState::Revoked { .. } => Err(opening::ended(&self.connection)),
        }
    }
}

impl Resolver {
    pub(super) async fn load(&self, wanted: &Wanted) -> Result<Arc<Ready>, Error> {
        self.prepare(wanted, Rejected::No).await
    }

    /// The same with a new credential, after the last was not taken.
    pub(super) async fn reload(&self, wanted: &Wanted) -> Result<Arc<Ready>, Error> {
        self.prepare(wanted, Rejected::Yes).await
    }

    async fn prepare(&self, wanted: &Wanted, rejected: Rejected) -> Result<Arc<Ready>, Error> {
        let provider = self.providers.get(&wanted.provider).await?;
        let found = self.find(wanted).await;
        let site = found
            .as_ref()
            .ok()
            .and_then(|found| found.connection.base_url.clone());
        let provider = provider.at_site(site.as_deref());
        check_destination(&provider, wanted)?;
        let found = found?;
        let Fresh {
            connection,
            credential,
            again_at,
        } = match rejected {
            Rejected::No => self.refresher.fresh(found).await?,
            Rejected::Yes => self.refresher.renewed(found).await?,
        };
        let rendered = provider
            .render(&credential, wanted.host.as_deref())
            .map_err(|wrong| unusable(wanted, &wrong))?;
        let lease_seconds = match self.core.config.mode {
            Mode::Local => 0,
            Mode::Hosted => REMOTE_LEASE,
        };
        Ok(Arc::new(Ready {
            release: Release {
                injection: Arc::new(Injection {
                    provider: wanted.provider.clone(),
                    connection: connection.name.clone(),
                    parts: rendered.parts,
                    secrets: rendered.secrets,
                    lease_seconds,
                    refreshable: credential.is_refreshable(),
                }),
                expires_at: credential.expires_at(),
            },
            key: connection.key(),
            connection,
            again_at,
        }))
    }

    async fn find(&self, wanted: &Wanted) -> Result<SealedConnection, Error> {
        let mut reader = self.core.store.read().await?;
        let (vault, provider) = (&wanted.vault, &wanted.provider);
        if let Some(name) = &wanted.connection {
            let found = reader.find_connection(vault, provider, name).await?;
            return found.ok_or_else(|| connections::not_found(provider, name));
        }
        let found = reader.find_default_connection(vault, provider).await?;
        found.ok_or_else(|| not_logged_in(provider))
    }
}

/// A proxy decides by the definition as it was when its run began; here it is as it is now, at the
/// connection's own site.
fn check_destination(provider: &Provider, wanted: &Wanted) -> Result<(), Error> {
    let Some(host) = &wanted.host else {
        return Ok(());
    };
    let is_meant = |entry: &String| {
        entry.parse::<ApiUrl>().is_ok_and(|own| {
            own.matches_host(host) && wanted.port.is_none_or(|port| own.port == port)
        })
    };
    if provider.api_url.iter().any(is_meant) {
        return Ok(());
    }
    let port = wanted.port.map(|port| format!(":{port}"));
    let place = format!("{host}{}", port.unwrap_or_default());
    Err(Error::new(
        ErrorCode::OperationNotAllowed,
        format!("{place} is no place of `{}`", provider.name),
    )
    .hint("if its definition has changed, start `authsome run` again")
    .provider(&provider.name))
}

fn not_logged_in(provider: &ProviderName) -> Error {
    Error::new(
        ErrorCode::CredentialMissing,
        format!("not logged in to `{provider}`"),
    )
    .hint(login_command(provider, None))
    .provider(provider)
}

/// A stored credential that the definition cannot put on a request.
fn unusable(wanted: &Wanted, wrong: &RenderError) -> Error {
    let code = match wrong {
        RenderError::NoRule { .. } => ErrorCode::OperationNotAllowed,
        RenderError::OtherKind { .. } | RenderError::Unsendable { .. } => {
            ErrorCode::CredentialMissing
        }
    };
    Error::new(code, wrong.to_string())
        .hint(login_command(&wanted.provider, wanted.connection.as_ref()))
        .provider(&wanted.provider)
}
