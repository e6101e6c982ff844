//! A change in progress: what a job of [`Store::write`](super::Store::write) works on.
//!
//! It is a [`Reader`] as well, and sees its own changes. The first statement that fails undoes the
//! whole job: everything after it fails too, and nothing of the job is kept.

use super::reader::Reader;
use crate::clock::SharedClock;
use crate::model::{AuditEvent, AuditRecord, EventId};
use std::ops::{Deref, DerefMut};
use time::OffsetDateTime;
use uuid::{ContextV7, Timestamp, Uuid};

use super::Error;

/// A change in progress. Writes of each topic are its methods, in the file of the topic.
#[derive(Debug)]
pub struct Tx {
    reader: Reader,
    clock: SharedClock,
    now: OffsetDateTime,
    /// Keeps event ids in order within a millisecond and when the clock is set back.
    ids: ContextV7,
    /// Written in this transaction; handed to subscribers once it is committed.
    events: Vec<AuditRecord>,
}

impl Tx {
    pub(super) fn new(reader: Reader, clock: SharedClock) -> Self {
        let now = clock.now();
        Self {
            reader,
            clock,
            now,
            ids: ContextV7::new(),
            events: Vec::new(),
        }
    }

    /// When this change happens: one time for all rows of a commit.
    pub const fn now(&self) -> OffsetDateTime {
        self.now
    }

    pub(super) fn start(&mut self) {
        self.now = self.clock.now();
        self.events.clear();
        self.reader.take_touched();
        self.reader.take_changed();
    }

    /// Gives the event its id and time, and remembers it for the subscribers.
    pub(super) fn record(&mut self, event: AuditEvent) -> Result<&AuditRecord, Error> {
        let id = self.next_event_id()?;
        self.events.push(AuditRecord {
            id,
            at: self.now,
            event,
        });
        self.events.last().ok_or(Error::BadRecord {
            what: "audit event",
        })
    }

    pub(super) const fn events_so_far(&self) -> usize {
        self.events.len()
    }

    pub(super) fn forget_events_after(&mut self, count: usize) {
        self.events.truncate(count);
    }

    pub(super) fn events_after(&self, count: usize) -> &[AuditRecord] {
        self.events.get(count..).unwrap_or_default()
    }

    pub(super) fn take_events_after(&mut self, count: usize) -> Vec<AuditRecord> {
        self.events.split_off(count.min(self.events.len()))
    }

    pub(super) fn take_events(&mut self) -> Vec<AuditRecord> {
        std::mem::take(&mut self.events)
    }

    fn next_event_id(&self) -> Result<EventId, Error> {
        let seconds = u64::try_from(self.now.unix_timestamp()).unwrap_or(0);
        let stamp = Timestamp::from_unix(&self.ids, seconds, self.now.nanosecond());
        format!("evt_{}", Uuid::new_v7(stamp).simple())
            .parse()
            .map_err(|_| Error::BadRecord { what: "event id" })
    }
}

impl Deref for Tx {
    type Target = Reader;
    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Reader {
        &mut self.reader
    }
}
