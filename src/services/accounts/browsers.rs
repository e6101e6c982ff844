//! The browsers in which a person is signed in, and signing out of them from elsewhere.

use super::service::Accounts;
use super::sessions::{LIFETIME, by};
use super::shown;
use crate::crypto::random;
use crate::model::{BrowserName, EventName, Handle, PrincipalId, ShownId, SignedIn};
use crate::secret::Token;
use crate::services::Error;
use crate::store::{BrowserSession, Reader};
use futures_util::FutureExt as _;
use time::OffsetDateTime;

/// A browser in which somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedInBrowser {
    pub id: ShownId,
    pub opened_at: OffsetDateTime,
    /// Known to a few minutes.
    pub seen_at: OffsetDateTime,
    /// When it ends if nobody uses it.
    pub expires_at: OffsetDateTime,
    /// The agent whose person opened it from a terminal; `None` for a sign-in with a password.
    pub opened_by: Option<Handle>,
    /// Where it is one that we know.
    pub name: Option<BrowserName>,
    /// The one that asks.
    pub is_this: bool,
}

impl Accounts {
    /// The browsers in which this person is signed in, the one that asks first.
    pub async fn browsers(
        &self,
        person: &SignedIn,
        cookie: &Token,
    ) -> Result<Vec<SignedInBrowser>, Error> {
        let own = random::hash_token(cookie.reveal());
        let mut reader = self.core.store.read().await?;
        let rows = living(&mut reader, &person.principal, self.core.now()).await?;
        drop(reader);
        let mut browsers = Vec::with_capacity(rows.len());
        for row in rows {
            browsers.push(SignedInBrowser {
                id: shown::id(&row.hash)?,
                opened_at: row.created_at,
                seen_at: row.seen_at,
                expires_at: row.expires_at,
                opened_by: row.identity,
                name: row.browser,
                is_this: row.hash == own,
            });
        }
        browsers.sort_by_key(|browser| !browser.is_this);
        Ok(browsers)
    }

    /// Signs this person out of one browser.
    pub async fn sign_out_browser(&self, person: &SignedIn, id: &ShownId) -> Result<(), Error> {
        let (principal, id, now) = (person.principal.clone(), id.clone(), self.core.now());
        let write = self.core.store.write(move |tx| {
            async move {
                for row in living(tx, &principal, now).await? {
                    if shown::id(&row.hash)? == id {
                        tx.delete_browser_session(&row.hash).await?;
                        let event = by(EventName::AccountSignedOut, &principal);
                        tx.audit(event.with("from", "another browser")).await?;
                        return Ok(());
                    }
                }
                Err(Error::not_found("you are not signed in there any more"))
            }
            .boxed()
        });
        write.await
    }

    /// Signs this person out everywhere but in the browser that asks; of how many.
    pub async fn sign_out_others(&self, person: &SignedIn, cookie: &Token) -> Result<u64, Error> {
        let own = random::hash_token(cookie.reveal());
        let principal = person.principal.clone();
        let write = self.core.store.write(move |tx| {
            async move {
                let ended = tx.delete_browser_sessions_of(&principal, Some(&own));
                let ended = ended.await?;
                if ended > 0 {
                    let event = by(EventName::AccountSignedOut, &principal);
                    tx.audit(event.with("other_browsers", ended)).await?;
                }
                Ok(ended)
            }
            .boxed()
        });
        write.await
    }
}

async fn living(
    reader: &mut Reader,
    principal: &PrincipalId,
    now: OffsetDateTime,
) -> Result<Vec<BrowserSession>, Error> {
    let mut rows = reader.list_browser_sessions(principal, now).await?;
    rows.retain(|row| row.created_at + LIFETIME > now);
    Ok(rows)
}
