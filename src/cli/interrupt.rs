//! Ctrl-C while a command waits: heard whenever it was pressed, also while a request is under way.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from its making on; one press is kept until it is asked for.
#[derive(Debug)]
pub(crate) struct Interrupt(Option<Signal>);

impl Interrupt {
    pub(crate) fn listen() -> Self {
        Self(signal(SignalKind::interrupt()).ok())
    }

    /// Waits for Ctrl-C; for ever where the system lets nobody listen.
    pub(crate) async fn pressed(&mut self) {
        match &mut self.0 {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }
}
