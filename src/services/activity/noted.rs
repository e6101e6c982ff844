//! What happened since it was last written down, in memory. Bounded.

use crate::model::{ConnectionKey, Handle, VaultId};
use crate::store::ConnectionUse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use time::OffsetDateTime;

/// Pairs of a connection and its user, and identities, that are noted in one minute. What goes beyond
/// is noted in a later one.
const MOST: usize = 20_000;

#[derive(Debug, Clone, Copy)]
struct Use {
    last: OffsetDateTime,
    count: i64,
}

/// The uses of one connection.
#[derive(Debug, Clone, Default)]
struct Uses {
    by_person: Option<Use>,
    by_agent: HashMap<Handle, Use>,
}

/// What is written down together.
#[derive(Debug, Clone, Default)]
pub(super) struct Batch {
    uses: HashMap<ConnectionKey, Uses>,
    pairs: usize,
    seen: HashMap<Handle, OffsetDateTime>,
}

/// The notes of a daemon.
#[derive(Debug, Default)]
pub(in crate::services) struct Noted(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    current: Batch,
    /// Still told to readers until it is in the store.
    on_its_way: Option<Arc<Batch>>,
    /// How many are in the store.
    batches: u64,
}

impl Batch {
    fn add(&mut self, key: &ConnectionKey, by: Option<&Handle>, more: Use) {
        let has_room = self.pairs < MOST;
        if !self.uses.contains_key(key) {
            if !has_room {
                return;
            }
            self.uses.insert(key.clone(), Uses::default());
        }
        let Some(uses) = self.uses.get_mut(key) else {
            return;
        };
        let known = match by {
            Some(handle) => uses.by_agent.get_mut(handle),
            None => uses.by_person.as_mut(),
        };
        match (known, by) {
            (Some(known), _) => {
                known.last = known.last.max(more.last);
                known.count += more.count;
                return;
            }
            (None, _) if !has_room => return,
            (None, Some(handle)) => {
                uses.by_agent.insert(handle.clone(), more);
            }
            (None, None) => uses.by_person = Some(more),
        }
        self.pairs += 1;
    }

    fn see(&mut self, handle: &Handle, at: OffsetDateTime) {
        if let Some(known) = self.seen.get_mut(handle) {
            *known = at.max(*known);
        } else if self.seen.len() < MOST {
            self.seen.insert(handle.clone(), at);
        }
    }

    fn forget(&mut self, key: &ConnectionKey) {
        if let Some(gone) = self.uses.remove(key) {
            self.pairs -= gone.by_agent.len() + usize::from(gone.by_person.is_some());
        }
    }

    fn is_empty(&self) -> bool {
        self.uses.is_empty() && self.seen.is_empty()
    }

    fn put_back(&mut self, earlier: &Self) {
        for (key, uses) in &earlier.uses {
            if let Some(by_person) = uses.by_person {
                self.add(key, None, by_person);
            }
            for (handle, one) in &uses.by_agent {
                self.add(key, Some(handle), *one);
            }
        }
        for (handle, at) in &earlier.seen {
            self.see(handle, *at);
        }
    }

    fn rows<'a>(
        &'a self,
        meant: impl Fn(&ConnectionKey) -> bool + 'a,
    ) -> impl Iterator<Item = ConnectionUse> + 'a {
        self.uses
            .iter()
            .filter(move |(key, _)| meant(key))
            .flat_map(|(key, uses)| {
                let by_person = uses.by_person.iter().map(|one| (None, one));
                let by_agent = uses.by_agent.iter().map(|(by, one)| (Some(by), one));
                by_person.chain(by_agent).map(|(by, one)| ConnectionUse {
                    connection: key.clone(),
                    by: by.cloned(),
                    last_at: one.last,
                    uses: one.count,
                })
            })
    }

    pub(super) fn uses(&self) -> Vec<ConnectionUse> {
        self.rows(|_| true).collect()
    }

    pub(super) fn seen(&self) -> Vec<(Handle, OffsetDateTime)> {
        let seen = self.seen.iter();
        seen.map(|(handle, at)| (handle.clone(), *at)).collect()
    }
}

impl Noted {
    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A credential left the vault. On the path of every request: no query, and no allocation but for
    /// the first of its kind.
    pub(in crate::services) fn used(
        &self,
        key: &ConnectionKey,
        by: Option<&Handle>,
        at: OffsetDateTime,
    ) {
        self.lock().current.add(key, by, Use { last: at, count: 1 });
    }

    /// An identity proved itself.
    pub(in crate::services) fn seen(&self, handle: &Handle, at: OffsetDateTime) {
        self.lock().current.see(handle, at);
    }

    /// The connection is gone; one that is added by that name starts anew.
    pub(in crate::services) fn forget(&self, key: &ConnectionKey) {
        self.lock().current.forget(key);
    }

    /// What is to be written down now, if anything. One at a time.
    pub(super) fn take(&self) -> Option<Arc<Batch>> {
        let mut notes = self.lock();
        if notes.current.is_empty() {
            return None;
        }
        let batch = Arc::new(std::mem::take(&mut notes.current));
        notes.on_its_way = Some(batch.clone());
        Some(batch)
    }

    /// It is in the store, or it is not and has to be written down another time.
    pub(super) fn settle(&self, is_written: bool) {
        let mut notes = self.lock();
        let batch = notes.on_its_way.take();
        match batch {
            Some(_) if is_written => notes.batches += 1,
            Some(batch) => notes.current.put_back(&batch),
            None => {}
        }
    }

    /// Counts up with everything that is written down.
    pub(super) fn batches(&self) -> u64 {
        self.lock().batches
    }

    /// The uses that may not be in the store yet.
    pub(super) fn uses_in(&self, vault: &VaultId) -> Vec<ConnectionUse> {
        let notes = self.lock();
        let batches = [Some(&notes.current), notes.on_its_way.as_deref()];
        let batches = batches.into_iter().flatten();
        let rows = batches.flat_map(|batch| batch.rows(|key| key.vault == *vault));
        rows.collect()
    }

    /// When it was last seen, as far as that may not be in the store yet.
    pub(in crate::services) fn seen_at(&self, handle: &Handle) -> Option<OffsetDateTime> {
        let notes = self.lock();
        let earlier = notes.on_its_way.as_ref();
        let earlier = earlier.and_then(|batch| batch.seen.get(handle));
        notes.current.seen.get(handle).or(earlier).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_unix_millis;

    fn key(number: usize) -> ConnectionKey {
        ConnectionKey {
            vault: "vault_1".parse().unwrap(),
            provider: "openai".parse().unwrap(),
            name: format!("c{number}").parse().unwrap(),
        }
    }

    #[test]
    fn what_could_not_be_written_is_told_and_written_later() {
        let noted = Noted::default();
        let scout: Handle = "scout".parse().unwrap();
        noted.used(&key(1), Some(&scout), from_unix_millis(1));
        noted.take().unwrap();
        noted.used(&key(1), Some(&scout), from_unix_millis(5));
        assert_eq!(noted.uses_in(&key(1).vault).len(), 2);
        noted.settle(false);
        let all = noted.take().unwrap().uses();
        assert_eq!((all.len(), all[0].uses), (1, 2));
        assert_eq!(all[0].last_at, from_unix_millis(5));
        noted.settle(true);
        assert!(noted.take().is_none());
        assert!(noted.uses_in(&key(1).vault).is_empty());
    }

    #[test]
    fn it_is_bounded_and_what_is_known_goes_on_counting() {
        let noted = Noted::default();
        for number in 0..=MOST {
            noted.used(&key(number), None, from_unix_millis(1));
        }
        noted.used(&key(7), None, from_unix_millis(2));
        noted.used(&key(MOST), None, from_unix_millis(2));
        noted.forget(&key(8));
        noted.used(&key(MOST), None, from_unix_millis(3));
        let all = noted.take().unwrap().uses();
        assert_eq!(all.len(), MOST);
        let of = |number| all.iter().find(|one| one.connection == key(number));
        assert_eq!(of(7).unwrap().uses, 2);
        assert!(of(8).is_none());
        assert_eq!(of(MOST).unwrap().uses, 1);
    }
}
