//! The store itself: opening and closing, and the three doors — `read`, `write`, `release`.

use super::audit_feed::{AuditFeed, AuditSubscription};
use super::conn::{Conn, LOCK_WAIT, Purpose, Source};
use super::proofs::ProofUse;
use super::reader::{ReadPool, Reader, Reading};
use super::trouble::Trouble;
use super::tx::Tx;
use super::writer::{Change, Job, QUEUE, Release, Verdict, Writer};
use super::{Error, migrations, sqlite_file};
use crate::clock::{SharedClock, to_unix_millis};
use crate::model::AuditEvent;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Connections that read at the same time.
const READERS: u16 = 8;

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file of our own; its directory exists.
    Sqlite(PathBuf),
    /// A `postgres://` URL, which may hold a password.
    Postgres(SecretString),
}

/// The database behind everything. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    jobs: mpsc::Sender<Job>,
    reads: Arc<ReadPool>,
    feed: Arc<AuditFeed>,
    generation: Arc<AtomicU64>,
    trouble: Trouble,
    is_sqlite: bool,
    instance_id: String,
    clock: SharedClock,
    stop: CancellationToken,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("backend", &self.backend())
            .field("instance_id", &self.inner.instance_id)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database, creates or upgrades its schema, and starts the writer.
    ///
    /// A damaged, foreign or newer database is refused untouched, with what to do about it.
    pub async fn open(location: Location, clock: SharedClock) -> Result<Self, Error> {
        let now = clock.now();
        let (source, conn) = match &location {
            Location::Sqlite(path) => {
                let source = Source::sqlite(path);
                let conn = sqlite_file::open(path, &source, now).await?;
                (source, conn)
            }
            Location::Postgres(url) => {
                let source = Source::postgres(url.expose_secret())?;
                let mut reader = Reader::new(Arc::new(source.clone()), None);
                reader.connect(Purpose::Write).await?;
                let mut conn = reader
                    .take_connection()
                    .ok_or(Error::Unavailable { source: None })?;
                migrations::migrate(&mut conn, "at AUTHSOME_DATABASE_URL", now).await?;
                (source, conn)
            }
        };
        Self::start(Arc::new(source), conn, clock).await
    }

    /// Why this database could not be opened, as far as it shows without changing or reaching
    /// anything: for a look at a home while no daemon runs.
    pub fn examine(location: &Location) -> Result<(), Error> {
        match location {
            Location::Sqlite(path) => sqlite_file::examine(path),
            Location::Postgres(_) => Ok(()),
        }
    }

    async fn start(source: Arc<Source>, mut conn: Conn, clock: SharedClock) -> Result<Self, Error> {
        let instance_id = instance_id(&mut conn).await?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let feed = Arc::new(AuditFeed::default());
        let generation = Arc::new(AtomicU64::new(0));
        let trouble = Trouble::default();
        let stop = CancellationToken::new();
        let is_sqlite = source.is_sqlite();
        let writer = Writer {
            tx: Tx::new(Reader::new(source.clone(), Some(conn)), clock.clone()),
            jobs: queue,
            feed: feed.clone(),
            generation: generation.clone(),
            trouble: trouble.clone(),
            stop: stop.clone(),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                jobs,
                reads: ReadPool::new(source, READERS),
                feed,
                generation,
                trouble,
                is_sqlite,
                instance_id,
                clock,
                stop,
                writer: Mutex::new(Some(writer.start())),
            }),
        })
    }

    /// Makes a change: all of what the closure does, or nothing of it.
    ///
    /// The answer comes after the change is durable. It happens even when the caller stops
    /// waiting. The closure must wait for nothing but its `Tx`; others queue behind it.
    ///
    /// ```no_run
    /// # use authsome::store::{Error, Store};
    /// # async fn example(store: Store) -> Result<(), Error> {
    /// store.write(move |tx| Box::pin(async move { tx.put_meta("greeting", b"hello").await })).await
    /// # }
    /// ```
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let change = Closure { work: f, reply };
        self.submit(Job::Change(Box::new(change))).await?;
        answer.await.unwrap_or_else(|_| Err(Error::Aborted.into()))
    }

    /// The hot path: spends a proof and writes the events of what it allows, together with many
    /// others. [`Error::Replayed`] if the proof was spent before: then nothing was written.
    pub async fn release(&self, proof: ProofUse, events: Vec<AuditEvent>) -> Result<(), Error> {
        self.submit_release(Some(proof), events).await
    }

    /// Writes events that belong to no proof and no other change, such as a refusal.
    pub async fn audit(&self, events: Vec<AuditEvent>) -> Result<(), Error> {
        self.submit_release(None, events).await
    }

    async fn submit_release(
        &self,
        proof: Option<ProofUse>,
        events: Vec<AuditEvent>,
    ) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Release(Release {
            proof,
            events,
            reply,
            tries: 0,
            recorded: 0,
        }))
        .await?;
        answer.await.unwrap_or(Err(Error::Aborted))
    }

    async fn submit(&self, job: Job) -> Result<(), Error> {
        match tokio::time::timeout(LOCK_WAIT, self.inner.jobs.send(job)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Error::Aborted),
            Err(_) => Err(Error::Busy),
        }
    }

    /// A connection to read with; give it back soon by dropping it.
    pub async fn read(&self) -> Result<Reading, Error> {
        self.inner.reads.take().await
    }

    /// Follows committed audit records, in order, from now on. At most `capacity` wait; a
    /// subscriber that is slower loses the rest and counts them.
    pub fn subscribe_audit(&self, capacity: usize) -> AuditSubscription {
        self.inner.feed.subscribe(capacity)
    }

    /// Stands still while nothing was written but what nobody keeps copies of (proofs, events,
    /// browser sessions, one-time tokens, sign-in attempts, logins in progress): anything else that
    /// was read at one value may be used while it is the same. `None` where other processes write
    /// too: do not cache.
    pub fn generation(&self) -> Option<u64> {
        self.inner
            .is_sqlite
            .then(|| self.inner.generation.load(Ordering::Acquire))
    }

    /// Names this database, the same for all its replicas and for ever.
    pub fn instance_id(&self) -> &str {
        &self.inner.instance_id
    }

    /// `sqlite` or `postgresql`, for the health report.
    pub fn backend(&self) -> &'static str {
        if self.inner.is_sqlite {
            "sqlite"
        } else {
            "postgresql"
        }
    }

    pub fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    /// Whether the database answers at the moment, and takes changes: where the last one met a full
    /// or broken disk, a small one is tried.
    pub async fn check(&self) -> Result<(), Error> {
        self.read().await?.find_meta("instance_id").await?;
        if !self.inner.trouble.is_there() {
            return Ok(());
        }
        self.write(|tx| {
            async move {
                let now = to_unix_millis(tx.now()).to_string();
                tx.put_meta("tried_to_write", now.as_bytes()).await
            }
            .boxed()
        })
        .await
    }

    /// Finishes what is queued, refuses what comes after, and closes the files.
    pub async fn close(&self) {
        // The writer goes last: the last connection of a SQLite file folds its log back in, which
        // one that only reads cannot.
        self.inner.reads.close().await;
        self.inner.stop.cancel();
        let writer = self
            .inner
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer {
            let _ = writer.await;
        }
    }
}

async fn instance_id(conn: &mut Conn) -> Result<String, Error> {
    let fresh = uuid::Uuid::new_v4().simple().to_string();
    conn.execute(
        "INSERT INTO meta (key, value) VALUES ('instance_id', $1) ON CONFLICT DO NOTHING".into(),
        super::value::args![fresh.as_bytes()],
    )
    .await?;
    let row = conn
        .fetch_optional(
            "SELECT value FROM meta WHERE key = 'instance_id'".into(),
            Vec::new(),
        )
        .await?;
    let bad = Error::BadRecord {
        what: "instance id",
    };
    let stored = row
        .ok_or_else(|| bad.clone())?
        .columns("instance id")
        .blob()?;
    String::from_utf8(stored).map_err(|_| bad)
}

/// A caller's closure on its way to the writer.
struct Closure<F, T, E> {
    work: F,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Change for Closure<F, T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
{
    fn run(self: Box<Self>, tx: &mut Tx) -> BoxFuture<'_, Verdict> {
        let Self { work, reply } = *self;
        // A reply that nobody waits for any more is dropped; the work stands all the same.
        async move {
            match work(tx).await {
                Ok(value) => Verdict::Keep(Box::new(move |committed| {
                    let _ = reply.send(committed.map(|()| value).map_err(E::from));
                })),
                Err(error) => Verdict::Undo(Box::new(move || {
                    let _ = reply.send(Err(error));
                })),
            }
        }
        .boxed()
    }

    fn refuse(self: Box<Self>, error: Error) {
        let _ = self.reply.send(Err(error.into()));
    }
}
