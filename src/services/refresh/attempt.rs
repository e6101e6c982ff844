//! One refresh, from the lease to the commit.

use super::failure::{Failure, Kind, reason};
use super::flights::Outcome;
use super::lease::{Kept, Taken, event};
use super::refresher::{Fresh, Refresher};
use super::stops::RefreshMoment;
use super::timing::{Wish, due, early};
use crate::clock::to_unix_millis;
use crate::model::{Connection, ConnectionKey, ConnectionState, Credential, ErrorCode, EventName};
use crate::oauth::{self, Tokens};
use crate::services::endpoints::Endpoints;
use crate::services::minting::{self, Unminted};
use crate::services::{Error, clients, opening};
use crate::store::SealedConnection;
use crate::vault::CredentialAddress;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// The provider and everything before it; shorter than the lease.
const EXCHANGE: Duration = Duration::from_secs(25);
/// How long we wait for another replica, which gives up or dies before that.
const OTHERS: Duration = Duration::from_mins(1);
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LAST_LOOK: Duration = Duration::from_millis(500);
/// How long a new credential that cannot be written is kept in memory: the old one is worth nothing.
const HOLD_ON: Duration = Duration::from_mins(1);

/// Why no tokens came.
enum Trouble {
    Provider(oauth::Error),
    Unminted(Unminted),
    Ours(Error),
    TimedOut,
}

impl Refresher {
    /// Gets a new credential in the place of the one at version `seen`, or the one that somebody else
    /// got.
    pub(super) async fn fly(self, key: ConnectionKey, seen: i64, wish: Wish) -> Outcome {
        match self.try_fly(&key, seen, wish).await {
            Ok(outcome) => outcome,
            Err(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(
                    provider.name = key.provider.as_str(),
                    error = cause,
                    error.kind = error.code().class(),
                    "a credential could not be refreshed"
                );
                Outcome::Failed(Failure::ours(&error))
            }
        }
    }

    async fn try_fly(&self, key: &ConnectionKey, seen: i64, wish: Wish) -> Result<Outcome, Error> {
        let give_up = Instant::now() + OTHERS;
        loop {
            match self.take(key, seen, wish).await? {
                Taken::Ours(found) => {
                    self.pass(RefreshMoment::Taken).await;
                    return self.attempt(found).await;
                }
                Taken::Current(found) => return self.current(found).await,
                Taken::Gone => return Ok(Outcome::Gone),
                Taken::Later(lease, until) => {
                    return Ok(Outcome::Failed(Failure {
                        kind: Kind::Postponed { until },
                        reason: lease.last_error.unwrap_or_default(),
                    }));
                }
                Taken::Busy if Instant::now() > give_up => {
                    let code = ErrorCode::RefreshFailed;
                    return Err(Error::new(code, "another replica is at it for too long"));
                }
                Taken::Busy => self.watch(key, seen, give_up).await?,
            }
        }
    }

    /// Waits until another replica has changed the connection or given up.
    async fn watch(&self, key: &ConnectionKey, seen: i64, give_up: Instant) -> Result<(), Error> {
        let mut pause = FIRST_LOOK;
        while Instant::now() <= give_up {
            sleep(pause).await;
            pause = (pause * 3 / 2).min(LAST_LOOK);
            let mut reader = self.core().store.read().await?;
            let found = reader.find_connection(&key.vault, &key.provider, &key.name);
            let found = found.await?;
            let same = found.is_some_and(|found| found.connection.version == seen);
            let lease = reader.find_refresh_lease(key).await?;
            drop(reader);
            let now = self.core().now();
            let held = lease.and_then(|lease| lease.held);
            if !same || held.is_none_or(|held| held.until <= now) {
                break;
            }
        }
        Ok(())
    }

    async fn pass(&self, moment: RefreshMoment) {
        self.core().config.refresh_stops.pass(moment).await;
    }

    async fn attempt(&self, found: SealedConnection) -> Result<Outcome, Error> {
        let connection = &found.connection;
        let asked = timeout(EXCHANGE, self.ask(&found)).await;
        match asked.unwrap_or(Err(Trouble::TimedOut)) {
            Ok((old, tokens)) => {
                self.pass(RefreshMoment::Answered).await;
                self.store(connection, &old, tokens).await
            }
            Err(trouble) => self.fail(connection, &trouble).await,
        }
    }

    /// The old credential, and what the provider gives for its refresh token.
    async fn ask(&self, found: &SealedConnection) -> Result<(Credential, Tokens), Trouble> {
        let core = self.core();
        let connection = &found.connection;
        let old = opening::try_open(core, found)
            .await
            .map_err(Trouble::Ours)?;
        let provider = self.providers().get(&connection.provider).await;
        let provider = provider.map_err(Trouble::Ours)?;
        let site = connection.base_url.as_deref();
        if let Credential::Minted { key, .. } = &old {
            let minted = minting::mint(core, &provider, site, key, &connection.scopes);
            let tokens = minted.await.map_err(Trouble::Unminted)?;
            return Ok((old, tokens));
        }
        let Credential::OAuth2 {
            refresh_token: Some(token),
            ..
        } = &old
        else {
            return Err(Trouble::Ours(Error::invalid("it has no refresh token")));
        };
        let client = clients::at_site(core, &provider, site).await;
        let client = client.map_err(Trouble::Ours)?;
        let endpoint = Endpoints::new(&provider, site).and_then(|endpoints| endpoints.token());
        let endpoint = endpoint.map_err(Trouble::Ours)?;
        let speaker = clients::speaker(&client, &provider);
        let tokens = speaker.refresh(&core.config.transport, &endpoint, token);
        let tokens = tokens.await.map_err(Trouble::Provider)?;
        Ok((old, tokens))
    }

    /// Seals and writes what came, before anybody has it. The old refresh token may be worth nothing by
    /// now, so a store that is away for a moment is tried again.
    async fn store(
        &self,
        from: &Connection,
        old: &Credential,
        tokens: Tokens,
    ) -> Result<Outcome, Error> {
        let core = self.core();
        let event = event(EventName::CredentialRefreshed, from)
            .with("rotated", tokens.refresh_token.is_some());
        let now = core.now();
        let credential = renewed(old, &tokens, now);
        let connection = Connection {
            state: ConnectionState::Connected {
                expires_at: credential.expires_at(),
            },
            scopes: tokens.scopes.unwrap_or_else(|| from.scopes.clone()),
            obtained_at: now,
            refreshable: credential.is_refreshable(),
            version: (from.version + 1).max(to_unix_millis(now)),
            ..from.clone()
        };
        let at = CredentialAddress::of(&connection);
        let sealed = core.vaults.seal_credential(&at, &credential).await?;
        self.pass(RefreshMoment::Sealed).await;
        let give_up = Instant::now() + HOLD_ON;
        let mut pause = FIRST_LOOK;
        loop {
            let (row, sealed, event) = (connection.clone(), sealed.clone(), event.clone());
            match self.keep(row, sealed, from.version, event).await {
                Ok(Kept::Written) => break,
                Ok(Kept::Overtaken) => return self.reread(&connection.key()).await,
                Err(error) if Instant::now() + pause > give_up => return Err(error),
                Err(_) => sleep(pause).await,
            }
            pause = (pause * 2).min(LAST_LOOK * 4);
        }
        self.pass(RefreshMoment::Kept).await;
        tracing::info!(
            provider.name = connection.provider.as_str(),
            "a credential was refreshed"
        );
        if let Some(expires) = credential.expires_at() {
            self.uses().renewed(&connection.key(), early(now, expires));
        }
        Ok(fresh(connection, credential))
    }

    async fn fail(&self, connection: &Connection, trouble: &Trouble) -> Result<Outcome, Error> {
        let (said, is_final) = match trouble {
            Trouble::Provider(cause) => (reason(cause), cause.is_final()),
            Trouble::Unminted(Unminted::Provider(cause)) => {
                (reason(cause), Unminted::is_final(cause))
            }
            Trouble::Ours(error) | Trouble::Unminted(Unminted::Ours(error)) => {
                (error.message().to_owned(), false)
            }
            Trouble::TimedOut => ("token refresh: it took too long".to_owned(), false),
        };
        tracing::warn!(
            provider.name = connection.provider.as_str(),
            error.cause = said,
            error.is_final = is_final,
            "a credential could not be refreshed"
        );
        match self.give_back(connection, &said, is_final).await? {
            Some(kind) => Ok(Outcome::Failed(Failure { kind, reason: said })),
            None => self.reread(&connection.key()).await,
        }
    }

    async fn reread(&self, key: &ConnectionKey) -> Result<Outcome, Error> {
        let mut reader = self.core().store.read().await?;
        let found = reader.find_connection(&key.vault, &key.provider, &key.name);
        let found = found.await?;
        drop(reader);
        match found {
            Some(found) => self.current(found).await,
            None => Ok(Outcome::Gone),
        }
    }

    /// What there is now, whoever made it.
    async fn current(&self, found: SealedConnection) -> Result<Outcome, Error> {
        match found.connection.state {
            ConnectionState::Connected { .. } => {
                let credential = opening::try_open(self.core(), &found).await?;
                Ok(fresh(found.connection, credential))
            }
            ConnectionState::Expired { .. } | ConnectionState::Revoked { .. } => {
                Ok(Outcome::Failed(Failure {
                    kind: Kind::Ended,
                    reason: "log in again".to_owned(),
                }))
            }
        }
    }
}

fn fresh(connection: Connection, credential: Credential) -> Outcome {
    let expires = credential.expires_at();
    let expires = expires.filter(|_| credential.is_refreshable());
    Outcome::Fresh(Arc::new(Fresh {
        again_at: expires.map(|expires| due(connection.obtained_at, expires)),
        connection,
        credential,
    }))
}

/// The new credential. A provider that gives no new refresh token means the old one to be kept.
fn renewed(old: &Credential, tokens: &Tokens, now: time::OffsetDateTime) -> Credential {
    let expires_at = tokens.expires_in.map(|life| now + life);
    let kept = match old {
        Credential::Minted { key, .. } => {
            return Credential::Minted {
                key: key.clone(),
                access_token: tokens.access_token.clone(),
                expires_at,
            };
        }
        Credential::OAuth2 { refresh_token, .. } => refresh_token.clone(),
        Credential::ApiKey { .. } | Credential::Cookies { .. } => None,
    };
    Credential::OAuth2 {
        access_token: tokens.access_token.clone(),
        refresh_token: tokens.refresh_token.clone().or(kept),
        token_type: "Bearer".to_owned(),
        expires_at,
    }
}
