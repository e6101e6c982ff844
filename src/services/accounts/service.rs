//! The accounts themselves: who has one, who is shut out.

use super::hashing::Hasher;
use crate::model::{
    AuditEvent, Email, ErrorCode, EventName, Principal, PrincipalId, Role, SignedIn,
};
use crate::secret::Token;
use crate::services::setup::Core;
use crate::services::{Actor, Error};
use futures_util::FutureExt as _;
use std::fmt;
use std::sync::Arc;
use time::OffsetDateTime;

/// A browser session just opened; `token` goes into the cookie and is not kept.
#[derive(Debug)]
pub struct NewSession {
    pub token: Token,
    pub session: BrowserSession,
}

/// A browser that is signed in.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    pub person: SignedIn,
    /// Must come back with every form of this session.
    pub csrf: Token,
    /// The session ends here at the latest (Max-Age of the cookie).
    pub expires_at: OffsetDateTime,
    /// The same while nothing has happened that this person is told of; says nothing else. Empty for
    /// a session just opened.
    pub latest: String,
}

/// A one-time link that lets somebody open an account.
#[derive(Clone)]
pub struct Invitation {
    pub url: String,
    /// Where only this address may use it.
    pub email: Option<Email>,
    pub role: Role,
    pub expires_at: OffsetDateTime,
}

/// Without the link, which is as good as an account.
impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("email", &self.email)
            .field("role", &self.role)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Signs people up and in, and ends what they opened.
#[derive(Debug, Clone)]
pub struct Accounts {
    pub(super) core: Arc<Core>,
    pub(super) hasher: Hasher,
}

impl Accounts {
    pub(in crate::services) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            hasher: Hasher::new(),
        }
    }

    /// Everybody with an account here (administrators only).
    pub async fn list<'a>(&self, actor: impl Into<Actor<'a>>) -> Result<Vec<Principal>, Error> {
        actor.into().require_admin("list accounts")?;
        let found = self.core.store.read().await?.list_principals().await?;
        Ok(found.into_iter().map(|record| record.principal).collect())
    }

    /// Shuts an account out, ends its sessions, refuses its identities (administrators only).
    pub async fn disable<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        principal: &PrincipalId,
    ) -> Result<(), Error> {
        let actor = actor.into();
        actor.require_admin("disable accounts")?;
        if actor.principal() == principal {
            return Err(Error::new(
                ErrorCode::OperationNotAllowed,
                "you cannot disable your own account",
            )
            .hint("another administrator can"));
        }
        self.set_disabled(actor, principal, true).await
    }

    /// Lets a disabled account back in (administrators only).
    pub async fn enable<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        principal: &PrincipalId,
    ) -> Result<(), Error> {
        let actor = actor.into();
        actor.require_admin("enable accounts")?;
        self.set_disabled(actor, principal, false).await
    }

    async fn set_disabled(
        &self,
        actor: Actor<'_>,
        principal: &PrincipalId,
        disabled: bool,
    ) -> Result<(), Error> {
        let name = if disabled {
            EventName::AccountDisabled
        } else {
            EventName::AccountEnabled
        };
        let event = actor.sign(AuditEvent::new(name).with("account", principal.as_str()));
        let id = principal.clone();
        let by = actor.principal().clone();
        let write = self.core.store.write(move |tx| {
            async move {
                // Another administrator may have shut this one out a moment ago: of two that
                // disable each other one stays, so there always is an administrator.
                let acting = tx.find_principal(&by).await?.map(|record| record.principal);
                if !acting.is_some_and(|by| by.role == Role::Admin && !by.disabled) {
                    return Err(Error::forbidden("your account is disabled")
                        .hint("ask another administrator"));
                }
                if !tx.set_disabled(&id, disabled).await? {
                    return Err(Error::not_found(format!("no account `{id}` here")));
                }
                if disabled {
                    tx.delete_browser_sessions_of(&id, None).await?;
                }
                tx.audit(event).await?;
                Ok(())
            }
            .boxed()
        });
        write.await
    }

    /// The address of an account, where it has one.
    pub async fn email(&self, principal: &PrincipalId) -> Result<Option<Email>, Error> {
        let mut reader = self.core.store.read().await?;
        let found = reader.find_principal(principal).await?;
        Ok(found.and_then(|record| record.principal.email))
    }
}
