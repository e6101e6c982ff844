//! Password hashes, a few at a time: each takes tens of milliseconds and mebibytes on purpose, so a
//! flood of sign-ins must not become a flood of them.

use crate::crypto::password::{self, Memory};
use crate::model::ErrorCode;
use crate::secret::Password;
use crate::services::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Hashes computed at once.
const AT_ONCE: usize = 2;
/// Sign-ins that may wait for their turn; at 20 ms each the last waits about two seconds.
const WAITING: usize = 256;

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

#[derive(Debug, Clone)]
pub(super) struct Hasher {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// To threads of their own, begun with the first hash, each with its memory. Allocated anew for
    /// every hash on a pool of threads, it would pile up in a flood.
    threads: Arc<OnceLock<mpsc::Sender<Job>>>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(AtomicUsize::new(0)),
            threads: Arc::new(OnceLock::new()),
        }
    }

    /// The text to store for a new password.
    pub(super) async fn hash(&self, new: Password) -> Result<String, Error> {
        let turn = self.turn().await?;
        let hashed = self
            .run(turn, move |memory| password::hash(memory, &new))
            .await?;
        hashed.map_err(|e| busy().caused_by(e))
    }

    /// Whether the password fits. Takes as long without a stored hash as with one.
    pub(super) async fn verify(
        &self,
        given: Password,
        stored: Option<String>,
    ) -> Result<bool, Error> {
        let turn = self.turn().await?;
        let verified = self.run(turn, move |memory| {
            if let Some(stored) = stored {
                return password::verify(memory, &given, &stored);
            }
            password::dummy_verify(memory, &given);
            false
        });
        verified.await
    }

    /// Runs it on one of the threads; the turn is over when it is done, whether or not anybody
    /// still waits for it.
    async fn run<T: Send + 'static>(
        &self,
        turn: OwnedSemaphorePermit,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |memory| {
            let done = work(memory);
            drop(turn);
            drop(answer.send(done));
        });
        let threads = self.threads.get_or_init(start_threads);
        threads.send(job).map_err(|_| busy())?;
        answered.await.map_err(Error::internal)
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        let _place = Place::take(&self.waiting).ok_or_else(busy)?;
        let turns = Arc::clone(&self.turns);
        turns.acquire_owned().await.map_err(Error::internal)
    }
}

/// They end when the last [`Hasher`] is gone.
fn start_threads() -> mpsc::Sender<Job> {
    let (sender, jobs) = mpsc::channel::<Job>();
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..AT_ONCE {
        let jobs = Arc::clone(&jobs);
        let next = move || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let work = move || {
            let mut memory = Memory::default();
            while let Ok(job) = next() {
                job(&mut memory);
            }
        };
        // Without a thread the jobs wait, and what waits is told that it is busy.
        drop(
            thread::Builder::new()
                .name("passwords".to_owned())
                .spawn(work),
        );
    }
    sender
}

fn busy() -> Error {
    Error::new(
        ErrorCode::TooManyRequests,
        "too many people are signing in at this moment; try again in a few seconds",
    )
    .retry_after(Duration::from_secs(2))
}

/// A place in the queue, given back when dropped, also when its owner leaves.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        let before = waiting.fetch_add(1, Ordering::SeqCst);
        (before < WAITING).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
impl Hasher {
    /// Takes every place to wait, as a flood would; they are free again when it is dropped.
    pub(super) fn flood(&self) -> Vec<Place<'_>> {
        let places = (0..WAITING).map_while(|_| Place::take(&self.waiting));
        places.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_turns_people_away_and_recovers() {
        let hasher = Hasher::new();
        let flood = hasher.flood();
        let refused = hasher.verify(Password::new("x"), None).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TooManyRequests);
        assert!(refused.come_back_after().is_some());
        drop(flood);
        assert!(!hasher.verify(Password::new("x"), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_stored_hash_verifies_its_password_alone() {
        let hasher = Hasher::new();
        let stored = hasher.hash(Password::new("right")).await.unwrap();
        let verify = |text| hasher.verify(Password::new(text), Some(stored.clone()));
        assert!(verify("right").await.unwrap());
        assert!(!verify("wrong").await.unwrap());
    }
}
