//! The claim page: a signed-in person sees whose key it is, and takes or declines it.

use super::service::Identities;
use crate::crypto::{did, random};
use crate::model::{AuditEvent, ClaimState, Did, ErrorCode, EventName, Handle, Outcome, SignedIn};
use crate::secret::Token;
use crate::services::Error;
use crate::store::{IdentityRecord, OneTimeToken, Spent, TokenKind, Tx};
use futures_util::FutureExt as _;
use time::OffsetDateTime;

/// What a person sees before claiming an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPage {
    pub handle: Handle,
    pub did: Did,
    /// To compare with what the agent's terminal shows.
    pub fingerprint: String,
    pub registered_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// How many connections of the person it would reach.
    pub connections: usize,
}

impl Identities {
    /// The page behind a claim URL; `Gone` when it was replaced, declined or is too old, `Conflict`
    /// when somebody else took the identity.
    pub async fn claim_page(&self, person: &SignedIn, token: &Token) -> Result<ClaimPage, Error> {
        let hash = random::hash_token(token.reveal());
        let mut reader = self.core.store.read().await?;
        let found = reader.find_token(TokenKind::Claim, &hash).await?;
        let found = found.ok_or_else(gone)?;
        let handle = subject(&found)?;
        let record = reader.find_identity(&handle).await?.ok_or_else(gone)?;
        if found.used_at.is_some() {
            return Err(over(&record, person));
        }
        if found.expires_at <= self.core.now() {
            return Err(gone());
        }
        let key = did::decode(&record.identity.did).map_err(Error::internal)?;
        let connections = reader.list_connections(&person.vault).await?;
        Ok(ClaimPage {
            handle,
            did: record.identity.did,
            fingerprint: did::fingerprint(&key),
            registered_at: record.identity.created_at,
            expires_at: found.expires_at,
            connections: connections.len(),
        })
    }

    /// The person takes the identity; a second claimant is `Conflict`.
    pub async fn accept(&self, person: &SignedIn, token: &Token) -> Result<Handle, Error> {
        let hash = random::hash_token(token.reveal());
        let person = person.clone();
        let write = self.core.store.write(move |tx| {
            async move {
                let handle = match spend(tx, &hash, &person).await? {
                    Turn::Mine(handle) => handle,
                    Turn::DoneBefore(handle) => return Ok(handle),
                };
                if !tx.accept_claim(&handle, &person.principal).await? {
                    return Err(taken(&handle));
                }
                tx.audit(event(EventName::ClaimAccepted, &person, &handle))
                    .await?;
                Ok(handle)
            }
            .boxed()
        });
        write.await
    }

    /// The person declines; the URL is used up.
    pub async fn reject(&self, person: &SignedIn, token: &Token) -> Result<Handle, Error> {
        let hash = random::hash_token(token.reveal());
        let person = person.clone();
        let write = self.core.store.write(move |tx| {
            async move {
                let handle = match spend(tx, &hash, &person).await? {
                    Turn::Mine(handle) => handle,
                    Turn::DoneBefore(handle) => return Err(taken(&handle)),
                };
                if !tx.reject_claim(&handle).await? {
                    return Err(taken(&handle));
                }
                let declined = event(EventName::ClaimRejected, &person, &handle);
                tx.audit(declined.ended(Outcome::Refused)).await?;
                Ok(handle)
            }
            .boxed()
        });
        write.await
    }
}

/// What a claim URL still allows.
enum Turn {
    Mine(Handle),
    /// The same person accepted it before: a form sent twice.
    DoneBefore(Handle),
}

async fn spend(tx: &mut Tx, hash: &[u8; 32], person: &SignedIn) -> Result<Turn, Error> {
    match tx.spend_token(TokenKind::Claim, hash).await? {
        Spent::Now(token) => subject(&token).map(Turn::Mine),
        Spent::Expired(_) | Spent::Unknown => Err(gone()),
        Spent::Before(token) => {
            let handle = subject(&token)?;
            let record = tx.find_identity(&handle).await?.ok_or_else(gone)?;
            if is_owner(&record, person) {
                Ok(Turn::DoneBefore(handle))
            } else {
                Err(over(&record, person))
            }
        }
    }
}

fn is_owner(record: &IdentityRecord, person: &SignedIn) -> bool {
    matches!(&record.claim, ClaimState::Accepted { principal, .. } if *principal == person.principal)
}

/// Why a used URL does nothing any more.
fn over(record: &IdentityRecord, person: &SignedIn) -> Error {
    match &record.claim {
        ClaimState::Accepted { .. } if is_owner(record, person) => Error::new(
            ErrorCode::Gone,
            format!("identity `{}` is yours already", record.identity.handle),
        ),
        ClaimState::Accepted { .. } => taken(&record.identity.handle),
        ClaimState::Required
        | ClaimState::Pending { .. }
        | ClaimState::Rejected { .. }
        | ClaimState::Revoked { .. } => gone(),
    }
}

fn subject(token: &OneTimeToken) -> Result<Handle, Error> {
    let text = token.subject.as_deref().unwrap_or_default();
    text.parse().map_err(Error::internal)
}

fn gone() -> Error {
    Error::new(
        ErrorCode::Gone,
        "this claim link was used, replaced, or is older than 10 minutes",
    )
    .hint("ask the agent for a new one: `authsome init`")
}

pub(super) fn taken(handle: &Handle) -> Error {
    Error::new(
        ErrorCode::Conflict,
        format!("identity `{handle}` was claimed by somebody else"),
    )
}

fn event(name: EventName, person: &SignedIn, handle: &Handle) -> AuditEvent {
    let mut event = AuditEvent::new(name).by_person(person);
    event.identity = Some(handle.clone());
    event
}
