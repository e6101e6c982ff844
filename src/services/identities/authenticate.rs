//! From a proof to a Caller: identity first, then times and signature, then the URL, then the claim.
//!
//! Nothing is written for a proof of an identity we do not know, and no signature is checked for
//! it: a flood of made-up keys costs a lookup each and leaves nothing behind.

use super::known::Known;
use super::service::{Identities, SignedRequest, use_of};
use crate::crypto::VerifyingKey;
use crate::crypto::proof::{self, Expected, Proof, UnverifiedProof};
use crate::model::{AuditEvent, Caller, Did, ErrorCode, EventName, Handle, Outcome};
use crate::services::Error;
use crate::store::{self, ProofUse};
use std::sync::Arc;

/// A verified Caller whose proof has not been spent yet.
///
/// Only a use case that spends it in its own commit takes this; everything else takes the [`Caller`]
/// of [`Identities::spend`].
#[derive(Debug)]
pub struct Unspent {
    caller: Caller,
    proof: ProofUse,
}

impl Unspent {
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(in crate::services) fn into_parts(self) -> (Caller, ProofUse) {
        (self.caller, self.proof)
    }
}

/// A proof that parses and names an identity we know. Whether that signed it is yet to be seen.
#[derive(Debug)]
pub struct Recognized<'a>(UnverifiedProof<'a>);

impl Identities {
    /// Before the body is read: whether the proof parses and names an identity we know. Cheap, and
    /// writes nothing.
    pub async fn recognize<'a>(&self, proof: &'a str) -> Result<Recognized<'a>, Error> {
        let unverified = parse(proof)?;
        self.find_known(&unverified).await?;
        Ok(Recognized(unverified))
    }

    /// The same where a body is to come that is large enough to be in the way: also whether the key signed
    /// it. What it says of the body is checked when that is there.
    pub async fn vouch<'a>(&self, proof: &'a str, method: &str) -> Result<Recognized<'a>, Error> {
        let unverified = parse(proof)?;
        let known = self.find_known(&unverified).await?;
        unverified
            .verify_before_body(&known.key, method, self.core.now())
            .map_err(|wrong| refused(wrong.to_string()))?;
        Ok(Recognized(unverified))
    }

    /// Verifies the proof of a request and finds who is calling. The proof is not spent yet.
    pub async fn authenticate(&self, request: &SignedRequest<'_>) -> Result<Unspent, Error> {
        let token = request
            .proof
            .ok_or_else(|| refused("this needs a proof: `Authorization: PoP <jwt>`"))?;
        self.admit(Recognized(parse(token)?), request).await
    }

    /// [`Self::authenticate`] of a proof that was recognized before the body came. Its identity is looked
    /// up again: it may have been revoked while that was on its way.
    pub async fn admit(
        &self,
        Recognized(unverified): Recognized<'_>,
        request: &SignedRequest<'_>,
    ) -> Result<Unspent, Error> {
        let known = self.find_known(&unverified).await?;
        let proof = self.verify_parsed(unverified, &known.key, request)?;
        let caller = match known.caller() {
            Ok(caller) => caller,
            Err(refusal) => {
                if known.was_shut_out() {
                    self.tell_shut_out(&proof.did, &known).await;
                }
                return Err(refusal);
            }
        };
        Ok(Unspent {
            caller,
            proof: use_of(&proof),
        })
    }

    /// Spends the proof, durably; a second time is `Unauthenticated`.
    pub async fn spend(&self, unspent: Unspent) -> Result<Caller, Error> {
        let Unspent { caller, proof } = unspent;
        let spent = self.core.store.release(proof, Vec::new()).await;
        let spent = spent.map_err(Error::from);
        self.spent(spent, &caller.did, |event| event.by(&caller))
            .await?;
        self.core.noted.seen(&caller.handle, self.core.now());
        Ok(caller)
    }

    /// Hands the result of spending a proof of `did` on; a replay is told to the audit log, under
    /// the name that `sign` gives. Whatever spends a proof, in whichever commit, ends with this.
    pub(in crate::services) async fn spent<T>(
        &self,
        result: Result<T, Error>,
        did: &Did,
        sign: impl FnOnce(AuditEvent) -> AuditEvent,
    ) -> Result<T, Error> {
        if result.as_ref().is_err_and(is_replay) {
            let event = sign(AuditEvent::new(EventName::ProofRefused));
            self.tell(did, "replayed", event).await;
        }
        result
    }

    async fn find_known(&self, proof: &UnverifiedProof<'_>) -> Result<Arc<Known>, Error> {
        let did = proof.did();
        let store = &self.core.store;
        let load = || async {
            let record = store.read().await?.find_identity_by_did(did).await?;
            let record = record.ok_or_else(|| {
                refused("this daemon does not know the identity that signed the proof").hint(
                    "register it with `authsome init`; `authsome whoami` shows the daemon in use",
                )
            })?;
            Known::new(record).map(Arc::new)
        };
        let known = self
            .known
            .get(did.clone(), store.generation(), load)
            .await?;
        if known.handle == *proof.handle() {
            Ok(known)
        } else {
            Err(refused("the proof names another handle than its key has"))
        }
    }

    /// Checks a proof against the request and the key that must have signed it.
    pub(super) fn verify(
        &self,
        token: &str,
        key: &VerifyingKey,
        request: &SignedRequest<'_>,
    ) -> Result<Proof, Error> {
        self.verify_parsed(parse(token)?, key, request)
    }

    fn verify_parsed(
        &self,
        unverified: UnverifiedProof<'_>,
        key: &VerifyingKey,
        request: &SignedRequest<'_>,
    ) -> Result<Proof, Error> {
        let expected = Expected {
            method: request.method,
            body_sha256: &request.body_sha256,
            now: self.core.now(),
        };
        let proof = unverified
            .verify(key, &expected)
            .map_err(|wrong| refused(wrong.to_string()))?;
        self.origins
            .accept(&proof.htu, request.path_and_query)
            .map_err(refused)?;
        Ok(proof)
    }

    async fn tell_shut_out(&self, did: &Did, known: &Known) {
        let event = of(&known.handle, AuditEvent::new(EventName::ProofRefused));
        self.tell(did, "shut out", event).await;
    }

    /// Writes a refusal down, at most one of its kind a minute. The refusal stands either way.
    async fn tell(&self, did: &Did, reason: &'static str, event: AuditEvent) {
        let key = (did.clone(), reason);
        if self.told.contains_key(&key) {
            return;
        }
        self.told.insert(key, ());
        let event = event.ended(Outcome::Refused).with("reason", reason);
        if let Err(cause) = self.core.store.audit(vec![event]).await {
            tracing::warn!(error.cause = %cause, "a refused proof was not audited");
        }
    }
}

fn is_replay(error: &Error) -> bool {
    std::error::Error::source(error)
        .and_then(|cause| cause.downcast_ref::<store::Error>())
        .is_some_and(|cause| matches!(cause, store::Error::Replayed))
}

/// Names the identity in an event about one that is nobody's Caller, or not yet.
pub(super) fn of(handle: &Handle, mut event: AuditEvent) -> AuditEvent {
    event.identity = Some(handle.clone());
    event
}

pub(super) fn parse(token: &str) -> Result<UnverifiedProof<'_>, Error> {
    proof::parse(token).map_err(|wrong| refused(wrong.to_string()))
}

/// A proof that does not do: 401, and what would.
pub(super) fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::Unauthenticated, message)
}
