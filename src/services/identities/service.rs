//! Identities: registered by the holder of the key, claimed by a person, proved with every request.
#![expect(
    clippy::unused_async,
    unused_variables,
    reason = "the signatures land first; the bodies follow"
)]

use crate::model::{Caller, ClaimState, Did, ErrorCode, Handle, PrincipalId, SignedIn};
use crate::secret::Token;
use crate::services::{Actor, Error};
use time::OffsetDateTime;

/// The parts of a request that a proof binds, as the server saw them.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The JWT after `PoP `, where the request has one.
    pub proof: Option<&'a str>,
    /// Upper case.
    pub method: &'a str,
    /// As on the request line.
    pub path_and_query: &'a str,
    /// SHA-256 of the raw body, of nothing when there is none.
    pub body_sha256: [u8; 32],
}

/// A verified Caller whose proof has not been spent yet; only a use case that spends it in its own
/// commit takes this, everything else takes the [`Caller`] of [`Identities::spend`].
#[derive(Debug)]
pub struct Unspent {
    caller: Caller,
}

impl Unspent {
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// Where an identity stands, as far as the asker may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityStatus {
    pub handle: Handle,
    pub did: Did,
    pub state: ClaimState,
    /// Only for the holder of the key (or, in local mode, anybody), and only while one is out.
    pub claim_url: Option<String>,
    pub principal: Option<PrincipalId>,
}

/// What a person sees before claiming an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPage {
    pub handle: Handle,
    pub did: Did,
    /// To compare with what the agent's terminal shows.
    pub fingerprint: String,
    pub expires_at: OffsetDateTime,
}

/// Registers, claims, authenticates and revokes identities.
#[derive(Debug, Clone)]
pub struct Identities {}

impl Identities {
    /// Registers the pair. Hosted, the request must be signed by the key of `did`; the same pair
    /// again gives the same answer, a handle or DID of another is `IdentityRegistration`.
    pub async fn register(
        &self,
        request: &SignedRequest<'_>,
        handle: Handle,
        did: Did,
    ) -> Result<IdentityStatus, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Where `handle` stands; `IdentityNotFound` when it is not registered. A request that is not
    /// signed by that identity learns less when hosted.
    pub async fn status(
        &self,
        request: &SignedRequest<'_>,
        handle: &Handle,
    ) -> Result<IdentityStatus, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// `POST /identities/bind-local`: binds the signing identity to the home's own administrator,
    /// given the secret of `server/bind.secret` (its text without the newline). The secret works
    /// once; `Unauthenticated` with "read it again" when another client was faster.
    pub async fn bind_local(
        &self,
        request: &SignedRequest<'_>,
        handle: &Handle,
        secret: &Token,
    ) -> Result<IdentityStatus, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Before the body is read: whether the proof parses and names an identity we know. Cheap, and
    /// writes nothing.
    pub async fn recognize(&self, proof: &str) -> Result<(), Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Verifies the proof of a request and finds who is calling. The proof is not spent yet.
    pub async fn authenticate(&self, request: &SignedRequest<'_>) -> Result<Unspent, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Spends the proof, durably; a second time is `Unauthenticated`.
    pub async fn spend(&self, unspent: Unspent) -> Result<Caller, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// The page behind a claim URL; `Gone` when it was used, replaced or is too old.
    pub async fn claim_page(&self, person: &SignedIn, token: &Token) -> Result<ClaimPage, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// The person takes the identity; a second claimant is `Conflict`.
    pub async fn accept(&self, person: &SignedIn, token: &Token) -> Result<Handle, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// The person declines; the URL is used up.
    pub async fn reject(&self, person: &SignedIn, token: &Token) -> Result<Handle, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Ends an identity of the actor (of anybody, for an administrator) from the next request on.
    pub async fn revoke<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        handle: &Handle,
    ) -> Result<(), Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// The identities of the actor's Principal.
    pub async fn list<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
    ) -> Result<Vec<IdentityStatus>, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }
}
