//! The one writer: takes everything that waits, commits it together, and only then answers.
//!
//! Jobs queue up while a commit is on its way to the disk; the next commit takes them all. Each
//! closure runs in a savepoint of its own, so that one that fails costs the others nothing. The
//! uses of proofs with their audit rows, the hot path, are merged into two statements. On
//! `PostgreSQL` an advisory lock makes the writers of all replicas take turns, so a closure may
//! read and then decide on both databases, and the audit's sequence is the order of commits.

use super::audit_feed::AuditFeed;
use super::conn::Purpose;
use super::proofs::ProofUse;
use super::trouble::Trouble;
use super::{Error, Tx};
use crate::model::AuditEvent;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How many jobs may wait before [`Error::Busy`] pushes back.
pub(super) const QUEUE: usize = 4096;
/// How many jobs share a commit.
const GROUP: usize = 256;
/// How long one closure may hold up everybody else.
const JOB_LIMIT: Duration = Duration::from_secs(10);
/// How often data, unlike a closure, is tried again after a lost connection or a deadlock.
const TRIES: u8 = 3;
/// "authsome" in ASCII: the lock every writer of one `PostgreSQL` database takes for its commit.
const POSTGRES_BEGIN: &str = "BEGIN; SELECT pg_advisory_xact_lock(7022364302122970469)";

/// Tells a waiting caller how its commit ended.
pub(super) type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// What to do once the fate of a closure is known.
pub(super) enum Verdict {
    /// Answer after the commit, with its result.
    Keep(Answer),
    /// Undo, then answer with the caller's own error.
    Undo(Box<dyn FnOnce() + Send>),
}

/// A closure of a caller, with the way to answer it.
pub(super) trait Change: Send {
    fn run(self: Box<Self>, tx: &mut Tx) -> BoxFuture<'_, Verdict>;
    /// Answers without running.
    fn refuse(self: Box<Self>, error: Error);
}

/// A use of a proof with the events it allows.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) proof: Option<ProofUse>,
    pub(super) events: Vec<AuditEvent>,
    pub(super) reply: oneshot::Sender<Result<(), Error>>,
    pub(super) tries: u8,
    /// How many of the events the transaction holds at the moment.
    pub(super) recorded: usize,
}

pub(super) enum Job {
    Change(Box<dyn Change>),
    Release(Release),
}

impl Release {
    pub(super) fn answer(self, result: Result<(), Error>) {
        // Nobody waits any more when the caller has left; the work stands all the same.
        let _ = self.reply.send(result);
    }

    /// Whether what failed without a commit may be tried again.
    const fn may_retry(&self, error: &Error) -> bool {
        self.tries < TRIES && matches!(error, Error::Unavailable { .. } | Error::Busy)
    }
}

pub(super) struct Writer {
    pub(super) tx: Tx,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) feed: Arc<AuditFeed>,
    pub(super) generation: Arc<AtomicU64>,
    pub(super) trouble: Trouble,
    pub(super) stop: CancellationToken,
}

impl Writer {
    /// Works until the store is closed and the queue is empty, or every handle is gone.
    ///
    /// On a thread of its own: as a task it would stand in line behind the requests that wait for it, and
    /// the disk would stand still meanwhile.
    pub(super) fn start(self) -> JoinHandle<()> {
        let runtime = Handle::current();
        tokio::task::spawn_blocking(move || runtime.block_on(self.run()))
    }

    async fn run(mut self) {
        let mut waiting = Vec::new();
        loop {
            if waiting.is_empty() {
                let took = tokio::select! {
                    took = self.jobs.recv_many(&mut waiting, GROUP) => took,
                    () = self.stop.cancelled(), if !self.jobs.is_closed() => {
                        self.jobs.close();
                        continue;
                    }
                };
                if took == 0 {
                    break;
                }
            }
            waiting = self.commit_together(std::mem::take(&mut waiting)).await;
        }
        self.feed.close();
        self.tx.shut().await;
    }

    /// Commits a group; gives back what was not tried and may be.
    async fn commit_together(&mut self, group: Vec<Job>) -> Vec<Job> {
        let (changes, mut releases) = split(group);
        if changes.is_empty() && self.tx.is_sqlite() {
            releases = match self.release_at_once(releases).await {
                Ok(()) => return Vec::new(),
                Err(releases) => releases,
            };
        }
        if let Err(error) = self.begin().await {
            self.lose(&error).await;
            refuse(&error, changes, releases);
            if matches!(error, Error::Busy) {
                self.refuse_queued(&error);
            }
            return Vec::new();
        }
        let alone = changes.len() == 1 && releases.is_empty();
        let mut kept = Vec::new();
        let mut changes = changes.into_iter();
        while let Some(change) = changes.next() {
            if let Err(error) = self.run_change(change, alone, &mut kept).await {
                self.lose(&error).await;
                answer_all(kept, &error);
                return queue_again(changes, releases);
            }
        }
        let ended = match self.tx.release_all(releases, !kept.is_empty()).await {
            Ok(ended) => ended,
            Err((error, releases)) => {
                self.lose(&error).await;
                answer_all(kept, &error);
                return retry(releases, &error);
            }
        };
        if self.tx.in_transaction() {
            self.finish(kept, ended.answers).await;
        }
        ended.again
    }

    /// The hot path. Gives the releases back when it could not, to be tried with more care.
    async fn release_at_once(&mut self, mut releases: Vec<Release>) -> Result<(), Vec<Release>> {
        self.tx.start();
        if self.tx.connect(Purpose::Write).await.is_err() {
            return Err(releases);
        }
        let Err(error) = self.tx.release_at_once(&mut releases).await else {
            let answers = releases.into_iter().map(|release| (release, Ok(())));
            self.settle(&Ok(()), Vec::new(), answers);
            return Ok(());
        };
        self.tx.give_back_events(0, &mut releases);
        self.lose(&error).await;
        if !matches!(error, Error::Busy) {
            return Err(releases);
        }
        refuse(&error, Vec::new(), releases);
        self.refuse_queued(&error);
        Ok(())
    }

    async fn lose(&mut self, error: &Error) {
        self.trouble.note(error);
        self.tx.undo_all().await;
    }

    /// Whoever queued up during a wait for the lock that was in vain has waited too, and does not
    /// wait as long once more.
    fn refuse_queued(&mut self, error: &Error) {
        for _ in 0..self.jobs.len() {
            match self.jobs.try_recv() {
                Ok(Job::Change(change)) => change.refuse(error.clone()),
                Ok(Job::Release(release)) => release.answer(Err(error.clone())),
                Err(_) => return,
            }
        }
    }

    /// Opens the transaction, on a fresh connection if the old one died while nobody looked.
    async fn begin(&mut self) -> Result<(), Error> {
        self.tx.start();
        let was_open = self.tx.has_connection();
        match self.try_begin().await {
            Err(error) if was_open && error.breaks_connection() => {
                self.tx.drop_connection();
                self.try_begin().await
            }
            result => result,
        }
    }

    async fn try_begin(&mut self) -> Result<(), Error> {
        self.tx.connect(Purpose::Write).await?;
        let begin = if self.tx.is_sqlite() {
            "BEGIN IMMEDIATE"
        } else {
            POSTGRES_BEGIN
        };
        self.tx.script(begin).await?;
        self.tx.set_in_transaction(true);
        Ok(())
    }

    /// Runs one closure; an error means that the whole group is lost.
    async fn run_change(
        &mut self,
        change: Box<dyn Change>,
        alone: bool,
        kept: &mut Vec<Answer>,
    ) -> Result<(), Error> {
        if !alone {
            self.tx.script("SAVEPOINT job").await?;
        }
        let events = self.tx.events_so_far();
        let running = AssertUnwindSafe(change.run(&mut self.tx)).catch_unwind();
        let verdict = tokio::time::timeout(JOB_LIMIT, running).await;
        let failure = self.tx.take_failure();
        match (verdict, failure) {
            (Ok(Ok(Verdict::Keep(answer))), None) => {
                kept.push(answer);
                if alone {
                    return Ok(());
                }
                self.tx.script("RELEASE SAVEPOINT job").await
            }
            (Ok(Ok(verdict)), failure) => {
                let lost = failure.as_ref().is_some_and(Error::breaks_group);
                let error = failure.unwrap_or(Error::Aborted);
                let undone = self.undo_change(alone, events).await;
                match verdict {
                    Verdict::Keep(answer) => answer(Err(error.clone())),
                    Verdict::Undo(answer) => answer(),
                }
                if lost { Err(error) } else { undone }
            }
            // A panic or a time-out: the caller learns it by the dropped answer.
            (Ok(Err(_)) | Err(_), _) => {
                tracing::error!("a change of the store panicked or took too long; it was undone");
                self.undo_change(alone, events).await
            }
        }
    }

    async fn undo_change(&mut self, alone: bool, events: usize) -> Result<(), Error> {
        self.tx.forget_events_after(events);
        if alone {
            self.tx.undo_all().await;
            return Ok(());
        }
        self.tx
            .script("ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job")
            .await
    }

    async fn finish(&mut self, kept: Vec<Answer>, released: Vec<(Release, Result<(), Error>)>) {
        let committed = self.tx.script("COMMIT").await;
        if let Err(error) = &committed {
            self.lose(error).await;
        }
        self.settle(&committed, kept, released);
    }

    /// Tells everybody how the commit ended.
    fn settle(
        &mut self,
        committed: &Result<(), Error>,
        kept: Vec<Answer>,
        released: impl IntoIterator<Item = (Release, Result<(), Error>)>,
    ) {
        if committed.is_ok() {
            self.tx.set_in_transaction(false);
            if self.tx.take_changed() {
                self.trouble.is_over();
            }
            if self.tx.take_touched() {
                self.generation.fetch_add(1, Ordering::Release);
            }
            let events = self.tx.take_events();
            self.feed.publish(events);
        }
        for answer in kept {
            answer(committed.clone());
        }
        for (release, result) in released {
            release.answer(committed.clone().and(result));
        }
    }
}

fn split(group: Vec<Job>) -> (Vec<Box<dyn Change>>, Vec<Release>) {
    let mut changes = Vec::new();
    let mut releases = Vec::new();
    for job in group {
        match job {
            Job::Change(change) => changes.push(change),
            Job::Release(release) => releases.push(release),
        }
    }
    (changes, releases)
}

/// Answers everybody of a group that could not even begin.
fn refuse(error: &Error, changes: Vec<Box<dyn Change>>, releases: Vec<Release>) {
    let refusing = Error::clone(error);
    for change in changes {
        change.refuse(refusing.clone());
    }
    for release in releases {
        release.answer(Err(refusing.clone()));
    }
}

/// Tells closures that ran in vain that nothing of them was kept.
fn answer_all(ran: Vec<Answer>, error: &Error) {
    for answer in ran {
        answer(Err(error.clone()));
    }
}

/// What has not been tried yet goes into the next group.
fn queue_again(changes: impl Iterator<Item = Box<dyn Change>>, releases: Vec<Release>) -> Vec<Job> {
    let releases = releases.into_iter().map(Job::Release);
    changes.map(Job::Change).chain(releases).collect()
}

/// Uses of proofs are data: what failed before its commit may be tried again.
fn retry(releases: Vec<Release>, error: &Error) -> Vec<Job> {
    let mut again = Vec::new();
    for mut release in releases {
        if release.may_retry(error) {
            release.tries += 1;
            again.push(Job::Release(release));
        } else {
            release.answer(Err(error.clone()));
        }
    }
    again
}

impl Tx {
    /// Undoes whatever is open and makes the connection fit for the next group, or drops it.
    async fn undo_all(&mut self) {
        self.take_events();
        let error = self.take_failure();
        self.set_in_transaction(false);
        let usable = self.has_connection() && !error.is_some_and(|e| e.breaks_connection());
        // SQLite ends the transaction by itself on some errors; ROLLBACK then says there is none.
        if !usable || self.script("ROLLBACK").await.is_err() {
            self.drop_connection();
        }
    }

    async fn shut(mut self) {
        let Some(mut conn) = self.take_connection() else {
            return;
        };
        if conn.is_sqlite() {
            // Closing does it too, but only where nobody else has the file open.
            let folded = conn.script("PRAGMA wal_checkpoint(TRUNCATE)".into()).await;
            if let Err(error) = folded {
                tracing::warn!(error.cause = %error, "the log of the database could not be folded in; keep store.db-wal beside it");
            }
        }
        if let Err(error) = conn.close().await {
            tracing::warn!(error.cause = %error, "closing the database failed");
        }
    }
}
