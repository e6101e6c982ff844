//! Homes of 0.5 made to measure: its tables, and records sealed as it sealed them. All values are
//! invented.

use authsome::crypto::{aead, kdf, random};
use authsome::secret::MasterKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// What `server/master.key` holds.
pub(crate) const MASTER_KEY: &str = "an invented master key of an old home";
/// A PHC string of 0.5 for `fixture password`.
pub(crate) const PASSWORD_HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$g7thq1GDr8yi/SEwUOiKbw$YV+PkYJUNHhhxyBDcWLPZRjNH4slB1OCGVnuTcmDK98";

const AT: &str = "2026-11-21T01:20:16.011145+00:00";

const SERVER: &str = "
    CREATE TABLE principals (principal_id TEXT PRIMARY KEY, email, password_hash, role, created_at);
    CREATE TABLE vaults (vault_id TEXT PRIMARY KEY, handle TEXT);
    CREATE TABLE principal_vault_bindings (principal_id, vault_id, is_default INTEGER, created_at);
    CREATE TABLE identity_registrations (handle TEXT PRIMARY KEY, did, created_at);
    CREATE TABLE identity_claims (identity_handle TEXT PRIMARY KEY, principal_id, claim_status, updated_at);
    CREATE TABLE custom_provider_definitions (name TEXT PRIMARY KEY, definition_json);
    CREATE TABLE audit_events (event_id TEXT PRIMARY KEY, timestamp, event, source, principal_id,
        identity, provider, connection, payload_json);";

const STORE: &str = "CREATE TABLE Cache (rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER,
    store_time REAL, filename TEXT, value BLOB)";

/// A home of 0.5 in the making.
pub(crate) struct OldHome {
    dir: TempDir,
    data_key: [u8; aead::KEY],
    pub(crate) server: SqliteConnection,
    pub(crate) store: SqliteConnection,
}

impl OldHome {
    /// An empty home with a vault key under [`MASTER_KEY`].
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for inside in ["server/kv_store", "client/identities"] {
            fs::create_dir_all(dir.path().join(inside)).expect("a directory");
        }
        fs::write(dir.path().join("server/master.key"), MASTER_KEY).expect("a file");
        let server = open(&dir.path().join("server/authsome.db")).await;
        let store = open(&dir.path().join("server/kv_store/cache.db")).await;
        let mut home = Self {
            dir,
            data_key: *random::bytes::<{ aead::KEY }>(),
            server,
            store,
        };
        home.sql(SERVER).await;
        run(&mut home.store, STORE).await;
        let metadata = home.metadata();
        home.put_envelope("__vault_meta__", "__dek__", &metadata)
            .await;
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Closes the databases, which folds their logs in, and gives the directory.
    pub(crate) async fn finish(self) -> TempDir {
        self.server.close().await.expect("a database");
        self.store.close().await.expect("a database");
        self.dir
    }

    /// Runs statements on `server/authsome.db`.
    pub(crate) async fn sql(&mut self, statements: &str) {
        run(&mut self.server, statements).await;
    }

    fn metadata(&self) -> Value {
        let salt = random::bytes::<16>();
        let params = kdf::Params::FOR_KEY;
        let master = MasterKey::new(MASTER_KEY);
        let kek = kdf::derive_raw(&master, salt.as_slice(), params).expect("a key");
        let nonce = random::bytes::<{ aead::NONCE }>();
        let mut wrapped = Vec::new();
        aead::seal(&kek, &nonce, b"", &self.data_key, &mut wrapped).expect("it seals");
        json!({
            "version": 1,
            "kdf": {"alg": "argon2id", "salt": STANDARD.encode(salt.as_slice()),
                "memory_cost": params.memory_kib(), "time_cost": params.passes(),
                "parallelism": params.lanes()},
            "wrapped_dek": {"alg": "AES-256-GCM", "nonce": STANDARD.encode(nonce.as_slice()),
                "ciphertext": STANDARD.encode(wrapped)},
        })
    }

    /// A record's text, sealed as 0.5 did.
    pub(crate) fn seal(&self, text: &str) -> Value {
        let nonce = random::bytes::<{ aead::NONCE }>();
        let plain = json!({"data": text}).to_string();
        let mut sealed = nonce.to_vec();
        aead::seal(&self.data_key, &nonce, b"", plain.as_bytes(), &mut sealed).expect("it seals");
        json!({"__encrypted_data__": STANDARD.encode(sealed), "__encryption_version__": 1})
    }

    /// Files a record under its name.
    pub(crate) async fn put(&mut self, name: &str, record: &Value) {
        let value = self.seal(&record.to_string());
        let collection = collection(name);
        self.put_envelope(&collection, name, &value).await;
    }

    /// Files a value, sealed or not, in an envelope.
    pub(crate) async fn put_envelope(&mut self, collection: &str, name: &str, value: &Value) {
        let envelope = envelope(collection, name, value);
        self.put_raw(&format!("{collection}::{name}"), envelope.as_bytes())
            .await;
    }

    /// Writes any bytes under any key.
    pub(crate) async fn put_raw(&mut self, key: &str, value: &[u8]) {
        sqlx::query("INSERT INTO Cache (key, raw, store_time, value) VALUES ($1, 1, 1.5, $2)")
            .bind(key)
            .bind(value)
            .execute(&mut self.store)
            .await
            .expect("a row");
    }

    /// Files a record in a file of its own, as 0.5 did with large ones.
    pub(crate) async fn put_in_file(&mut self, name: &str, record: &Value, file: &str) {
        let collection = collection(name);
        let text = envelope(&collection, name, &self.seal(&record.to_string()));
        let path = self.path().join("server/kv_store").join(file);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text).expect("a file");
        self.point_to_file(name, file).await;
    }

    pub(crate) async fn point_to_file(&mut self, name: &str, file: &str) {
        sqlx::query("INSERT INTO Cache (key, raw, store_time, filename) VALUES ($1, 1, 1.5, $2)")
            .bind(format!("{}::{name}", collection(name)))
            .bind(file)
            .execute(&mut self.store)
            .await
            .expect("a row");
    }

    /// `personN@example.test` with `principal_N` and `vault_N`; person 1 is the administrator.
    pub(crate) async fn account(&mut self, number: usize) {
        let role = if number == 1 { "admin" } else { "user" };
        self.sql(&format!(
            "INSERT INTO principals VALUES ('principal_{number}', 'person{number}@example.test',
                '{PASSWORD_HASH}', '{role}', '{AT}');
             INSERT INTO vaults VALUES ('vault_{number}', 'default');
             INSERT INTO principal_vault_bindings VALUES
                ('principal_{number}', 'vault_{number}', 1, '{AT}');"
        ))
        .await;
    }

    /// An identity that person `number` has accepted; no key file.
    pub(crate) async fn identity(&mut self, handle: &str, did: &str, number: usize) {
        self.sql(&format!(
            "INSERT INTO identity_registrations VALUES ('{handle}', '{did}', '{AT}');
             INSERT INTO identity_claims VALUES
                ('{handle}', 'principal_{number}', 'accepted', '{AT}');"
        ))
        .await;
    }

    /// A connection by API key of person `number`.
    pub(crate) async fn connection(
        &mut self,
        number: usize,
        provider: &str,
        name: &str,
        key: &str,
    ) {
        let address = format!("vault:vault_{number}:{provider}:connection:{name}");
        let record = key_record(number, provider, name, key);
        self.put(&address, &record).await;
    }

    /// One person with `count` connections, and as many audit events.
    pub(crate) async fn fill(&mut self, count: usize) {
        self.account(1).await;
        for connection in &mut [&mut self.server, &mut self.store] {
            run(connection, "BEGIN").await;
        }
        for number in 0..count {
            let name = format!("c{number}");
            self.connection(1, "openai", &name, &format!("sk-invented-{number}"))
                .await;
            self.sql(&format!(
                "INSERT INTO audit_events VALUES ('evt_old{number}', '{AT}', 'credential.resolved',
                    'server', 'principal_1', NULL, 'openai', '{name}', '{{}}')"
            ))
            .await;
        }
        for connection in &mut [&mut self.server, &mut self.store] {
            run(connection, "COMMIT").await;
        }
    }
}

/// A connection record with an API key in it.
pub(crate) fn key_record(number: usize, provider: &str, name: &str, key: &str) -> Value {
    json!({
        "schema_version": 2, "provider": provider, "identity": "scout-1",
        "principal_id": format!("principal_{number}"), "vault_id": format!("vault_{number}"),
        "connection_name": name, "auth_type": "api_key", "status": "connected",
        "base_url": null, "api_url": null, "scopes": null, "access_token": null,
        "refresh_token": null, "token_type": null, "expires_at": null,
        "obtained_at": "2026-11-21T01:20:16.367873Z", "api_key": key, "credentials": null,
        "account": {"id": null, "label": null}, "metadata": {},
    })
}

fn envelope(collection: &str, name: &str, value: &Value) -> String {
    json!({"collection": collection, "key": name, "created_at": AT, "version": 1, "value": value})
        .to_string()
}

/// `vault:<id>` of `vault:<id>:…`, `server` of `server:…`.
fn collection(name: &str) -> String {
    let mut parts = name.splitn(3, ':');
    match (parts.next(), parts.next()) {
        (Some(kind @ ("vault" | "identity")), Some(owner)) => format!("{kind}:{owner}"),
        _ => "server".to_owned(),
    }
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .connect()
        .await
        .expect("a database")
}

async fn run(connection: &mut SqliteConnection, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
        .execute(connection)
        .await
        .expect("a statement");
}
