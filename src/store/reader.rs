//! Reading: a small pool of connections, and the queries that hang on [`Reader`].
//!
//! Every read of the store is a method of [`Reader`], in the file of its topic. A [`Tx`](super::Tx)
//! is a `Reader` too, so the same query serves inside a change and outside. A read that loses its
//! connection is tried again on a fresh one, for a few seconds.

use super::conn::{Conn, Purpose, Source, Sql};
use super::value::{Row, Value};
use super::{Error, LOCK_WAIT, sql};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How long reads and reconnections keep trying while the database is away.
pub(super) const RECONNECT_FOR: Duration = Duration::from_secs(4);
/// How long reads that are on their way may take to end when the store is closed.
const LAST_READS: Duration = Duration::from_secs(2);
const MAX_PAUSE: Duration = Duration::from_millis(250);

/// Runs the queries. Got from [`Store::read`](super::Store::read), or as a [`Tx`](super::Tx).
#[derive(Debug)]
pub struct Reader {
    conn: Option<Conn>,
    source: Arc<Source>,
    in_transaction: bool,
    /// Set while a statement runs: a caller that leaves half-way leaves the connection unusable.
    mid_statement: bool,
    /// The first error inside a transaction. `PostgreSQL` refuses everything after it until the
    /// savepoint is undone, `SQLite` does not; here both do.
    failed: Option<Error>,
    /// What the statements have done since it was last asked.
    done: Effect,
}

impl Reader {
    pub(super) const fn new(source: Arc<Source>, conn: Option<Conn>) -> Self {
        Self {
            conn,
            source,
            in_transaction: false,
            mid_statement: false,
            failed: None,
            done: Effect::NONE,
        }
    }

    pub(super) const fn set_in_transaction(&mut self, yes: bool) {
        self.in_transaction = yes;
    }

    pub(super) const fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// The error that undid the current job, if any; asking clears it.
    pub(super) const fn take_failure(&mut self) -> Option<Error> {
        self.failed.take()
    }

    /// Whether rows that callers keep copies of were changed since this was last asked.
    pub(super) const fn take_touched(&mut self) -> bool {
        std::mem::replace(&mut self.done.touches, false)
    }

    /// Whether any row was changed since this was last asked.
    pub(super) const fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.done.changes, false)
    }

    /// Gives up the connection; a new one is opened when next needed.
    pub(super) fn drop_connection(&mut self) {
        self.conn = None;
        self.in_transaction = false;
        self.mid_statement = false;
        self.failed = None;
    }

    pub(super) fn is_sqlite(&self) -> bool {
        self.source.is_sqlite()
    }

    pub(super) const fn has_connection(&self) -> bool {
        self.conn.is_some() && !self.mid_statement
    }

    pub(super) fn take_connection(&mut self) -> Option<Conn> {
        let conn = self.conn.take();
        conn.filter(|_| !self.mid_statement)
    }

    /// Opens a connection where there is none, trying for [`RECONNECT_FOR`] while `PostgreSQL` is away.
    pub(super) async fn connect(&mut self, purpose: Purpose) -> Result<&mut Conn, Error> {
        if self.mid_statement {
            self.drop_connection();
        }
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => connect_patiently(&self.source, purpose).await?,
        };
        Ok(self.conn.insert(conn))
    }

    pub(super) async fn all(
        &mut self,
        sql: impl Into<Sql>,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        let sql = sql.into();
        if self.in_transaction {
            let effect = Effect::of(&sql);
            let result = self.begin_statement()?.fetch_all(sql, args).await;
            if result.as_ref().is_ok_and(|rows| !rows.is_empty()) {
                self.note(effect);
            }
            return self.end_statement(result);
        }
        match self.all_once(sql.clone(), args.clone()).await {
            Err(error) if self.may_retry(&error) => self.all_once(sql, args).await,
            result => result,
        }
    }

    pub(super) async fn one(
        &mut self,
        sql: impl Into<Sql>,
        args: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        let sql = sql.into();
        if self.in_transaction {
            let effect = Effect::of(&sql);
            let result = self.begin_statement()?.fetch_optional(sql, args).await;
            if result.as_ref().is_ok_and(Option::is_some) {
                self.note(effect);
            }
            return self.end_statement(result);
        }
        match self.one_once(sql.clone(), args.clone()).await {
            Err(error) if self.may_retry(&error) => self.one_once(sql, args).await,
            result => result,
        }
    }

    /// Runs a statement that changes rows; only a transaction gets here.
    pub(super) async fn run(
        &mut self,
        sql: impl Into<Sql>,
        args: Vec<Value>,
    ) -> Result<u64, Error> {
        let sql = sql.into();
        let effect = Effect::of(&sql);
        let result = self.begin_statement()?.execute(sql, args).await;
        if result.as_ref().is_ok_and(|rows| *rows > 0) {
            self.note(effect);
        }
        self.end_statement(result)
    }

    /// Runs statements without arguments, such as BEGIN.
    pub(super) async fn script(&mut self, sql: impl Into<Sql>) -> Result<(), Error> {
        let result = self.begin_statement()?.script(sql.into()).await;
        self.end_statement(result)
    }

    async fn all_once(&mut self, sql: Sql, args: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.connect(Purpose::Read).await?;
        let result = self.begin_statement()?.fetch_all(sql, args).await;
        self.end_statement(result)
    }

    async fn one_once(&mut self, sql: Sql, args: Vec<Value>) -> Result<Option<Row>, Error> {
        self.connect(Purpose::Read).await?;
        let result = self.begin_statement()?.fetch_optional(sql, args).await;
        self.end_statement(result)
    }

    const fn note(&mut self, effect: Effect) {
        self.done.changes |= effect.changes;
        self.done.touches |= effect.touches;
    }

    fn begin_statement(&mut self) -> Result<&mut Conn, Error> {
        if let Some(failure) = &self.failed {
            return Err(failure.clone());
        }
        if self.mid_statement {
            return Err(Error::Aborted);
        }
        let conn = self
            .conn
            .as_mut()
            .ok_or(Error::Unavailable { source: None })?;
        self.mid_statement = true;
        Ok(conn)
    }

    fn end_statement<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        self.mid_statement = false;
        if let Err(error) = &result
            && self.in_transaction
        {
            self.failed = Some(error.clone());
        }
        result
    }

    fn may_retry(&mut self, error: &Error) -> bool {
        if error.breaks_connection() {
            // A connection from the pool may have died long ago without anybody noticing.
            let was_open = self.conn.is_some();
            self.drop_connection();
            return was_open && !self.is_sqlite();
        }
        false
    }
}

/// What a statement does if it finds a row.
#[derive(Debug, Clone, Copy)]
struct Effect {
    /// It changes rows at all.
    changes: bool,
    /// It changes rows that callers keep copies of.
    touches: bool,
}

impl Effect {
    const NONE: Self = Self {
        changes: false,
        touches: false,
    };

    fn of(statement: &str) -> Self {
        Self {
            changes: !statement.starts_with("SELECT"),
            touches: sql::changes_what_is_kept(statement),
        }
    }
}

async fn connect_patiently(source: &Source, purpose: Purpose) -> Result<Conn, Error> {
    let give_up = Instant::now() + RECONNECT_FOR;
    let mut pause = Duration::from_millis(20);
    loop {
        match source.connect(purpose).await {
            Err(Error::Unavailable { .. } | Error::Busy)
                if !source.is_sqlite() && Instant::now() + pause < give_up =>
            {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(MAX_PAUSE);
            }
            result => return result,
        }
    }
}

/// The read connections of one Store.
#[derive(Debug)]
pub(super) struct ReadPool {
    source: Arc<Source>,
    size: u32,
    idle: Mutex<Vec<Conn>>,
    permits: Arc<Semaphore>,
    closing: AtomicBool,
}

impl ReadPool {
    pub(super) fn new(source: Arc<Source>, size: u16) -> Arc<Self> {
        Arc::new(Self {
            source,
            size: size.into(),
            idle: Mutex::new(Vec::new()),
            permits: Arc::new(Semaphore::new(size.into())),
            closing: AtomicBool::new(false),
        })
    }

    pub(super) async fn take(self: &Arc<Self>) -> Result<Reading, Error> {
        let permit = tokio::time::timeout(LOCK_WAIT, self.permits.clone().acquire_owned())
            .await
            .map_err(|_| Error::Busy)?
            .map_err(|_| Error::Aborted)?;
        if self.closing.load(Ordering::Acquire) {
            return Err(Error::Aborted);
        }
        let conn = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        Ok(Reading {
            reader: Reader::new(self.source.clone(), conn),
            pool: self.clone(),
            _permit: permit,
        })
    }

    /// Refuses further reads, gives those on their way a moment to end, and closes every connection.
    pub(super) async fn close(&self) {
        self.closing.store(true, Ordering::Release);
        let all_back = self.permits.acquire_many(self.size);
        if tokio::time::timeout(LAST_READS, all_back).await.is_err() {
            tracing::warn!("somebody still reads while the database is closed");
        }
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for conn in idle {
            // Nothing can be lost here: nothing was written.
            let _ = conn.close().await;
        }
    }
}

/// A [`Reader`] on loan from the pool; give it back soon by dropping it.
#[derive(Debug)]
pub struct Reading {
    reader: Reader,
    pool: Arc<ReadPool>,
    _permit: OwnedSemaphorePermit,
}

impl Deref for Reading {
    type Target = Reader;
    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut Reader {
        &mut self.reader
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(conn) = self.reader.take_connection()
            && !self.pool.permits.is_closed()
        {
            self.pool
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(conn);
        }
    }
}
