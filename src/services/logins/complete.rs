//! The end of a login: the key is sealed and stored, the login moved on and the event written, in
//! one transaction that happens once.

use super::answers::Answers;
use super::service::{LoginView, Logins, ended, over};
use crate::clock::to_unix_millis;
use crate::model::connection::Account;
use crate::model::{
    AuditEvent, Caller, ClaimState, Connection, ConnectionState, Credential, ErrorCode, EventName,
    LoginSession, LoginSessionId, LoginState,
};
use crate::services::Error;
use crate::store::Tx;
use crate::vault::CredentialAddress;
use futures_util::FutureExt as _;

/// How often the end of a login is tried anew when the connection changed under it.
const TRIES: u32 = 3;

impl Logins {
    /// The terminal's way: what was typed there. What does not fit is `AuthenticationFailed` or
    /// `InvalidInput` and leaves the login open.
    pub async fn resume(
        &self,
        caller: &Caller,
        id: &LoginSessionId,
        answers: Answers,
    ) -> Result<LoginView, Error> {
        let record = self.own(caller, id).await?;
        let login = &record.login;
        if login.state.is_final() {
            return Err(ended(&login.state));
        }
        let provider = self.providers.get(&login.provider).await?;
        let granted = self.grant(login, &provider, &answers).await?;
        let grant = granted.map_err(|problem| {
            let code = if problem.is_malformed {
                ErrorCode::InvalidInput
            } else {
                ErrorCode::AuthenticationFailed
            };
            Error::new(code, problem.text)
                .hint("the login is still open; try again")
                .provider(&provider.name)
                .operation("login")
        })?;
        self.complete(login, grant, Taken::Now, "terminal").await?;
        self.show(caller, id).await
    }

    /// Stores what was granted and ends the login well; `way` is for the audit log.
    pub(super) async fn complete(
        &self,
        login: &LoginSession,
        grant: Grant,
        taken: Taken,
        way: &'static str,
    ) -> Result<LoginSession, Error> {
        for _ in 0..TRIES {
            let prepared = self.prepare(login, &grant).await?;
            let event = completed(login, way);
            let login = login.clone();
            let write = self.core.store.write(move |tx| {
                async move { finish(tx, &login, prepared, taken, event).await }.boxed()
            });
            if let Some(done) = write.await? {
                return Ok(done);
            }
        }
        Err(Error::new(
            ErrorCode::Conflict,
            "this connection is being changed by somebody else; try again",
        ))
    }

    /// Seals the credential for the place it will have.
    async fn prepare(&self, login: &LoginSession, grant: &Grant) -> Result<Prepared, Error> {
        let credential = &grant.credential;
        let mut reader = self.core.store.read().await?;
        let found = reader.find_connection(&login.vault, &login.provider, &login.connection);
        let from_version = found.await?.map(|found| found.connection.version);
        drop(reader);
        let now = self.core.now();
        let connection = Connection {
            vault: login.vault.clone(),
            provider: login.provider.clone(),
            name: login.connection.clone(),
            is_default: false,
            auth_type: credential.auth_type(),
            state: ConnectionState::Connected {
                expires_at: credential.expires_at(),
            },
            scopes: grant.scopes.clone(),
            base_url: login.base_url.clone(),
            api_url: None,
            account: grant.account.clone(),
            principal: login.principal.clone(),
            obtained_at: now,
            refreshable: credential.is_refreshable(),
            // Never a number that a deleted connection of this name had: its old ciphertext stays
            // worthless in the new one's place.
            version: (from_version.unwrap_or(0) + 1).max(to_unix_millis(now)),
        };
        let at = CredentialAddress::of(&connection);
        let sealed = self.core.vaults.seal_credential(&at, credential).await?;
        Ok(Prepared {
            connection,
            sealed,
            from_version,
        })
    }
}

/// What a login yields.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) credential: Credential,
    pub(super) scopes: Vec<String>,
    pub(super) account: Account,
}

/// When the answer of a login is taken in, which happens once.
#[derive(Debug, Clone, Copy)]
pub(super) enum Taken {
    /// With the credential, in one commit.
    Now,
    /// Before a provider was asked: the login is being worked on.
    Before,
}

/// A connection ready to be written.
struct Prepared {
    connection: Connection,
    sealed: Vec<u8>,
    /// The version that is replaced; `None` where there is none.
    from_version: Option<i64>,
}

/// `None` when the connection changed since it was prepared: nothing was done then.
async fn finish(
    tx: &mut Tx,
    login: &LoginSession,
    prepared: Prepared,
    taken: Taken,
    event: AuditEvent,
) -> Result<Option<LoginSession>, Error> {
    let Prepared {
        mut connection,
        sealed,
        from_version,
    } = prepared;
    let found = tx
        .find_connection(&login.vault, &login.provider, &login.connection)
        .await?;
    if found.as_ref().map(|found| found.connection.version) != from_version {
        return Ok(None);
    }
    let claimed = match taken {
        Taken::Now => tx.take_login(&login.id).await?,
        Taken::Before => tx
            .find_login(&login.id)
            .await?
            .filter(|record| record.login.state == LoginState::Processing),
    };
    let claimed = claimed.ok_or_else(over)?;
    check_owner(tx, &claimed.login).await?;
    if let Some(version) = from_version {
        tx.replace_connection(&connection, &sealed, version).await?;
    } else {
        let default = tx
            .find_default_connection(&login.vault, &login.provider)
            .await?;
        connection.is_default = default.is_none();
        tx.insert_connection(&connection, &sealed).await?;
    }
    let state = LoginState::Completed {
        message: format!("Logged in to {}", login.provider),
    };
    tx.move_login(&login.id, &state).await?;
    tx.audit(event).await?;
    Ok(Some(LoginSession {
        state,
        ..claimed.login
    }))
}

/// An identity revoked, or an account shut out, after the login began gets nothing stored.
async fn check_owner(tx: &mut Tx, login: &LoginSession) -> Result<(), Error> {
    let found = tx.find_identity(&login.identity).await?;
    let stands = found.is_some_and(|record| {
        matches!(&record.claim, ClaimState::Accepted { principal, .. } if *principal == login.principal)
            && record.principal.is_some_and(|owner| !owner.disabled)
    });
    if stands {
        return Ok(());
    }
    Err(Error::forbidden(format!(
        "identity `{}`, which began this login, was revoked",
        login.identity
    )))
}

fn completed(login: &LoginSession, way: &str) -> AuditEvent {
    let mut event = AuditEvent::new(EventName::LoginCompleted)
        .on(&login.provider, Some(&login.connection))
        .with("flow", login.flow.as_str())
        .with("way", way);
    event.identity = Some(login.identity.clone());
    event.principal = Some(login.principal.clone());
    event
}
