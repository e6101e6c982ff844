//! Who acts: an agent with a proof, or a person signed in with a browser.

use super::error::Error;
use crate::model::{AuditEvent, Caller, Handle, PrincipalId, Role, SignedIn, VaultId};

/// Either of the two ways to be authenticated; a use case open to both takes `impl Into<Actor>`.
#[derive(Debug, Clone, Copy)]
pub enum Actor<'a> {
    Agent(&'a Caller),
    Person(&'a SignedIn),
}

impl<'a> Actor<'a> {
    pub fn principal(&self) -> &'a PrincipalId {
        match self {
            Self::Agent(caller) => &caller.principal,
            Self::Person(person) => &person.principal,
        }
    }

    pub fn vault(&self) -> &'a VaultId {
        match self {
            Self::Agent(caller) => &caller.vault,
            Self::Person(person) => &person.vault,
        }
    }

    pub fn handle(&self) -> Option<&'a Handle> {
        match self {
            Self::Agent(caller) => Some(&caller.handle),
            Self::Person(_) => None,
        }
    }

    pub fn is_admin(&self) -> bool {
        let role = match self {
            Self::Agent(caller) => caller.role,
            Self::Person(person) => person.role,
        };
        matches!(role, Role::Admin)
    }

    /// Refuses everybody but an administrator.
    pub fn require_admin(&self, what: &str) -> Result<(), Error> {
        if self.is_admin() {
            return Ok(());
        }
        Err(Error::forbidden(format!(
            "only an administrator may {what}"
        )))
    }

    /// Names the actor in an event.
    pub fn sign(&self, event: AuditEvent) -> AuditEvent {
        match self {
            Self::Agent(caller) => event.by(caller),
            Self::Person(person) => event.by_person(person),
        }
    }
}

impl<'a> From<&'a Caller> for Actor<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self::Agent(caller)
    }
}

impl<'a> From<&'a SignedIn> for Actor<'a> {
    fn from(person: &'a SignedIn) -> Self {
        Self::Person(person)
    }
}
