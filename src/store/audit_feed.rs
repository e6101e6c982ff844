//! Committed audit records on their way to `audit.log` and to OTLP.
//!
//! Every subscriber has a bounded queue of its own. One that cannot keep up loses records and
//! counts them; it never holds up a commit, and the database stays complete.

use crate::model::AuditRecord;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// The writer's end.
#[derive(Debug, Default)]
pub(super) struct AuditFeed {
    subscribers: Mutex<Vec<Subscriber>>,
}

#[derive(Debug)]
struct Subscriber {
    queue: mpsc::Sender<Arc<AuditRecord>>,
    lost: Arc<AtomicU64>,
}

impl AuditFeed {
    pub(super) fn subscribe(&self, capacity: usize) -> AuditSubscription {
        let (queue, records) = mpsc::channel(capacity.max(1));
        let lost = Arc::new(AtomicU64::new(0));
        self.lock().push(Subscriber {
            queue,
            lost: lost.clone(),
        });
        AuditSubscription { records, lost }
    }

    /// Hands on what a commit made durable, in order.
    pub(super) fn publish(&self, records: Vec<AuditRecord>) {
        let mut subscribers = self.lock();
        if subscribers.is_empty() || records.is_empty() {
            return;
        }
        for record in records {
            let record = Arc::new(record);
            subscribers.retain(|subscriber| subscriber.offer(&record));
        }
    }

    /// Ends every subscription after what is queued.
    pub(super) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Subscriber>> {
        self.subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber {
    /// Whether the subscriber is still there.
    fn offer(&self, record: &Arc<AuditRecord>) -> bool {
        match self.queue.try_send(record.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

/// The reader's end of [`Store::subscribe_audit`](super::Store::subscribe_audit).
#[derive(Debug)]
pub struct AuditSubscription {
    records: mpsc::Receiver<Arc<AuditRecord>>,
    lost: Arc<AtomicU64>,
}

impl AuditSubscription {
    /// The next committed record; `None` once the store is closed and everything was handed on.
    pub async fn next(&mut self) -> Option<Arc<AuditRecord>> {
        self.records.recv().await
    }

    /// Up to `limit` records at once; waits for the first. An empty answer is the end.
    pub async fn next_batch(&mut self, limit: usize) -> Vec<Arc<AuditRecord>> {
        let mut batch = Vec::new();
        self.records.recv_many(&mut batch, limit.max(1)).await;
        batch
    }

    /// How many records this subscriber was too slow for. They are in the database.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
