//! How much of the machine strangers may use.

use super::activity::Patience;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::time::Duration;

/// The most header fields of one request; a request line and 64 fields fit every honest client.
pub(super) const MAX_HEADERS: usize = 64;
/// The most bytes of a request head.
pub(super) const MAX_HEAD_BYTES: usize = 32 * 1024;
/// The most bytes of all request bodies that are in memory at once.
pub(super) const MAX_BODIES_IN_MEMORY: usize = 64 * 1024 * 1024;
/// The most bytes of a form; keys and passwords are short.
pub(super) const MAX_FORM_BYTES: usize = 64 * 1024;
/// How long the body of a request may take to arrive.
pub(super) const BODY_TIME: Duration = Duration::from_secs(20);

/// Descriptors left for the store, upstream connections and logs.
const RESERVED_DESCRIPTORS: u64 = 256;

/// What the accept loop allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open connections, whatever they do.
    pub connections: usize,
    /// Open connections that have not sent a whole request head.
    pub half_open: usize,
    /// For a request head to arrive.
    pub head_time: Duration,
    /// For the next request to begin.
    pub idle_time: Duration,
    /// For an answer to be finished.
    pub answer_time: Duration,
    /// For requests under way to finish when the daemon stops.
    pub drain_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            half_open: 1_024,
            head_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            answer_time: Duration::from_mins(2),
            drain_time: Duration::from_secs(10),
        }
    }
}

impl Limits {
    pub(super) const fn patience(&self) -> Patience {
        Patience {
            head: self.head_time,
            idle: self.idle_time,
            busy: self.answer_time,
        }
    }

    /// The same with no more connections than this process has descriptors for, after asking the
    /// system for as many as it may have.
    pub(super) fn within_descriptors(mut self) -> Self {
        let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
            return self;
        };
        let wanted = (self.connections as u64 + RESERVED_DESCRIPTORS).min(hard);
        let available =
            if soft >= wanted || setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_err() {
                soft
            } else {
                wanted
            };
        let room = available
            .saturating_sub(RESERVED_DESCRIPTORS)
            .max(available / 2);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        self.connections = self.connections.min(room);
        self.half_open = self.half_open.min(self.connections / 2).max(1);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_connections_are_allowed_than_there_are_descriptors() {
        let limits = Limits {
            connections: usize::MAX >> 1,
            ..Limits::default()
        }
        .within_descriptors();
        let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert!((limits.connections as u64) < soft);
        assert!(limits.half_open < limits.connections);
    }
}
