//! Resolving a connection and listing where credentials may go.

use super::ready::{Ready, Wanted};
use super::routes::route;
use crate::model::export::ExportSource;
use crate::model::{
    AuditEvent, Caller, ConnectionName, ConnectionState, ErrorCode, EventName, Injection, Outcome,
    ProviderName,
};
use crate::services::refresh::Refresher;
use crate::services::setup::Core;
use crate::services::snapshot::Snapshots;
use crate::services::{Error, Identities, Providers, Unspent, opening};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// Which providers the routes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteScope {
    /// Those with a connection; an expired one too, so that its use can say what to do.
    Connected,
    /// Every known provider.
    Configured,
}

/// Where a connection's credential may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub provider: ProviderName,
    /// `None` where the provider is not connected (scope `configured`).
    pub connection: Option<ConnectionName>,
    pub is_default: bool,
    /// Hosts, URLs with a path prefix and `regex:` patterns.
    pub api_urls: Vec<String>,
    /// Paths of the provider's own OAuth endpoints on those hosts, never injected.
    pub auth_endpoint_paths: Vec<String>,
    /// The child's variables and what they stand for.
    pub variables: Vec<(String, ExportSource)>,
    /// The shape of the fake value a child gets.
    pub placeholder: Option<String>,
}

/// Where a request goes, as far as the asker says: 0.5 clients say nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Destination<'a> {
    /// Lower case; `None` stands for the first host of the definition (some differ by host).
    pub host: Option<&'a str>,
    pub port: Option<u16>,
    /// It did not take what was given out last: a credential that renews itself does so now, but not all
    /// the time.
    pub rejected: bool,
}

/// What leaves the daemon for one request.
#[derive(Debug, Clone)]
pub struct Release {
    pub injection: Arc<Injection>,
    /// When the credential ends by itself, where that is known.
    pub expires_at: Option<OffsetDateTime>,
}

/// Answers the proxies.
#[derive(Debug, Clone)]
pub struct Resolver {
    pub(super) core: Arc<Core>,
    pub(super) providers: Providers,
    pub(super) refresher: Refresher,
    identities: Identities,
    /// Finished injections, with their secrets: few, and gone soon when nobody asks.
    ready: Snapshots<Wanted, Arc<Ready>>,
}

impl Resolver {
    pub(in crate::services) fn new(
        core: Arc<Core>,
        providers: Providers,
        refresher: Refresher,
        identities: Identities,
    ) -> Self {
        Self {
            core,
            providers,
            refresher,
            identities,
            ready: Snapshots::new(2_000, Duration::from_mins(5)),
        }
    }

    /// What to add to a request for this connection (the default one for `None`) at `to`. A host
    /// that the definition does not name, or no longer, gets nothing.
    ///
    /// The proof is spent and the release, or the refusal, audited in one commit; when that fails,
    /// no secret leaves.
    pub async fn resolve(
        &self,
        unspent: Unspent,
        provider: &ProviderName,
        connection: Option<&ConnectionName>,
        to: Destination<'_>,
    ) -> Result<Release, Error> {
        check_host(to.host)?;
        let (caller, proof) = unspent.into_parts();
        let wanted = Wanted::new(&caller.vault, provider, connection, to);
        let generation = self.core.store.generation();
        let now = self.core.now();
        let found = if to.rejected {
            Box::pin(self.reload(&wanted)).await
        } else {
            let good = |ready: &Arc<Ready>| ready.is_good(now);
            let load = || self.load(&wanted);
            let kept = self.ready.get_while(wanted.clone(), generation, good, load);
            kept.await
        };
        if let Some((key, obtained, expires)) = found.as_ref().ok().and_then(|ready| ready.life()) {
            self.refresher.used(key, obtained, expires);
        }
        let outcome = found.and_then(|ready| Ok((ready.at(self.core.now())?, ready)));
        let mut asked = AuditEvent::new(EventName::CredentialResolved).by(&caller);
        if to.rejected {
            asked = asked.with("rejected", true);
        }
        let event = match &outcome {
            Ok((release, _)) => asked.on(provider, Some(&release.injection.connection)),
            Err(failed) if failed.code() == ErrorCode::StoreUnavailable => {
                return outcome.map(|(release, _)| release);
            }
            Err(refusal) => {
                let meant = self.meant(&caller, provider, connection, refusal).await;
                refused(asked.on(provider, meant.as_ref()), refusal)
            }
        };
        let released = self.core.store.release(proof, vec![event]).await;
        let released = released.map_err(Error::from);
        self.identities
            .spent(released, &caller.did, |event| event.by(&caller))
            .await?;
        let noted = &self.core.noted;
        noted.seen(&caller.handle, now);
        let (release, ready) = outcome?;
        noted.used(ready.key(), Some(&caller.handle), now);
        Ok(release)
    }

    /// The connection a refusal is about; a record that does not open is looked up to be named.
    async fn meant(
        &self,
        caller: &Caller,
        provider: &ProviderName,
        connection: Option<&ConnectionName>,
        refusal: &Error,
    ) -> Option<ConnectionName> {
        if connection.is_some() || !opening::is_integrity(refusal) {
            return connection.cloned();
        }
        let mut reader = self.core.store.read().await.ok()?;
        let found = reader
            .find_default_connection(&caller.vault, provider)
            .await
            .ok()?;
        found.map(|sealed| sealed.connection.name)
    }

    /// Where credentials may go for this caller.
    pub async fn routes(&self, caller: &Caller, scope: RouteScope) -> Result<Vec<Route>, Error> {
        let mut reader = self.core.store.read().await?;
        let connections = reader.list_connections(&caller.vault).await?;
        drop(reader);
        let mut routes = Vec::new();
        let mut connected = BTreeSet::new();
        // They come in the order of their providers: each definition is looked up once.
        for group in connections.chunk_by(|a, b| a.provider == b.provider) {
            let Some(provider) = self.providers.find_readable(&group[0].provider).await? else {
                continue;
            };
            let usable = group
                .iter()
                .filter(|c| !matches!(c.state, ConnectionState::Revoked { .. }));
            for connection in usable {
                connected.insert(provider.name.clone());
                routes.push(route(&provider, Some(connection)));
            }
        }
        if scope == RouteScope::Configured {
            let all = self.providers.list().await?;
            let rest = all.bundled.iter().chain(&all.custom);
            let rest = rest.filter(|provider| !connected.contains(&provider.name));
            routes.extend(rest.map(|provider| route(provider, None)));
        }
        Ok(routes)
    }
}

/// A host is part of what is kept in memory: no longer than any that exists.
fn check_host(host: Option<&str>) -> Result<(), Error> {
    const LONGEST: usize = 253;
    let is_host = |host: &str| {
        (1..=LONGEST).contains(&host.len()) && host.bytes().all(|c| c.is_ascii_graphic())
    };
    if host.is_none_or(is_host) {
        return Ok(());
    }
    Err(Error::invalid(
        "`host` is a host name such as api.example.com",
    ))
}

/// The event of a request that got nothing, and why.
fn refused(asked: AuditEvent, refusal: &Error) -> AuditEvent {
    let (name, outcome) = if opening::is_integrity(refusal) {
        (EventName::IntegrityFailed, Outcome::Failure)
    } else {
        (EventName::CredentialRefused, Outcome::Refused)
    };
    let mut event = asked.ended(outcome).with("reason", refusal.code().class());
    event.event = name;
    event
}
