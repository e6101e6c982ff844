//! Signed-in browsers. The cookie's value is known here only by its SHA-256.

use super::Error;
use super::principals;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Columns, Row, args};
use crate::model::{BrowserName, Handle, Principal, PrincipalId};
use time::OffsetDateTime;

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserSession {
    /// SHA-256 of the cookie's value.
    pub hash: [u8; 32],
    pub principal: PrincipalId,
    /// The Identity that opened it for its Principal, if one did.
    pub identity: Option<Handle>,
    /// Which browser it is, where we know it.
    pub browser: Option<BrowserName>,
    pub created_at: OffsetDateTime,
    pub seen_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

const COLUMNS: &str =
    "s.hash, s.principal_id, s.identity, s.browser, s.created_at, s.seen_at, s.expires_at";

fn read_session(c: &mut Columns<'_>) -> Result<BrowserSession, Error> {
    let hash = c.blob()?;
    Ok(BrowserSession {
        hash: hash.try_into().map_err(|_| c.bad())?,
        principal: c.name()?,
        identity: c.opt_name()?,
        browser: c.opt_text()?.as_deref().and_then(BrowserName::from_stored),
        created_at: c.time()?,
        seen_at: c.time()?,
        expires_at: c.time()?,
    })
}

fn read(row: &Row) -> Result<(BrowserSession, Principal), Error> {
    let mut c = row.columns("browser session");
    let session = read_session(&mut c)?;
    let principal = principals::read_principal(&mut c)?;
    Ok((session, principal))
}

impl Reader {
    /// The session and whose it is, unless it has expired or its Principal is disabled.
    pub async fn find_browser_session(
        &mut self,
        hash: &[u8; 32],
        now: OffsetDateTime,
    ) -> Result<Option<(BrowserSession, Principal)>, Error> {
        let row = self
            .one(
                format!(
                    "SELECT {COLUMNS}, {} FROM browser_sessions s \
                     JOIN principals p ON p.id = s.principal_id WHERE s.hash = $1 AND s.expires_at > $2 AND p.disabled = 0",
                    principals::COLUMNS
                ),
                args![hash.as_slice(), now],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The sessions of a Principal that have not ended, the last used first.
    pub async fn list_browser_sessions(
        &mut self,
        principal: &PrincipalId,
        now: OffsetDateTime,
    ) -> Result<Vec<BrowserSession>, Error> {
        let rows = self
            .all(
                format!(
                    "SELECT {COLUMNS} FROM browser_sessions s WHERE s.principal_id = $1 \
                     AND s.expires_at > $2 ORDER BY s.seen_at DESC, s.created_at DESC, s.hash"
                ),
                args![principal.as_str(), now],
            )
            .await?;
        rows.iter()
            .map(|row| read_session(&mut row.columns("browser session")))
            .collect()
    }

    pub async fn count_browser_sessions(&mut self, principal: &PrincipalId) -> Result<i64, Error> {
        let row = self
            .one(
                "SELECT COUNT(*) FROM browser_sessions WHERE principal_id = $1",
                args![principal.as_str()],
            )
            .await?;
        row.map_or(Ok(0), |row| row.columns("count").int())
    }
}

impl Tx {
    pub async fn insert_browser_session(&mut self, session: &BrowserSession) -> Result<(), Error> {
        self.run(
            "INSERT INTO browser_sessions \
             (hash, principal_id, identity, browser, created_at, seen_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            args![
                session.hash.as_slice(),
                session.principal.as_str(),
                session.identity.as_ref().map(Handle::as_str),
                session.browser.map(|browser| browser.to_string()),
                session.created_at,
                session.seen_at,
                session.expires_at
            ],
        )
        .await?;
        Ok(())
    }

    /// Notes that the browser was here, and until when it stays signed in.
    pub async fn touch_browser_session(
        &mut self,
        hash: &[u8; 32],
        expires_at: OffsetDateTime,
    ) -> Result<bool, Error> {
        let now = self.now();
        let changed = self
            .run(
                "UPDATE browser_sessions SET seen_at = $2, expires_at = $3 WHERE hash = $1",
                args![hash.as_slice(), now, expires_at],
            )
            .await?;
        Ok(changed > 0)
    }

    pub async fn delete_browser_session(&mut self, hash: &[u8; 32]) -> Result<bool, Error> {
        let gone = self
            .run(
                "DELETE FROM browser_sessions WHERE hash = $1",
                args![hash.as_slice()],
            )
            .await?;
        Ok(gone > 0)
    }

    /// Ends so many sessions of the Principal, those that were used longest ago.
    pub async fn delete_oldest_browser_sessions(
        &mut self,
        principal: &PrincipalId,
        count: i64,
    ) -> Result<u64, Error> {
        self.run(
            "DELETE FROM browser_sessions WHERE hash IN (SELECT hash FROM browser_sessions \
             WHERE principal_id = $1 ORDER BY seen_at, created_at, hash LIMIT $2)",
            args![principal.as_str(), count],
        )
        .await
    }

    /// Ends what an Identity opened for its Principal.
    pub async fn delete_browser_sessions_by(&mut self, identity: &Handle) -> Result<u64, Error> {
        self.run(
            "DELETE FROM browser_sessions WHERE identity = $1",
            args![identity.as_str()],
        )
        .await
    }

    /// Signs the Principal out everywhere, except perhaps in the browser at hand.
    pub async fn delete_browser_sessions_of(
        &mut self,
        principal: &PrincipalId,
        except: Option<&[u8; 32]>,
    ) -> Result<u64, Error> {
        let keep: &[u8] = except.map_or(&[], <[u8; 32]>::as_slice);
        self.run(
            "DELETE FROM browser_sessions WHERE principal_id = $1 AND hash <> $2",
            args![principal.as_str(), keep],
        )
        .await
    }
}
