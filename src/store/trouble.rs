//! Whether the disk took the last change: a store that can be read is not well for that alone.

use super::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the writer, asked by whoever wants to know how the store is.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<AtomicBool>);

impl Trouble {
    /// Remembers a failure that is about the disk, until a change succeeds.
    pub(super) fn note(&self, error: &Error) {
        if matches!(error, Error::Full | Error::ReadOnly | Error::Io { .. }) {
            self.0.store(true, Ordering::Release);
        }
    }

    pub(super) fn is_over(&self) {
        self.0.store(false, Ordering::Release);
    }

    pub(super) fn is_there(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
