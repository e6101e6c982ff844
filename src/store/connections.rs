//! Connections: clear facts in columns, the Credential as a sealed blob that only `vault` opens.
//!
//! A record of another Vault is not there: every statement names the Vault, except those that an
//! admin's revocation of a whole Provider, or of our client there, needs.

use super::Error;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Columns, Row, Value, args, to_json};
use crate::model::connection::Account;
use crate::model::provider::AuthType;
use crate::model::{Connection, ConnectionName, ConnectionState, ProviderName, VaultId};

/// A Connection with its sealed Credential.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedConnection {
    pub connection: Connection,
    /// `None` once the Credential was wiped.
    pub sealed: Option<Vec<u8>>,
}

impl std::fmt::Debug for SealedConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedConnection")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "vault_id, provider, name, is_default, auth_type, status, expires_at, ended_at, \
     scopes, base_url, api_url, account_id, account_label, principal_id, obtained_at, \
     refreshable, version";

fn read_connection(c: &mut Columns<'_>) -> Result<Connection, Error> {
    Ok(Connection {
        vault: c.name()?,
        provider: c.name()?,
        name: c.name()?,
        is_default: c.flag()?,
        auth_type: c.word(auth_type)?,
        state: read_state(c)?,
        scopes: c.json()?,
        base_url: c.opt_text()?,
        api_url: c.opt_text()?,
        account: Account {
            id: c.opt_text()?,
            label: c.opt_text()?,
        },
        principal: c.name()?,
        obtained_at: c.time()?,
        refreshable: c.flag()?,
        version: c.int()?,
    })
}

fn read_state(c: &mut Columns<'_>) -> Result<ConnectionState, Error> {
    let status = c.text()?;
    let expires_at = c.opt_time()?;
    let ended_at = c.opt_time()?;
    match (status.as_str(), ended_at) {
        ("connected", _) => Ok(ConnectionState::Connected { expires_at }),
        ("expired", Some(since)) => Ok(ConnectionState::Expired { since }),
        ("revoked", Some(at)) => Ok(ConnectionState::Revoked { at }),
        _ => Err(c.bad()),
    }
}

fn auth_type(text: &str) -> Option<AuthType> {
    [AuthType::OAuth2, AuthType::ApiKey, AuthType::Browser]
        .into_iter()
        .find(|auth_type| auth_type.as_str() == text)
}

/// `status, expires_at, ended_at`
fn state_values(state: &ConnectionState) -> [Value; 3] {
    let status = Value::from(state.status());
    match state {
        ConnectionState::Connected { expires_at } => {
            [status, Value::from(*expires_at), Value::Int(None)]
        }
        ConnectionState::Expired { since: at } | ConnectionState::Revoked { at } => {
            [status, Value::Int(None), Value::from(*at)]
        }
    }
}

/// The address, `fourth`, and everything else in the order of [`COLUMNS`], the Credential last.
fn row_values(connection: &Connection, fourth: Value, sealed: &[u8]) -> Result<Vec<Value>, Error> {
    let mut values = args![
        connection.vault.as_str(),
        connection.provider.as_str(),
        connection.name.as_str(),
    ];
    values.push(fourth);
    values.push(Value::from(connection.auth_type.as_str()));
    values.extend(state_values(&connection.state));
    values.extend(args![
        to_json(&connection.scopes)?,
        connection.base_url.as_deref(),
        connection.api_url.as_deref(),
        connection.account.id.as_deref(),
        connection.account.label.as_deref(),
        connection.principal.as_str(),
        connection.obtained_at,
        connection.refreshable,
        connection.version,
        sealed,
    ]);
    Ok(values)
}

fn read_sealed(row: &Row) -> Result<SealedConnection, Error> {
    let mut c = row.columns("connection");
    Ok(SealedConnection {
        connection: read_connection(&mut c)?,
        sealed: c.opt_blob()?,
    })
}

impl Reader {
    pub async fn find_connection(
        &mut self,
        vault: &VaultId,
        provider: &ProviderName,
        name: &ConnectionName,
    ) -> Result<Option<SealedConnection>, Error> {
        let row = self
            .one(
                format!(
                    "SELECT {COLUMNS}, sealed FROM connections \
                     WHERE vault_id = $1 AND provider = $2 AND name = $3"
                ),
                args![vault.as_str(), provider.as_str(), name.as_str()],
            )
            .await?;
        row.as_ref().map(read_sealed).transpose()
    }

    /// The one a run uses when nobody names another.
    pub async fn find_default_connection(
        &mut self,
        vault: &VaultId,
        provider: &ProviderName,
    ) -> Result<Option<SealedConnection>, Error> {
        let row = self
            .one(
                format!(
                    "SELECT {COLUMNS}, sealed FROM connections \
                     WHERE vault_id = $1 AND provider = $2 AND is_default = 1"
                ),
                args![vault.as_str(), provider.as_str()],
            )
            .await?;
        row.as_ref().map(read_sealed).transpose()
    }

    /// All Connections of a Vault by Provider and name, without their Credentials.
    pub async fn list_connections(&mut self, vault: &VaultId) -> Result<Vec<Connection>, Error> {
        let rows = self
            .all(
                format!(
                    "SELECT {COLUMNS} FROM connections WHERE vault_id = $1 ORDER BY provider, name"
                ),
                args![vault.as_str()],
            )
            .await?;
        rows.iter()
            .map(|row| read_connection(&mut row.columns("connection")))
            .collect()
    }

    /// All Connections of a Vault with their sealed Credentials, for an export.
    pub async fn list_sealed_connections(
        &mut self,
        vault: &VaultId,
    ) -> Result<Vec<SealedConnection>, Error> {
        let rows = self
            .all(
                format!(
                    "SELECT {COLUMNS}, sealed FROM connections WHERE vault_id = $1 ORDER BY provider, name"
                ),
                args![vault.as_str()],
            )
            .await?;
        rows.iter().map(read_sealed).collect()
    }

    /// Every Vault's Connections at a Provider, with their sealed Credentials.
    pub async fn list_connections_at(
        &mut self,
        provider: &ProviderName,
    ) -> Result<Vec<SealedConnection>, Error> {
        let rows = self
            .all(
                format!(
                    "SELECT {COLUMNS}, sealed FROM connections WHERE provider = $1 ORDER BY vault_id, name"
                ),
                args![provider.as_str()],
            )
            .await?;
        rows.iter().map(read_sealed).collect()
    }

    /// How many Connections all Vaults together have, and how many of them at `provider`.
    pub async fn count_connections(
        &mut self,
        provider: Option<&ProviderName>,
    ) -> Result<i64, Error> {
        let row = match provider {
            Some(provider) => {
                self.one(
                    "SELECT COUNT(*) FROM connections WHERE provider = $1",
                    args![provider.as_str()],
                )
                .await?
            }
            None => {
                self.one("SELECT COUNT(*) FROM connections", args![])
                    .await?
            }
        };
        row.map_or(Ok(0), |row| row.columns("count").int())
    }
}

impl Tx {
    /// Adds a Connection; a name that is taken in this Vault is a [`Error::UniqueViolation`].
    ///
    /// Its `is_default` is obeyed: set it only after `find_default_connection` found none.
    pub async fn insert_connection(
        &mut self,
        connection: &Connection,
        sealed: &[u8],
    ) -> Result<(), Error> {
        let mut values = row_values(connection, connection.is_default.into(), sealed)?;
        values.push(Value::from(self.now()));
        self.run(
            format!(
                "INSERT INTO connections ({COLUMNS}, sealed, added_at) VALUES {}",
                super::sql::rows(1, values.len())
            ),
            values,
        )
        .await?;
        Ok(())
    }

    /// Replaces everything but the default mark, if the stored version is still `from_version`:
    /// a slow refresh never overwrites a newer login.
    pub async fn replace_connection(
        &mut self,
        connection: &Connection,
        sealed: &[u8],
        from_version: i64,
    ) -> Result<bool, Error> {
        let values = row_values(connection, from_version.into(), sealed)?;
        let changed = self
            .run(
                "UPDATE connections SET auth_type = $5, status = $6, expires_at = $7, ended_at = $8, \
                 scopes = $9, base_url = $10, api_url = $11, account_id = $12, account_label = $13, \
                 principal_id = $14, obtained_at = $15, refreshable = $16, version = $17, sealed = $18 \
                 WHERE vault_id = $1 AND provider = $2 AND name = $3 AND version = $4",
                values,
            )
            .await?;
        Ok(changed > 0)
    }

    /// Puts a Credential under another key without any other change, if it is still `from_version`.
    pub async fn reseal_connection(
        &mut self,
        connection: &Connection,
        sealed: &[u8],
        from_version: i64,
    ) -> Result<bool, Error> {
        let changed = self
            .run(
                "UPDATE connections SET sealed = $5, version = $6 \
                 WHERE vault_id = $1 AND provider = $2 AND name = $3 AND version = $4",
                args![
                    connection.vault.as_str(),
                    connection.provider.as_str(),
                    connection.name.as_str(),
                    from_version,
                    sealed,
                    connection.version
                ],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Notes a new state; the one that ends a Connection for good wipes its Credential.
    pub async fn set_connection_state(
        &mut self,
        vault: &VaultId,
        provider: &ProviderName,
        name: &ConnectionName,
        state: &ConnectionState,
    ) -> Result<bool, Error> {
        let wipe = match state {
            ConnectionState::Revoked { .. } => ", sealed = NULL",
            ConnectionState::Connected { .. } | ConnectionState::Expired { .. } => "",
        };
        let mut values = args![vault.as_str(), provider.as_str(), name.as_str()];
        values.extend(state_values(state));
        let changed = self
            .run(
                format!(
                    "UPDATE connections SET status = $4, expires_at = $5, ended_at = $6{wipe} \
                     WHERE vault_id = $1 AND provider = $2 AND name = $3"
                ),
                values,
            )
            .await?;
        Ok(changed > 0)
    }

    /// Removes a Connection and its Credential; gives back what was removed.
    pub async fn delete_connection(
        &mut self,
        vault: &VaultId,
        provider: &ProviderName,
        name: &ConnectionName,
    ) -> Result<Option<SealedConnection>, Error> {
        let row = self
            .one(
                format!(
                    "DELETE FROM connections WHERE vault_id = $1 AND provider = $2 AND name = $3 \
                     RETURNING {COLUMNS}, sealed"
                ),
                args![vault.as_str(), provider.as_str(), name.as_str()],
            )
            .await?;
        row.as_ref().map(read_sealed).transpose()
    }

    /// Makes one the default and the others not; false when there is no such Connection.
    pub async fn set_default_connection(
        &mut self,
        vault: &VaultId,
        provider: &ProviderName,
        name: &ConnectionName,
    ) -> Result<bool, Error> {
        if self.find_connection(vault, provider, name).await?.is_none() {
            return Ok(false);
        }
        self.run(
            "UPDATE connections SET is_default = 0 \
             WHERE vault_id = $1 AND provider = $2 AND is_default = 1 AND name <> $3",
            args![vault.as_str(), provider.as_str(), name.as_str()],
        )
        .await?;
        self.run(
            "UPDATE connections SET is_default = 1 WHERE vault_id = $1 AND provider = $2 AND name = $3",
            args![vault.as_str(), provider.as_str(), name.as_str()],
        )
        .await?;
        Ok(true)
    }

    /// Where a Provider has Connections but no default any more, the one obtained last becomes it.
    pub async fn ensure_default_connection(
        &mut self,
        vault: &VaultId,
        provider: &ProviderName,
    ) -> Result<Option<ConnectionName>, Error> {
        if let Some(found) = self.find_default_connection(vault, provider).await? {
            return Ok(Some(found.connection.name));
        }
        let row = self
            .one(
                "SELECT name FROM connections WHERE vault_id = $1 AND provider = $2 \
                 AND status <> 'revoked' ORDER BY obtained_at DESC, name LIMIT 1",
                args![vault.as_str(), provider.as_str()],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let name: ConnectionName = row.columns("connection").name()?;
        self.set_default_connection(vault, provider, &name).await?;
        Ok(Some(name))
    }

    /// Removes every Vault's Connections at a Provider; gives back what was removed.
    pub async fn delete_connections_at(
        &mut self,
        provider: &ProviderName,
    ) -> Result<Vec<SealedConnection>, Error> {
        let rows = self
            .all(
                format!("DELETE FROM connections WHERE provider = $1 RETURNING {COLUMNS}, sealed"),
                args![provider.as_str()],
            )
            .await?;
        rows.iter().map(read_sealed).collect()
    }
}
