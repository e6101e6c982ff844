//! What every handler can reach.

use super::limits::MAX_BODIES_IN_MEMORY;
use super::origins::Origins;
use super::trace::TraceHooks;
use super::written::Written;
use crate::services::Services;
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The services and the few facts about our own address. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct App(Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) services: Arc<Services>,
    pub(super) origins: Origins,
    pub(super) hooks: TraceHooks,
    pub(super) bundled: Written,
    /// KiB of request bodies that may still be read into memory.
    pub(super) body_room: Arc<Semaphore>,
    /// Refused uploads that are being read to their end and thrown away.
    pub(super) lingering: Arc<Semaphore>,
    /// Cancelled when the daemon stops: what would go on by itself ends then.
    pub(super) stop: CancellationToken,
}

impl App {
    pub(super) fn new(
        services: Arc<Services>,
        origins: Origins,
        hooks: TraceHooks,
        stop: CancellationToken,
    ) -> Self {
        Self(Arc::new(Shared {
            services,
            origins,
            hooks,
            bundled: Written::default(),
            body_room: Arc::new(Semaphore::new(MAX_BODIES_IN_MEMORY / 1_024)),
            lingering: Arc::new(Semaphore::new(64)),
            stop,
        }))
    }
}

impl Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}
