//! One refresh of a connection at a time in this process; whoever comes later joins it.

use super::failure::{Failure, Kind};
use super::refresher::Fresh;
use crate::model::{ConnectionKey, ErrorCode};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::task::TaskTracker;

/// What came of a refresh.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// The credential as it is now, by whomever.
    Fresh(Arc<Fresh>),
    Failed(Failure),
    /// The connection is gone.
    Gone,
}

/// A refresh in progress; all clones end with the same outcome.
pub(super) type Flight = Shared<BoxFuture<'static, Outcome>>;

/// A refresh in progress and what it is for.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) flight: Flight,
    /// Whether it finds out what became of one whose end nobody knows: until then no token counts as good.
    pub(super) settles: bool,
}

/// The refreshes in progress.
#[derive(Debug, Default)]
pub(super) struct Flights {
    open: Mutex<HashMap<ConnectionKey, Open>>,
    tasks: TaskTracker,
}

impl Flights {
    pub(super) fn find(&self, key: &ConnectionKey) -> Option<Open> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(key).cloned()
    }

    /// The refresh of `key`, begun if there is none. It is a task of its own: that everybody who waits
    /// for it leaves does not end it.
    pub(super) fn join<F>(
        self: &Arc<Self>,
        key: &ConnectionKey,
        settles: bool,
        begin: impl FnOnce() -> F,
    ) -> Flight
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(key) {
            return known.flight.clone();
        }
        let landing = Landing {
            flights: Arc::clone(self),
            key: key.clone(),
        };
        let work = begin();
        let task = self.tasks.spawn(async move {
            let outcome = work.await;
            drop(landing);
            outcome
        });
        let flight = async move { task.await.unwrap_or_else(|_| Outcome::Failed(broken())) };
        let flight = flight.boxed().shared();
        let new = Open {
            flight: flight.clone(),
            settles,
        };
        open.insert(key.clone(), new);
        flight
    }

    /// Ends when no refresh is in progress any more.
    pub(super) async fn landed(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Makes room for the next refresh, also after a panic.
struct Landing {
    flights: Arc<Flights>,
    key: ConnectionKey,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let open = &self.flights.open;
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&self.key);
    }
}

fn broken() -> Failure {
    Failure {
        kind: Kind::Ours {
            code: ErrorCode::Internal,
            hint: None,
        },
        reason: "the daemon met an error of its own".to_owned(),
    }
}
