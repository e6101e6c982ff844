//! Who sits where, and who has to be told.

use crate::model::{ErrorCode, PrincipalId, Role, SignedIn};
use crate::services::Error;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Pages that one person has open at the same time.
const MOST_EACH: usize = 20;
/// Pages that are open at the same time.
const MOST: usize = 1_000;
/// When a page that found no seat may ask again.
const AGAIN: Duration = Duration::from_secs(30);

/// Everybody who is told.
#[derive(Debug)]
pub(super) struct Hub {
    rooms: Mutex<Rooms>,
    /// Told of everything.
    administrators: watch::Sender<()>,
    /// Somebody's browser session may be over: everybody looks at his own.
    sessions: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Rooms {
    by_principal: HashMap<PrincipalId, Room>,
    seats: usize,
    is_followed: bool,
}

#[derive(Debug)]
struct Room {
    seats: usize,
    changes: watch::Sender<()>,
}

/// The place of an open page.
#[derive(Debug)]
pub struct Seat {
    hub: Arc<Hub>,
    principal: PrincipalId,
    changes: watch::Receiver<()>,
    sessions: watch::Receiver<()>,
}

/// What a page is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Something that this person may see has changed.
    Changed,
    /// This person's session may be over.
    LookAtSession,
}

impl Seat {
    /// Waits for the next word. A change waits until `quiet`, and all that come until then are one; a look
    /// at the session waits until `rest`.
    pub async fn word(&mut self, quiet: Instant, rest: Instant) -> Word {
        let Self {
            changes, sessions, ..
        } = self;
        let change = async {
            sleep_until(quiet).await;
            // The hub that holds the other end is held by this seat.
            let _ = changes.changed().await;
        };
        let session = async {
            sleep_until(rest).await;
            let _ = sessions.changed().await;
        };
        tokio::select! {
            () = session => Word::LookAtSession,
            () = change => Word::Changed,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.leave(&self.principal);
    }
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            rooms: Mutex::default(),
            administrators: watch::Sender::new(()),
            sessions: watch::Sender::new(()),
        }
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat, and tells whether the log has to be followed from now on.
    pub(super) fn sit(self: &Arc<Self>, person: &SignedIn) -> Result<(Seat, bool), Error> {
        let mut rooms = self.rooms();
        let taken = rooms.by_principal.get(&person.principal);
        if rooms.seats >= MOST || taken.is_some_and(|room| room.seats >= MOST_EACH) {
            return Err(Error::new(
                ErrorCode::TooManyRequests,
                "too many pages are open at the same time",
            )
            .hint("close some; this page is up to date when you load it again")
            .retry_after(AGAIN));
        }
        rooms.seats += 1;
        let starts = !std::mem::replace(&mut rooms.is_followed, true);
        let principal = person.principal.clone();
        let room = rooms.by_principal.entry(principal.clone());
        let room = room.or_insert_with(|| Room {
            seats: 0,
            changes: watch::Sender::new(()),
        });
        room.seats += 1;
        let changes = match person.role {
            Role::Admin => self.administrators.subscribe(),
            Role::User => room.changes.subscribe(),
        };
        let seat = Seat {
            hub: self.clone(),
            principal,
            changes,
            sessions: self.sessions.subscribe(),
        };
        Ok((seat, starts))
    }

    fn leave(&self, principal: &PrincipalId) {
        let mut rooms = self.rooms();
        rooms.seats -= 1;
        if let Some(room) = rooms.by_principal.get_mut(principal) {
            room.seats -= 1;
            if room.seats == 0 {
                rooms.by_principal.remove(principal);
            }
        }
    }

    /// Whether somebody is there to be told; if not, whoever sits down next has the log followed again.
    pub(super) fn is_wanted(&self) -> bool {
        let mut rooms = self.rooms();
        rooms.is_followed = rooms.seats > 0;
        rooms.is_followed
    }

    /// Nobody follows the log any more, whoever sits.
    pub(super) fn is_left(&self) {
        self.rooms().is_followed = false;
    }

    /// Something happened to these.
    pub(super) fn tell(&self, principals: &HashSet<&PrincipalId>, ends_sessions: bool) {
        self.administrators.send_replace(());
        let rooms = self.rooms();
        for room in principals
            .iter()
            .filter_map(|id| rooms.by_principal.get(*id))
        {
            room.changes.send_replace(());
        }
        drop(rooms);
        if ends_sessions {
            self.sessions.send_replace(());
        }
    }

    /// What happened is not known: everybody looks for himself.
    pub(super) fn tell_everybody(&self) {
        let rooms = self.rooms();
        for room in rooms.by_principal.values() {
            room.changes.send_replace(());
        }
        drop(rooms);
        self.administrators.send_replace(());
        self.sessions.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: usize) -> SignedIn {
        SignedIn {
            principal: format!("p{number}").parse().unwrap(),
            email: None,
            vault: format!("v{number}").parse().unwrap(),
            role: Role::User,
        }
    }

    #[test]
    fn seats_are_counted_for_each_and_for_all() {
        let hub = Arc::new(Hub::new());
        let mut own: Vec<_> = (0..MOST_EACH)
            .map(|_| hub.sit(&person(0)).unwrap())
            .collect();
        assert!(own[0].1 && !own[1].1);
        let refused = hub.sit(&person(0)).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TooManyRequests);
        assert_eq!(refused.come_back_after(), Some(AGAIN));
        own.pop();
        own.push(hub.sit(&person(0)).unwrap());
        let rest = (MOST_EACH..MOST).map(|n| hub.sit(&person(n)).unwrap());
        let rest: Vec<_> = rest.collect();
        assert!(hub.sit(&person(MOST)).is_err());
        assert!(hub.is_wanted());
        drop((own, rest));
        assert!(!hub.is_wanted() && hub.rooms().by_principal.is_empty());
        assert!(hub.sit(&person(0)).unwrap().1);
    }
}
