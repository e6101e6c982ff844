//! Where a connection waits until it has shown the password of the run.
//!
//! Any process of this machine can connect, so those that have not shown it yet have few places
//! of their own and little time: they cannot keep the child's own connections out.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long the first request with the password may take.
const PROOF_TIME: Duration = Duration::from_secs(10);
/// How long it may take while others wait for the place.
const CROWDED_TIME: Duration = Duration::from_millis(500);

/// A place of a connection that has not shown the password yet.
#[derive(Debug)]
struct Place {
    _permit: OwnedSemaphorePermit,
    gone: CancellationToken,
}

/// The places, and who has them, oldest first.
#[derive(Debug)]
pub(super) struct Entry {
    places: Arc<Semaphore>,
    waiting: VecDeque<(Instant, Weak<Place>)>,
}

/// What a connection has of the entry.
#[derive(Debug)]
pub(super) struct Visit {
    is_over: AtomicBool,
    place: Mutex<Option<Arc<Place>>>,
    gone: CancellationToken,
}

impl Entry {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.max(1))),
            waiting: VecDeque::new(),
        }
    }

    /// Waits for a place; while there is none, the connection that has waited longest goes.
    pub(super) async fn place(&mut self) -> Visit {
        loop {
            self.waiting.retain(|(_, place)| place.strong_count() > 0);
            let places = Arc::clone(&self.places);
            tokio::select! {
                biased;
                permit = places.acquire_owned() => {
                    // The semaphore is never closed.
                    if let Ok(permit) = permit {
                        return self.visit(permit);
                    }
                }
                () = self.oldest() => {
                    if let Some(place) = self.waiting.pop_front().and_then(|(_, w)| w.upgrade()) {
                        place.gone.cancel();
                    }
                }
            }
        }
    }

    /// Ends when the connection at the front has had its time.
    async fn oldest(&self) {
        match self.waiting.front() {
            Some((since, _)) => sleep_until(*since + CROWDED_TIME).await,
            None => std::future::pending().await,
        }
    }

    fn visit(&mut self, permit: OwnedSemaphorePermit) -> Visit {
        let gone = CancellationToken::new();
        let place = Arc::new(Place {
            _permit: permit,
            gone: gone.clone(),
        });
        let known = Arc::downgrade(&place);
        self.waiting.push_back((Instant::now(), known));
        Visit {
            is_over: AtomicBool::new(false),
            place: Mutex::new(Some(place)),
            gone,
        }
    }
}

impl Visit {
    /// The password was shown: the connection may take the time it needs.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Frees the place for another.
    pub(super) fn leave(&self) {
        let place = self.place.lock();
        drop(place.unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Ends when the connection must go because it did not show the password in time.
    pub(super) async fn out_of_time(&self) {
        tokio::select! {
            () = self.gone.cancelled() => {}
            () = sleep(PROOF_TIME) => {}
        }
        if self.is_over.load(Ordering::Acquire) {
            std::future::pending::<()>().await;
        }
    }
}
