//! The end of a login: the key is sealed and stored, the login moved on and the event written, in
//! one transaction that happens once.

use super::answers::{Answers, ProblemKind};
use super::service::{LoginView, Logins, ended, over};
use crate::model::login::Beginner;
use crate::model::{
    AuditEvent, Caller, ErrorCode, EventName, LoginSession, LoginSessionId, LoginState,
};
use crate::services::Error;
use crate::services::failure::CHECK_THE_WAY;
use crate::services::storing::{self, Place, Prepared, TRIES};
use crate::store::Tx;
use futures_util::FutureExt as _;

pub(super) use crate::services::storing::Grant;

impl Logins {
    /// The terminal's way: what was typed there. What does not fit is `AuthenticationFailed` or
    /// `InvalidInput`, a provider that could not be asked `EndpointUnreachable`; each leaves the login open.
    pub async fn resume(
        &self,
        caller: &Caller,
        id: &LoginSessionId,
        answers: Answers,
    ) -> Result<LoginView, Error> {
        let record = self.own(caller.into(), id).await?;
        let login = &record.login;
        if login.state.is_final() {
            return Err(ended(&login.state));
        }
        let provider = self.providers.get(&login.provider).await?;
        let granted = self.grant(login, &provider, &answers).await?;
        let grant = granted.map_err(|problem| {
            let still_open = "the login is still open; try again";
            let (code, hint) = match problem.kind {
                ProblemKind::Malformed => (ErrorCode::InvalidInput, still_open),
                ProblemKind::Wrong => (ErrorCode::AuthenticationFailed, still_open),
                ProblemKind::OutOfReach => (ErrorCode::EndpointUnreachable, CHECK_THE_WAY),
            };
            Error::new(code, problem.text)
                .hint(hint)
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
            let place = Place {
                vault: &login.vault,
                provider: &login.provider,
                connection: &login.connection,
                principal: &login.principal,
                base_url: login.base_url.as_deref(),
            };
            let prepared = storing::prepare(&self.core, place, &grant).await?;
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
}

/// When the answer of a login is taken in, which happens once.
#[derive(Debug, Clone, Copy)]
pub(super) enum Taken {
    /// With the credential, in one commit.
    Now,
    /// Before a provider was asked: the login is being worked on.
    Before,
}

/// `None` when the connection changed since it was prepared: nothing was done then.
async fn finish(
    tx: &mut Tx,
    login: &LoginSession,
    prepared: Prepared,
    taken: Taken,
    event: AuditEvent,
) -> Result<Option<LoginSession>, Error> {
    if !prepared.is_current(tx).await? {
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
    prepared.put(tx).await?;
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
    let (stands, refusal) = match login.begun_by() {
        Beginner::Agent(handle) => (
            storing::still_acts_for(tx, handle, &login.principal).await?,
            format!("identity `{handle}`, which began this login, was revoked"),
        ),
        Beginner::Person(owner) => (
            storing::still_stands(tx, owner).await?,
            "the account that began this login was disabled".to_owned(),
        ),
    };
    if stands {
        return Ok(());
    }
    Err(Error::forbidden(refusal))
}

fn completed(login: &LoginSession, way: &str) -> AuditEvent {
    AuditEvent::new(EventName::LoginCompleted)
        .for_login(login)
        .on(&login.provider, Some(&login.connection))
        .with("flow", login.flow.as_str())
        .with("way", way)
}
