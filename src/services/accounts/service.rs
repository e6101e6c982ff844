//! The accounts service, and what it hands out.

use super::hashing::Hasher;
use crate::model::{Email, PrincipalId, Role, SignedIn};
use crate::secret::Token;
use crate::services::Error;
use crate::services::setup::Core;
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

    /// The address of an account, where it has one.
    pub async fn email(&self, principal: &PrincipalId) -> Result<Option<Email>, Error> {
        let mut reader = self.core.store.read().await?;
        let found = reader.find_principal(principal).await?;
        Ok(found.and_then(|record| record.principal.email))
    }
}
