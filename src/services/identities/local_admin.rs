//! The administrator of a laptop's home, and how an identity becomes theirs without a browser.

use super::authenticate::{of, refused};
use super::claim::taken;
use super::service::{Identities, IdentityStatus, SignedRequest, not_found, use_of};
use crate::crypto::{did, random};
use crate::model::{
    AuditEvent, ClaimState, Did, ErrorCode, EventName, Handle, Principal, PrincipalId, Role,
};
use crate::secret::Token;
use crate::services::Error;
use crate::services::setup::Core;
use crate::store::{self, IdentityRecord, PrincipalRecord, ProofUse, TokenKind, Tx};
use futures_util::FutureExt as _;
use std::sync::Arc;

impl Identities {
    /// `POST /identities/{handle}/bind-local`: binds the signing identity to the home's own
    /// administrator, given the secret of `server/bind.secret` (its text without the newline).
    ///
    /// The secret works once; `Unauthenticated` with "read it again" when another client was faster.
    pub async fn bind_local(
        &self,
        request: &SignedRequest<'_>,
        handle: &Handle,
        secret: &Token,
    ) -> Result<IdentityStatus, Error> {
        let Some(local) = &self.local else {
            return Err(Error::forbidden(
                "this daemon serves a team: identities are claimed by signed-in people",
            )
            .hint("open the claim URL that `authsome init` shows"));
        };
        let (did, proof) = self.holder_proof(request, handle).await?;
        local.redeem(secret).await?;
        let bound = handle.clone();
        let bound = self
            .core
            .store
            .write(move |tx| async move { bind(tx, &proof, &bound).await }.boxed())
            .await;
        let record = self.spent(bound, &did, |event| of(handle, event)).await?;
        self.core.noted.seen(handle, self.core.now());
        Ok(self.describe(record, true))
    }

    async fn holder_proof(
        &self,
        request: &SignedRequest<'_>,
        handle: &Handle,
    ) -> Result<(Did, ProofUse), Error> {
        let token = request
            .proof
            .ok_or_else(|| refused("this must be signed by the identity's own key"))?;
        let record = self.core.store.read().await?.find_identity(handle).await?;
        let record = record.ok_or_else(|| not_found(handle))?;
        let key = did::decode(&record.identity.did).map_err(Error::internal)?;
        let proof = self.verify(token, &key, request)?;
        if proof.handle == *handle {
            Ok((record.identity.did, use_of(&proof)))
        } else {
            Err(refused("the proof names another handle"))
        }
    }
}

async fn bind(tx: &mut Tx, proof: &ProofUse, handle: &Handle) -> Result<IdentityRecord, Error> {
    tx.spend_proof(proof).await?;
    let admin = tx.find_local_principal().await?;
    let admin = admin.ok_or_else(no_admin)?.principal.id;
    let record = find(tx, handle).await?;
    match &record.claim {
        ClaimState::Accepted { principal, .. } if *principal == admin => return Ok(record),
        ClaimState::Accepted { .. } => return Err(taken(handle)),
        ClaimState::Revoked { .. } => {
            return Err(Error::forbidden(format!("identity `{handle}` was revoked"))
                .hint("create another one with `authsome profile create --use`"));
        }
        ClaimState::Rejected { .. } => {
            let now = tx.now();
            tx.set_claim_pending(handle, now).await?;
        }
        ClaimState::Required | ClaimState::Pending { .. } => {}
    }
    tx.delete_tokens(TokenKind::Claim, handle.as_str()).await?;
    if !tx.accept_claim(handle, &admin).await? {
        return Err(taken(handle));
    }
    tx.audit(accepted(handle, admin)).await?;
    find(tx, handle).await
}

async fn find(tx: &mut Tx, handle: &Handle) -> Result<IdentityRecord, Error> {
    let found = tx.find_identity(handle).await?;
    found.ok_or_else(|| not_found(handle))
}

fn accepted(handle: &Handle, admin: PrincipalId) -> AuditEvent {
    let mut event = AuditEvent::new(EventName::ClaimAccepted).with("by", "local secret");
    event.identity = Some(handle.clone());
    event.principal = Some(admin);
    event
}

fn no_admin() -> Error {
    Error::new(
        ErrorCode::StoreUnavailable,
        "the home has lost its local administrator",
    )
    .hint("restart the daemon with `authsome daemon restart`")
}

/// Makes sure that the home has its administrator, with a Vault.
pub(super) async fn ensure(core: &Arc<Core>) -> Result<(), Error> {
    let found = core.store.read().await?.find_local_principal().await?;
    if found.is_some() {
        return Ok(());
    }
    let vaults = core.vaults.clone();
    let now = core.now();
    let record = PrincipalRecord {
        principal: Principal {
            id: random::id("principal").parse()?,
            email: None,
            role: Role::Admin,
            vault: random::id("vault").parse()?,
            disabled: false,
            created_at: now,
        },
        password_hash: None,
        is_local: true,
    };
    let made = core
        .store
        .write(move |tx| {
            async move {
                let mut event = AuditEvent::new(EventName::AccountCreated).with("local", true);
                event.principal = Some(record.principal.id.clone());
                tx.create_principal(&record).await?;
                vaults.create_vault(tx, &record.principal.vault).await?;
                tx.audit(event).await?;
                Ok::<_, Error>(())
            }
            .boxed()
        })
        .await;
    match made {
        // Another daemon on the same database was faster.
        Err(error) if is_taken(&error) => Ok(()),
        other => other,
    }
}

fn is_taken(error: &Error) -> bool {
    std::error::Error::source(error)
        .and_then(|cause| cause.downcast_ref::<store::Error>())
        .is_some_and(|cause| matches!(cause, store::Error::UniqueViolation { .. }))
}
