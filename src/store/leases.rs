//! Who refreshes a connection at the moment, and how its refreshes went.
//!
//! The row is one record: whoever changes it reads it in the same transaction, and writers take
//! turns. What it says is about one version of the connection; a new login makes it void. It goes
//! with its connection.

use super::Error;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Columns, Row, args};
use crate::model::{ConnectionKey, VaultId};
use time::OffsetDateTime;

/// Whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Names a process; two never have the same name.
    pub by: String,
    /// After that the holder is taken to be gone.
    pub until: OffsetDateTime,
}

/// What is known of the refreshes of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshLease {
    /// The version of the connection that this is about.
    pub version: i64,
    pub held: Option<Held>,
    /// When the token endpoint was last asked.
    pub tried_at: OffsetDateTime,
    /// How often in a row that came to nothing.
    pub failures: i64,
    /// When it may be asked again.
    pub not_before: Option<OffsetDateTime>,
    /// Why it came to nothing: a step and a code, never a secret.
    pub last_error: Option<String>,
}

const COLUMNS: &str = "version, holder, until, tried_at, failures, not_before, last_error";

fn read(c: &mut Columns<'_>) -> Result<RefreshLease, Error> {
    Ok(RefreshLease {
        version: c.int()?,
        held: match (c.opt_text()?, c.opt_time()?) {
            (Some(by), Some(until)) => Some(Held { by, until }),
            (None, None) => None,
            _ => return Err(c.bad()),
        },
        tried_at: c.time()?,
        failures: c.int()?,
        not_before: c.opt_time()?,
        last_error: c.opt_text()?,
    })
}

fn read_held(row: &Row) -> Result<(ConnectionKey, RefreshLease), Error> {
    let mut c = row.columns("refresh lease");
    let key = ConnectionKey {
        vault: c.name()?,
        provider: c.name()?,
        name: c.name()?,
    };
    Ok((key, read(&mut c)?))
}

impl Reader {
    pub async fn find_refresh_lease(
        &mut self,
        key: &ConnectionKey,
    ) -> Result<Option<RefreshLease>, Error> {
        let row = self
            .one(
                format!(
                    "SELECT {COLUMNS} FROM refresh_leases \
                     WHERE vault_id = $1 AND provider = $2 AND name = $3"
                ),
                args![key.vault.as_str(), key.provider.as_str(), key.name.as_str()],
            )
            .await?;
        row.map(|row| read(&mut row.columns("refresh lease")))
            .transpose()
    }

    /// Those of a Vault whose last try came to nothing.
    pub async fn list_failing_refreshes(
        &mut self,
        vault: &VaultId,
    ) -> Result<Vec<(ConnectionKey, RefreshLease)>, Error> {
        let rows = self
            .all(
                format!(
                    "SELECT vault_id, provider, name, {COLUMNS} FROM refresh_leases \
                     WHERE vault_id = $1 AND failures > 0"
                ),
                args![vault.as_str()],
            )
            .await?;
        rows.iter().map(read_held).collect()
    }

    /// Those that somebody holds, or held when he came to an end; at most `most`.
    pub async fn list_held_refreshes(
        &mut self,
        most: i64,
    ) -> Result<Vec<(ConnectionKey, RefreshLease)>, Error> {
        let rows = self
            .all(
                format!(
                    "SELECT vault_id, provider, name, {COLUMNS} FROM refresh_leases \
                     WHERE holder IS NOT NULL ORDER BY until LIMIT $1"
                ),
                args![most],
            )
            .await?;
        rows.iter().map(read_held).collect()
    }
}

impl Tx {
    /// Writes all of what is known; the connection exists, else [`Error::MissingParent`].
    pub async fn put_refresh_lease(
        &mut self,
        key: &ConnectionKey,
        lease: &RefreshLease,
    ) -> Result<(), Error> {
        let held = lease.held.as_ref();
        self.run(
            format!(
                "INSERT INTO refresh_leases (vault_id, provider, name, {COLUMNS}) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                 ON CONFLICT (vault_id, provider, name) DO UPDATE SET \
                 version = $4, holder = $5, until = $6, tried_at = $7, failures = $8, \
                 not_before = $9, last_error = $10"
            ),
            args![
                key.vault.as_str(),
                key.provider.as_str(),
                key.name.as_str(),
                lease.version,
                held.map(|held| held.by.as_str()),
                held.map(|held| held.until),
                lease.tried_at,
                lease.failures,
                lease.not_before,
                lease.last_error.as_deref(),
            ],
        )
        .await?;
        Ok(())
    }
}
