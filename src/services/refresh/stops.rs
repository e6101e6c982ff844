//! The moments of a refresh at which everything may end: a test can hold it there, and see what is left.

use futures_util::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// A moment between two steps of a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshMoment {
    /// The lease is written; nobody was asked.
    Taken,
    /// The provider has answered.
    Answered,
    /// What it gave is sealed, and not written.
    Sealed,
    /// It is written; nobody was told.
    Kept,
}

/// What happens at each moment: nothing, outside of tests.
#[derive(Clone, Default)]
pub struct RefreshStops(Option<Arc<Stop>>);

type Stop = dyn Fn(RefreshMoment) -> BoxFuture<'static, ()> + Send + Sync;

impl RefreshStops {
    /// A refresh goes on when the future of its moment is done.
    pub fn new(
        stop: impl Fn(RefreshMoment) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(stop)))
    }

    pub(super) async fn pass(&self, moment: RefreshMoment) {
        if let Some(stop) = &self.0 {
            stop(moment).await;
        }
    }
}

impl fmt::Debug for RefreshStops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RefreshStops")
            .field(&self.0.is_some())
            .finish()
    }
}
