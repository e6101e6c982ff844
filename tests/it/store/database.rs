//! A database for one story, of either kind, and short ways to fill it.

use crate::support::postgres::TestPostgres;
use crate::support::records;
use authsome::clock::{Clock as _, ManualClock, from_unix_millis};
use authsome::model::{
    AuditEvent, AuditRecord, Connection, Did, EventName, Handle, Identity, Principal, Role,
};
use authsome::store::{
    AuditFilter, Error, KekSlot, KeyState, Location, PrincipalRecord, ProofUse, Store, Tx,
};
use secrecy::ExposeSecret as _;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

/// Runs every story named on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::store::database::Database::sqlite()).await;
            }
        )+}
        mod postgresql {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                if let Some(database) = $crate::store::database::Database::postgres() {
                    super::$story(database).await;
                }
            }
        )+}
    };
}
pub(super) use on_both;

/// A fresh database and the clock of its stores.
pub(crate) struct Database {
    pub(super) location: Location,
    pub(super) clock: Arc<ManualClock>,
    _home: TempDir,
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self {
            location: Location::Sqlite(home.path().join("store.db")),
            clock: Arc::new(ManualClock::at(start())),
            _home: home,
        }
    }

    /// `None` where PostgreSQL is not installed.
    pub(crate) fn postgres() -> Option<Self> {
        TestPostgres::shared().map(Self::on)
    }

    pub(crate) fn on(server: &TestPostgres) -> Self {
        Self {
            location: Location::Postgres(server.database().into()),
            clock: Arc::new(ManualClock::at(start())),
            _home: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Store, Error> {
        Store::open(self.location.clone(), self.clock.clone()).await
    }

    /// Runs statements past the store, as an administrator or an attacker would.
    pub(super) async fn raw(&self, sql: &'static str) {
        match &self.location {
            Location::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                let mut conn = options.connect().await.unwrap();
                sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
                conn.close().await.unwrap();
            }
            Location::Postgres(url) => {
                let mut conn = PgConnection::connect(url.expose_secret()).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
                conn.close().await.unwrap();
            }
        }
    }

    /// The one text value that a query answers.
    pub(super) async fn ask(&self, sql: &'static str) -> String {
        match &self.location {
            Location::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                let mut conn = options.connect().await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
            }
            Location::Postgres(url) => {
                let mut conn = PgConnection::connect(url.expose_secret()).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
            }
        }
    }

    pub(super) const fn is_sqlite(&self) -> bool {
        matches!(self.location, Location::Sqlite(_))
    }

    /// The file of a SQLite database.
    pub(super) fn path(&self) -> &Path {
        match &self.location {
            Location::Sqlite(path) => path,
            Location::Postgres(_) => panic!("a PostgreSQL database has no file"),
        }
    }

    pub(super) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }
}

/// When every story begins.
pub(super) fn start() -> OffsetDateTime {
    from_unix_millis(1_800_000_000_000)
}

pub(super) fn did(number: u32) -> Did {
    // Base58 has no 0; any spelling that passes for a DID will do here.
    let tail = format!("{number:06}").replace('0', "z");
    format!("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpb{tail}")
        .parse()
        .unwrap()
}

pub(super) fn handle(name: &str) -> Handle {
    name.parse().unwrap()
}

pub(super) fn proof(jti: &str) -> ProofUse {
    ProofUse::new(&did(1), jti, start() + Duration::minutes(3))
}

/// A release of a credential, marked so that it can be found again.
pub(super) fn event(mark: &str) -> AuditEvent {
    let mut event = AuditEvent::new(EventName::CredentialResolved).with("mark", mark);
    event.identity = Some(handle("scout"));
    event.provider = Some("openai".parse().unwrap());
    event
}

pub(super) fn principal(name: &str, role: Role) -> PrincipalRecord {
    PrincipalRecord {
        principal: Principal {
            id: format!("principal_{name}").parse().unwrap(),
            email: Some(format!("{name}@example.test").parse().unwrap()),
            role,
            vault: format!("vault_{name}").parse().unwrap(),
            disabled: false,
            created_at: start(),
        },
        password_hash: Some("$argon2id$stand-in".to_owned()),
        is_local: false,
    }
}

pub(super) fn identity(name: &str, number: u32) -> Identity {
    Identity {
        handle: handle(name),
        did: did(number),
        created_at: start(),
    }
}

/// A connection of [`principal`]`(owner)`.
pub(super) fn connection(owner: &str, provider: &str, name: &str) -> Connection {
    records::connection(owner, provider, name, start())
}

pub(super) fn kek(id: &str) -> KekSlot {
    KekSlot {
        id: id.to_owned(),
        header: vec![1, 2, 3],
        canary: vec![4],
        state: KeyState::Active,
        created_at: start(),
    }
}

/// A change whose error is the store's own.
pub(super) async fn change<T, F>(store: &Store, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> futures_util::future::BoxFuture<'t, Result<T, Error>>
        + Send
        + 'static,
{
    store.write(work).await
}

/// Creates the accounts named, as users.
pub(super) async fn with_principals(store: &Store, names: &[&str]) {
    for name in names {
        let record = principal(name, Role::User);
        change(store, move |tx| {
            Box::pin(async move { tx.create_principal(&record).await })
        })
        .await
        .unwrap();
    }
}

/// Everything the audit holds, newest first.
pub(super) async fn audit_of(store: &Store) -> Vec<AuditRecord> {
    let mut filter = AuditFilter {
        limit: 1000,
        ..AuditFilter::default()
    };
    let mut records = Vec::new();
    loop {
        let page = store
            .read()
            .await
            .unwrap()
            .list_audit(&filter)
            .await
            .unwrap();
        records.extend(page.records);
        filter.after = page.next;
        if filter.after.is_none() {
            return records;
        }
    }
}

/// The marks of [`event`]s in the audit, oldest first.
pub(super) async fn marks_of(store: &Store) -> Vec<String> {
    let mut marks: Vec<String> = audit_of(store)
        .await
        .iter()
        .map(|record| record.event.metadata["mark"].as_str().unwrap().to_owned())
        .collect();
    marks.reverse();
    marks
}
