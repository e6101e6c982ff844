//! A home with a store and vaults but no daemon, and a way to change the database behind their back.

use super::records;
use authsome::clock::SystemClock;
use authsome::crypto::hex;
use authsome::model::{
    Connection, Credential, MasterKeySource, Principal, ProviderName, Role, VaultId,
};
use authsome::secret::ApiKey;
use authsome::store::{Error as StoreError, Location, PrincipalRecord, Store};
use authsome::vault::{CredentialAddress, Error, Vaults};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A home on disk; nothing of it is open. It is its [`Database`] as well.
#[derive(Debug)]
pub(crate) struct VaultHome {
    dir: TempDir,
    database: Database,
}

/// The `SQLite` file of a home, as somebody with the disk sees it.
#[derive(Debug)]
pub(crate) struct Database(PathBuf);

/// The store and vaults of a home, open.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) store: Store,
    pub(crate) vaults: Vaults,
}

impl VaultHome {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("server")).unwrap();
        let database = Database::of(dir.path());
        Self { dir, database }
    }

    pub(crate) fn master_key(&self) -> PathBuf {
        self.dir.path().join("server/master.key")
    }

    pub(crate) fn key_input(&self) -> MasterKeySource {
        MasterKeySource::HomeFile(self.master_key())
    }

    pub(crate) async fn open(&self) -> Open {
        self.open_with(self.key_input()).await.unwrap()
    }

    pub(crate) async fn open_with(&self, input: MasterKeySource) -> Result<Open, Error> {
        let store = Store::open(
            Location::Sqlite(self.database.0.clone()),
            Arc::new(SystemClock),
        )
        .await
        .unwrap();
        match Vaults::unlock(&store, input).await {
            Ok(vaults) => Ok(Open { store, vaults }),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }
}

impl std::ops::Deref for VaultHome {
    type Target = Database;
    fn deref(&self) -> &Database {
        &self.database
    }
}

impl Database {
    /// The database of the home in `directory`.
    pub(crate) fn of(directory: &Path) -> Self {
        Self(directory.join("server/store.db"))
    }

    pub(crate) fn file(&self) -> &Path {
        &self.0
    }

    /// Runs one statement on the file, as somebody with the disk could.
    pub(crate) async fn tamper(&self, statement: &str) -> u64 {
        let mut conn = connect(&self.0).await;
        let done = sqlx::query(AssertSqlSafe(statement.to_owned()))
            .execute(&mut conn)
            .await
            .unwrap();
        conn.close().await.unwrap();
        done.rows_affected()
    }

    /// The first column of every row, as bytes.
    pub(crate) async fn look(&self, query: &str) -> Vec<Vec<u8>> {
        let mut conn = connect(&self.0).await;
        let rows = sqlx::query(AssertSqlSafe(query.to_owned()))
            .fetch_all(&mut conn)
            .await
            .unwrap();
        conn.close().await.unwrap();
        rows.iter()
            .map(|row| row.get_unchecked::<Vec<u8>, _>(0))
            .collect()
    }

    /// Swaps one column of two rows, each named by a condition.
    pub(crate) async fn swap(&self, table: &str, column: &str, one: &str, other: &str) {
        let mut values = Vec::new();
        for row in [one, other] {
            let found = self
                .look(&format!("SELECT {column} FROM {table} WHERE {row}"))
                .await;
            assert_eq!(found.len(), 1, "{row}");
            values.push(hex::encode(&found[0]));
        }
        for (row, value) in [other, one].into_iter().zip(values) {
            let update = format!("UPDATE {table} SET {column} = x'{value}' WHERE {row}");
            assert_eq!(self.tamper(&update).await, 1);
        }
    }

    /// Everything that keys and records are made of, in one comparable text.
    pub(crate) async fn dump(&self) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for query in [
            "SELECT CAST(id || hex(header) || hex(canary) || state AS BLOB) FROM kek_slots ORDER BY id",
            "SELECT CAST(owner || version || kek_id || hex(wrapped) || state AS BLOB) FROM data_keys ORDER BY owner, version",
            "SELECT CAST(vault_id || provider || name || version || hex(sealed) AS BLOB) FROM connections ORDER BY vault_id, provider, name",
            "SELECT CAST(key || hex(value) AS BLOB) FROM meta ORDER BY key",
        ] {
            all.extend(self.look(query).await);
        }
        all
    }
}

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    SqliteConnection::connect_with(&options).await.unwrap()
}

impl Open {
    pub(crate) async fn close(self) {
        drop(self.vaults);
        self.store.close().await;
    }

    /// A Principal with an empty Vault that has its key.
    pub(crate) async fn add_vault(&self, number: u8) -> VaultId {
        let vault: VaultId = format!("vault_{number:032x}").parse().unwrap();
        let record = PrincipalRecord {
            principal: Principal {
                id: format!("principal_{number:032x}").parse().unwrap(),
                email: Some(format!("person{number}@example.test").parse().unwrap()),
                role: Role::User,
                vault: vault.clone(),
                disabled: false,
                created_at: self.store.clock().now(),
            },
            password_hash: None,
            is_local: false,
        };
        let (vaults, id) = (self.vaults.clone(), vault.clone());
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    tx.create_principal(&record).await?;
                    vaults.create_vault(tx, &id).await
                })
            })
            .await
            .unwrap();
        vault
    }

    /// A connection with `key` inside, through the vault and the store as a login would.
    pub(crate) async fn add_connection(
        &self,
        vault: &VaultId,
        provider: &str,
        name: &str,
        key: &str,
    ) -> Connection {
        let number = vault.as_str().strip_prefix("vault_").unwrap();
        let now = self.store.clock().now();
        let connection = records::connection(number, provider, name, now);
        let credential = Credential::ApiKey {
            key: ApiKey::new(key),
        };
        let at = CredentialAddress::of(&connection);
        let sealed = self.vaults.seal_credential(&at, &credential).await.unwrap();
        let row = connection.clone();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    tx.insert_connection(&row, &sealed).await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await
            .unwrap();
        connection
    }

    /// The key inside a connection as the store has it now.
    pub(crate) async fn read_back(&self, at: &Connection) -> Result<String, Error> {
        let provider: &ProviderName = &at.provider;
        let found = self
            .store
            .read()
            .await?
            .find_connection(&at.vault, provider, &at.name)
            .await?
            .unwrap();
        let sealed = found.sealed.unwrap();
        let address = CredentialAddress::of(&found.connection);
        match self.vaults.open_credential(&address, &sealed).await? {
            Credential::ApiKey { key } => Ok(key.reveal().to_owned()),
            other => panic!("not an API key: {other:?}"),
        }
    }
}
