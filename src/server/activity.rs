//! What every open connection is doing, so that those that do nothing can be closed.
//!
//! hyper times neither the wait for the first byte nor a connection as a whole (and its own header
//! timer would also cut idle keep-alive connections short), so each connection keeps a few numbers
//! here and one task looks at all of them. Nothing in this file reads or writes the network except
//! [`Watched`], which only notices that bytes came.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// How long a connection may stay in each of its three conditions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// From the first chance to send a request head to the end of it.
    pub(super) head: Duration,
    /// Between two requests.
    pub(super) idle: Duration,
    /// Since the last request began, however many are being answered.
    pub(super) busy: Duration,
}

/// The condition of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    /// Milliseconds after the registry's start at which the present condition began.
    since: AtomicU64,
    in_flight: AtomicU32,
    /// Between two requests, with nothing read yet of the next one.
    idle: AtomicBool,
    /// HTTP/2 reads frames that belong to no request; its pings are no half-sent head.
    http2: AtomicBool,
    closing: AtomicBool,
    close: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Head,
    Idle,
    Busy,
}

impl Activity {
    fn condition(&self) -> Condition {
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            Condition::Busy
        } else if self.idle.load(Ordering::Relaxed) {
            Condition::Idle
        } else {
            Condition::Head
        }
    }

    fn is_overdue(&self, now: u64, patience: &Patience) -> bool {
        let allowed = match self.condition() {
            Condition::Head => patience.head,
            Condition::Idle => patience.idle,
            Condition::Busy => patience.busy,
        };
        let waited = now.saturating_sub(self.since.load(Ordering::Relaxed));
        u128::from(waited) >= allowed.as_millis()
    }

    fn ask_to_close(&self) {
        if !self.closing.swap(true, Ordering::Relaxed) {
            self.close.notify_one();
        }
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Resolves when the connection is to be closed.
    pub(super) async fn asked_to_close(&self) {
        self.close.notified().await;
    }
}

/// All open connections of one listener.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// Milliseconds since the listener started, as of the last [`tick`](Registry::tick): coarse, and free to read.
    now: AtomicU64,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Activity>>,
}

impl Registry {
    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a connection; it leaves when the returned guard is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> Entry {
        let activity = Arc::new(Activity {
            since: AtomicU64::new(self.now()),
            in_flight: AtomicU32::new(0),
            idle: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            close: Notify::new(),
        });
        let mut open = self.open();
        let id = open.next;
        open.next += 1;
        open.connections.insert(id, Arc::clone(&activity));
        drop(open);
        Entry {
            id,
            activity,
            registry: Arc::clone(self),
        }
    }

    /// How many connections are open and not already on their way out.
    pub(super) fn len(&self) -> usize {
        self.open()
            .connections
            .values()
            .filter(|a| !a.is_closing())
            .count()
    }

    /// How many have not sent the whole head of a request.
    pub(super) fn half_open(&self) -> usize {
        self.open()
            .connections
            .values()
            .filter(|a| !a.is_closing() && a.condition() == Condition::Head)
            .count()
    }

    /// Makes room: closes the connection that has waited longest, half-open ones first, and never
    /// one that is being answered. Tells whether there was one.
    pub(super) fn evict(&self) -> bool {
        let open = self.open();
        let victim = open
            .connections
            .values()
            .filter(|a| !a.is_closing() && a.condition() != Condition::Busy)
            .min_by_key(|a| {
                (
                    a.condition() != Condition::Head,
                    a.since.load(Ordering::Relaxed),
                )
            });
        if let Some(activity) = victim {
            activity.ask_to_close();
        }
        victim.is_some()
    }

    /// Says how long the listener has been running, and closes what has used up its time.
    pub(super) fn tick(&self, running: Duration, patience: &Patience) {
        let now = u64::try_from(running.as_millis()).unwrap_or(u64::MAX);
        self.now.store(now, Ordering::Relaxed);
        for activity in self.open().connections.values() {
            if activity.is_overdue(now, patience) {
                activity.ask_to_close();
            }
        }
    }
}

/// A connection's place in the registry.
#[derive(Debug)]
pub(super) struct Entry {
    id: u64,
    activity: Arc<Activity>,
    registry: Arc<Registry>,
}

impl Entry {
    pub(super) fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Marks a request as being answered until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>, http2: bool) -> Answering {
        let activity = &self.activity;
        activity.since.store(self.registry.now(), Ordering::Relaxed);
        activity.in_flight.fetch_add(1, Ordering::Relaxed);
        if http2 {
            activity.http2.store(true, Ordering::Relaxed);
        }
        Answering(Arc::clone(self))
    }

    fn bytes_came(&self) {
        let activity = &self.activity;
        if activity.condition() == Condition::Idle && !activity.http2.load(Ordering::Relaxed) {
            activity.since.store(self.registry.now(), Ordering::Relaxed);
            activity.idle.store(false, Ordering::Relaxed);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.registry.open().connections.remove(&self.id);
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Answering(Arc<Entry>);

impl Answering {
    /// Another piece of a long answer was taken: its time begins anew.
    pub(super) fn goes_on(&self) {
        let activity = &self.0.activity;
        activity
            .since
            .store(self.0.registry.now(), Ordering::Relaxed);
    }
}

/// Put on an answer that may take longer than others, as long as its pieces are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct LongAnswer;

impl Drop for Answering {
    fn drop(&mut self) {
        let activity = &self.0.activity;
        if activity.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            activity
                .since
                .store(self.0.registry.now(), Ordering::Relaxed);
            activity.idle.store(true, Ordering::Relaxed);
        }
    }
}

/// A stream that notes when bytes arrive.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    entry: Arc<Entry>,
}

impl<S> Watched<S> {
    pub(super) const fn new(stream: S, entry: Arc<Entry>) -> Self {
        Self { stream, entry }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.entry.bytes_came();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(10),
        idle: Duration::from_mins(1),
        busy: Duration::from_mins(2),
    };

    fn seconds(registry: &Registry, at: u64) {
        registry.tick(Duration::from_secs(at), &PATIENCE);
    }

    #[tokio::test]
    async fn a_connection_that_sends_no_head_is_closed_after_its_time() {
        let registry = Arc::new(Registry::default());
        let entry = registry.enter();
        seconds(&registry, 9);
        assert_eq!(registry.len(), 1);
        seconds(&registry, 10);
        assert_eq!(registry.len(), 0);
        entry.activity().asked_to_close().await;
    }

    #[test]
    fn an_idle_connection_may_wait_longer_than_one_with_half_a_head() {
        let registry = Arc::new(Registry::default());
        let quiet = Arc::new(registry.enter());
        let dripping = Arc::new(registry.enter());
        drop(quiet.begin(false));
        drop(dripping.begin(false));
        dripping.bytes_came();
        assert_eq!(registry.half_open(), 1);
        seconds(&registry, 11);
        assert!(dripping.activity().is_closing());
        assert!(!quiet.activity().is_closing());
        seconds(&registry, 60);
        assert!(quiet.activity().is_closing());
    }

    #[test]
    fn a_long_answer_may_go_on_while_its_pieces_are_taken() {
        let registry = Arc::new(Registry::default());
        let entry = Arc::new(registry.enter());
        let answering = entry.begin(false);
        for at in [100, 200, 300] {
            seconds(&registry, at);
            assert!(!entry.activity().is_closing());
            answering.goes_on();
        }
        assert!(!registry.evict());
        seconds(&registry, 420);
        assert!(entry.activity().is_closing());
    }

    #[test]
    fn a_drip_does_not_win_time() {
        let registry = Arc::new(Registry::default());
        let entry = Arc::new(registry.enter());
        drop(entry.begin(false));
        for at in 0..10 {
            seconds(&registry, at);
            entry.bytes_came();
            assert!(!entry.activity().is_closing());
        }
        seconds(&registry, 10);
        assert!(entry.activity().is_closing());
    }

    #[test]
    fn a_ping_between_two_requests_is_not_a_half_sent_head() {
        let registry = Arc::new(Registry::default());
        let entry = Arc::new(registry.enter());
        drop(entry.begin(true));
        entry.bytes_came();
        assert_eq!(registry.half_open(), 0);
    }

    #[test]
    fn room_is_made_by_the_oldest_half_open_connection_and_never_a_busy_one() {
        let registry = Arc::new(Registry::default());
        let busy = Arc::new(registry.enter());
        let _answering = busy.begin(true);
        let idle = Arc::new(registry.enter());
        drop(idle.begin(false));
        seconds(&registry, 1);
        let half_open = registry.enter();
        assert!(registry.evict());
        assert!(half_open.activity().is_closing());
        assert!(registry.evict());
        assert!(idle.activity().is_closing());
        assert!(!registry.evict());
        assert!(!busy.activity().is_closing());
    }

    #[test]
    fn a_connection_that_ends_leaves_the_registry() {
        let registry = Arc::new(Registry::default());
        drop(registry.enter());
        assert_eq!(registry.open().connections.len(), 0);
    }
}
