//! Registration, status and the end of an identity.

use super::claim_urls::ClaimUrls;
use super::known::Known;
use super::local_secret::LocalSecret;
use super::origin::Origins;
use crate::crypto::did;
use crate::model::{
    AuditEvent, ClaimState, Did, ErrorCode, EventName, Handle, Identity, PrincipalId,
};
use crate::services::setup::Core;
use crate::services::snapshot::Snapshots;
use crate::services::{Actor, Error};
use crate::store::{IdentityRecord, ProofUse, TokenKind};
use futures_util::FutureExt as _;
use moka::sync::Cache;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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

/// Where an identity stands, as far as the asker may know.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityStatus {
    pub handle: Handle,
    pub did: Did,
    pub state: ClaimState,
    /// Only for the holder of the key, and only while one is out.
    pub claim_url: Option<String>,
    pub principal: Option<PrincipalId>,
}

impl IdentityStatus {
    /// Of its key, as the agent's terminal and the claim page show it.
    pub fn fingerprint(&self) -> String {
        did::decode(&self.did).map_or_else(|_| String::new(), |key| did::fingerprint(&key))
    }
}

/// Without the claim link, which is for the holder of the key alone.
impl fmt::Debug for IdentityStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityStatus")
            .field("handle", &self.handle)
            .field("did", &self.did)
            .field("state", &self.state)
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

/// Registers, claims, authenticates and revokes identities.
#[derive(Debug, Clone)]
pub struct Identities {
    pub(super) core: Arc<Core>,
    pub(super) origins: Arc<Origins>,
    pub(super) known: Snapshots<Did, Arc<Known>>,
    pub(super) claim_urls: ClaimUrls,
    /// Local mode only.
    pub(super) local: Option<Arc<LocalSecret>>,
    /// Refusals told to the audit log a moment ago; a caller in a loop must not fill the disk.
    pub(super) told: Cache<(Did, &'static str), ()>,
}

impl Identities {
    pub(in crate::services) async fn start(core: Arc<Core>) -> Result<Self, Error> {
        let local = if core.is_local() {
            super::local_admin::ensure(&core).await?;
            Some(LocalSecret::create(core.config.bind_secret.clone()).await?)
        } else {
            None
        };
        Ok(Self {
            origins: Arc::new(Origins::new(
                &core.config.proof_origins,
                core.config.legacy_proof,
            )),
            known: Snapshots::new(10_000, Duration::from_hours(1)),
            claim_urls: ClaimUrls::new(),
            local: local.map(Arc::new),
            told: Cache::builder()
                .max_capacity(1_000)
                .time_to_live(Duration::from_mins(1))
                .build(),
            core,
        })
    }

    /// Registers the pair. Hosted, the request must be signed by the key of `did`; the same pair
    /// again gives the same answer, a handle or DID of another is `IdentityRegistration`. At home a
    /// registration need not be signed: whoever only knows the pair learns where it stands, no more.
    pub async fn register(
        &self,
        request: &SignedRequest<'_>,
        handle: Handle,
        did: Did,
    ) -> Result<IdentityStatus, Error> {
        let proof = self.registration_proof(request, &handle, &did)?;
        let now = self.core.now();
        let identity = Identity {
            handle,
            did,
            created_at: now,
        };
        let issue = self.claim_urls.prepare(&identity.handle, now);
        let wanted = issue.clone();
        let signer = (identity.did.clone(), identity.handle.clone());
        let registered = self
            .core
            .store
            .write(move |tx| {
                async move {
                    if let Some(proof) = &proof {
                        tx.spend_proof(proof).await?;
                    }
                    let is_signed = proof.is_some();
                    let (mut record, is_new) =
                        super::registry::find_or_create(tx, identity, is_signed).await?;
                    let in_full = is_signed || is_new;
                    // A new URL would make that of the key's holder worthless.
                    let is_out = in_full && wanted.put_out(tx, &mut record).await?;
                    Ok::<_, Error>((record, is_out, in_full))
                }
                .boxed()
            })
            .await;
        let (did, handle) = signer;
        let sign = |event| super::authenticate::of(&handle, event);
        let (record, is_out, in_full) = self.spent(registered, &did, sign).await?;
        if is_out {
            self.claim_urls.remember(&record.identity.handle, issue);
        }
        Ok(self.describe(record, in_full))
    }

    /// The spent-to-be proof of a signed registration; `None` for one that need not be signed.
    fn registration_proof(
        &self,
        request: &SignedRequest<'_>,
        handle: &Handle,
        did: &Did,
    ) -> Result<Option<ProofUse>, Error> {
        let key = did::decode(did).map_err(|wrong| Error::invalid(wrong.to_string()))?;
        match request.proof {
            Some(token) => {
                let proof = self.verify(token, &key, request)?;
                if proof.handle == *handle {
                    Ok(Some(use_of(&proof)))
                } else {
                    Err(super::authenticate::refused(
                        "the proof names another handle than the registration",
                    ))
                }
            }
            None if self.core.is_local() => Ok(None),
            None => Err(super::authenticate::refused(
                "a registration must be signed by the key of its DID",
            )),
        }
    }

    /// Where `handle` stands; `IdentityNotFound` when it is not registered. A request that is not
    /// signed by that identity learns less: at home, too, a claim URL is for the key's holder.
    pub async fn status(
        &self,
        request: &SignedRequest<'_>,
        handle: &Handle,
    ) -> Result<IdentityStatus, Error> {
        let record = self.core.store.read().await?.find_identity(handle).await?;
        let record = record.ok_or_else(|| not_found(handle))?;
        let holder = match request.proof {
            Some(token) => self.is_holder(token, request, &record.identity.did).await?,
            None => false,
        };
        Ok(self.describe(record, holder))
    }

    /// Whether the request is signed by the key of `did`; its proof is spent then.
    async fn is_holder(
        &self,
        token: &str,
        request: &SignedRequest<'_>,
        did: &Did,
    ) -> Result<bool, Error> {
        let unverified = super::authenticate::parse(token)?;
        if unverified.did() != did {
            return Ok(false);
        }
        let key = did::decode(did).map_err(Error::internal)?;
        let proof = self.verify(token, &key, request)?;
        let spent = self.core.store.release(use_of(&proof), Vec::new()).await;
        let sign = |event| super::authenticate::of(&proof.handle, event);
        self.spent(spent.map_err(Error::from), did, sign).await?;
        self.core.noted.seen(&proof.handle, self.core.now());
        Ok(true)
    }

    /// Ends an identity of the actor (of anybody, for an administrator) from the next request on, with
    /// the browsers it opened and the invitations it made.
    pub async fn revoke<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        handle: &Handle,
    ) -> Result<(), Error> {
        let actor = actor.into();
        let (principal, admin) = (actor.principal().clone(), actor.is_admin());
        let mut event = actor.sign(AuditEvent::new(EventName::IdentityRevoked));
        event = event.with("revoked", handle.as_str());
        let handle = handle.clone();
        let write = self.core.store.write(move |tx| {
            async move {
                let record = tx.find_identity(&handle).await?;
                let allowed = record.is_some_and(|record| {
                    admin || matches!(record.claim, ClaimState::Accepted { principal: owner, .. } if owner == principal)
                });
                if !allowed {
                    return Err(not_found(&handle));
                }
                if !tx.revoke_claim(&handle).await? && !tx.delete_unclaimed_identity(&handle).await? {
                    return Err(not_found(&handle));
                }
                tx.delete_browser_sessions_by(&handle).await?;
                tx.delete_tokens_by_identity(TokenKind::Invitation, &handle)
                    .await?;
                tx.audit(event).await?;
                Ok(())
            }
            .boxed()
        });
        write.await
    }

    /// The identities of the actor's Principal.
    pub async fn list<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
    ) -> Result<Vec<IdentityStatus>, Error> {
        let principal = actor.into().principal();
        let mut reader = self.core.store.read().await?;
        let records = reader.list_identities_of(principal).await?;
        Ok(records
            .into_iter()
            .map(|record| self.describe(record, true))
            .collect())
    }

    /// What the asker may know; a claim URL whose time is over is none.
    pub(super) fn describe(&self, record: IdentityRecord, in_full: bool) -> IdentityStatus {
        let handle = record.identity.handle;
        let state = match record.claim {
            ClaimState::Pending { expires_at } if expires_at <= self.core.now() => {
                ClaimState::Required
            }
            other => other,
        };
        let token = match &state {
            ClaimState::Pending { expires_at } if in_full => {
                self.claim_urls.remembered(&handle, *expires_at)
            }
            _ => None,
        };
        let principal = match &state {
            ClaimState::Accepted { principal, .. } if in_full => Some(principal.clone()),
            _ => None,
        };
        IdentityStatus {
            claim_url: token.map(|token| self.core.url(&format!("/claim/{}", token.reveal()))),
            did: record.identity.did,
            handle,
            state,
            principal,
        }
    }
}

pub(super) fn use_of(proof: &crate::crypto::proof::Proof) -> ProofUse {
    ProofUse::new(&proof.did, &proof.jti, proof.forget_after)
}

pub(super) fn not_found(handle: &Handle) -> Error {
    Error::new(
        ErrorCode::IdentityNotFound,
        format!("no identity `{handle}` here"),
    )
    .hint("register it with `authsome init`")
}
