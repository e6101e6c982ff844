//! Who used which connection, when last and how often, and when identities were last seen.
//!
//! Written behind the requests it is about, many at once. Nobody keeps a copy, so writing it does not
//! advance [`Store::generation`](super::Store::generation).

use super::Error;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Row, Value, args};
use crate::model::{ConnectionKey, ConnectionName, Handle, PrincipalId, ProviderName, VaultId};
use time::OffsetDateTime;

/// Rows of one statement.
const ROWS: usize = 128;

/// What somebody did with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionUse {
    pub connection: ConnectionKey,
    /// `None` for a person in a browser.
    pub by: Option<Handle>,
    pub last_at: OffsetDateTime,
    /// How often, at least once.
    pub uses: i64,
}

fn read_use(row: &Row) -> Result<ConnectionUse, Error> {
    let mut c = row.columns("connection use");
    Ok(ConnectionUse {
        connection: ConnectionKey {
            vault: c.name()?,
            provider: c.name()?,
            name: c.name()?,
        },
        by: c.opt_name()?,
        last_at: c.time()?,
        uses: c.int()?,
    })
}

/// The condition on rows of a Vault, or of it and a provider, with its values.
fn narrowed(vault: &VaultId, at: Option<&ProviderName>) -> (&'static str, Vec<Value>) {
    match at {
        Some(provider) => (
            "vault_id = $1 AND provider = $2",
            args![vault.as_str(), provider.as_str()],
        ),
        None => ("vault_id = $1", args![vault.as_str()]),
    }
}

impl Reader {
    /// Every use of the Vault's Connections, or of those at one provider, the latest first.
    pub async fn list_uses(
        &mut self,
        vault: &VaultId,
        at: Option<&ProviderName>,
    ) -> Result<Vec<ConnectionUse>, Error> {
        let (theirs, values) = narrowed(vault, at);
        let rows = self
            .all(
                format!(
                    "SELECT vault_id, provider, name, identity, last_at, uses FROM connection_uses \
                     WHERE {theirs} ORDER BY last_at DESC"
                ),
                values,
            )
            .await?;
        rows.iter().map(read_use).collect()
    }

    /// When each of the Vault's Connections, or of those at one provider, was added.
    pub async fn list_added(
        &mut self,
        vault: &VaultId,
        at: Option<&ProviderName>,
    ) -> Result<Vec<(ProviderName, ConnectionName, OffsetDateTime)>, Error> {
        let (theirs, values) = narrowed(vault, at);
        let rows = self
            .all(
                format!("SELECT provider, name, added_at FROM connections WHERE {theirs}"),
                values,
            )
            .await?;
        let read = |row: &Row| {
            let mut c = row.columns("connection");
            Ok((c.name()?, c.name()?, c.time()?))
        };
        rows.iter().map(read).collect()
    }

    pub async fn find_seen(&mut self, handle: &Handle) -> Result<Option<OffsetDateTime>, Error> {
        let row = self
            .one(
                "SELECT seen_at FROM identity_seen WHERE handle = $1",
                args![handle.as_str()],
            )
            .await?;
        row.map(|row| row.columns("sighting").time()).transpose()
    }

    /// When the identities of a Principal, those whose access has ended too, were last seen.
    pub async fn list_seen(
        &mut self,
        principal: &PrincipalId,
    ) -> Result<Vec<(Handle, OffsetDateTime)>, Error> {
        let rows = self
            .all(
                "SELECT s.handle, s.seen_at FROM claims c JOIN identity_seen s ON s.handle = c.handle \
                 WHERE c.principal_id = $1",
                args![principal.as_str()],
            )
            .await?;
        let read = |row: &Row| {
            let mut c = row.columns("sighting");
            Ok((c.name()?, c.time()?))
        };
        rows.iter().map(read).collect()
    }
}

impl Tx {
    /// Adds to what is known. A use of a Connection that is gone, or from before it was added, is left
    /// out; each pair of Connection and user comes once.
    pub async fn add_uses(&mut self, uses: &[ConnectionUse]) -> Result<(), Error> {
        for chunk in uses.chunks(ROWS) {
            let values = chunk.iter().flat_map(|one| -> Vec<Value> {
                args![
                    one.connection.vault.as_str(),
                    one.connection.provider.as_str(),
                    one.connection.name.as_str(),
                    one.by.as_ref().map(Handle::as_str),
                    one.last_at,
                    one.uses,
                ]
            });
            let values: Vec<Value> = values.collect();
            let statement = format!(
                "INSERT INTO connection_uses (vault_id, provider, name, identity, last_at, uses) \
                 SELECT column1, column2, column3, column4, column5, column6 \
                 FROM (VALUES {}) AS used \
                 WHERE EXISTS (SELECT 1 FROM connections c WHERE c.vault_id = column1 \
                  AND c.provider = column2 AND c.name = column3 AND c.added_at <= column5) \
                 AND (column4 IS NULL OR EXISTS (SELECT 1 FROM identities i WHERE i.handle = column4)) \
                 ON CONFLICT (vault_id, provider, name, (COALESCE(identity, ''))) DO UPDATE SET \
                 uses = connection_uses.uses + excluded.uses, \
                 last_at = CASE WHEN excluded.last_at > connection_uses.last_at \
                  THEN excluded.last_at ELSE connection_uses.last_at END",
                self.rows(chunk.len(), 6)
            );
            self.run(statement, values).await?;
        }
        Ok(())
    }

    /// Notes when identities were last seen; one that is gone is left out, each comes once.
    pub async fn put_seen(&mut self, seen: &[(Handle, OffsetDateTime)]) -> Result<(), Error> {
        for chunk in seen.chunks(ROWS) {
            let values = chunk
                .iter()
                .flat_map(|(handle, at)| -> Vec<Value> { args![handle.as_str(), *at] });
            let values: Vec<Value> = values.collect();
            let statement = format!(
                "INSERT INTO identity_seen (handle, seen_at) \
                 SELECT column1, column2 FROM (VALUES {}) AS seen \
                 WHERE EXISTS (SELECT 1 FROM identities i WHERE i.handle = column1) \
                 ON CONFLICT (handle) DO UPDATE SET seen_at = excluded.seen_at \
                 WHERE excluded.seen_at > identity_seen.seen_at",
                self.rows(chunk.len(), 2)
            );
            self.run(statement, values).await?;
        }
        Ok(())
    }
}
