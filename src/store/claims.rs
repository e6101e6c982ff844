//! Claims: every step is one conditional UPDATE, so that of two claimants one is told no.

use super::Error;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Columns, args};
use crate::model::{ClaimState, Handle, IdentityClaim, PrincipalId};
use time::OffsetDateTime;

/// Reads `state, principal_id, expires_at, decided_at`.
pub(super) fn read_state(c: &mut Columns<'_>) -> Result<ClaimState, Error> {
    let state = c.text()?;
    let principal: Option<PrincipalId> = c.opt_name()?;
    let expires_at = c.opt_time()?;
    let decided_at = c.opt_time()?;
    match (state.as_str(), principal, expires_at, decided_at) {
        ("required", ..) => Ok(ClaimState::Required),
        ("pending", _, Some(expires_at), _) => Ok(ClaimState::Pending { expires_at }),
        ("accepted", Some(principal), _, Some(at)) => Ok(ClaimState::Accepted { principal, at }),
        ("rejected", _, _, Some(at)) => Ok(ClaimState::Rejected { at }),
        ("revoked", _, _, Some(at)) => Ok(ClaimState::Revoked { at }),
        _ => Err(c.bad()),
    }
}

impl Reader {
    pub async fn find_claim(&mut self, handle: &Handle) -> Result<Option<ClaimState>, Error> {
        let row = self
            .one(
                "SELECT state, principal_id, expires_at, decided_at FROM claims WHERE handle = $1",
                args![handle.as_str()],
            )
            .await?;
        row.map(|row| read_state(&mut row.columns("claim")))
            .transpose()
    }
}

impl Tx {
    /// A claim URL is out. Not for an Identity that somebody owns, nor for a revoked one.
    pub async fn set_claim_pending(
        &mut self,
        handle: &Handle,
        expires_at: OffsetDateTime,
    ) -> Result<bool, Error> {
        let changed = self
            .run(
                "UPDATE claims SET state = 'pending', principal_id = NULL, expires_at = $2, decided_at = NULL \
                 WHERE handle = $1 AND state IN ('required', 'pending', 'rejected')",
                args![handle.as_str(), expires_at],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Puts a claim into the state it had elsewhere, whatever it was here.
    pub async fn put_claim(&mut self, claim: &IdentityClaim) -> Result<bool, Error> {
        let (state, principal, expires_at, decided_at) = match &claim.state {
            ClaimState::Required => ("required", None, None, None),
            ClaimState::Pending { expires_at } => ("pending", None, Some(*expires_at), None),
            ClaimState::Accepted { principal, at } => {
                ("accepted", Some(principal.as_str()), None, Some(*at))
            }
            ClaimState::Rejected { at } => ("rejected", None, None, Some(*at)),
            ClaimState::Revoked { at } => ("revoked", None, None, Some(*at)),
        };
        let changed = self
            .run(
                "UPDATE claims SET state = $2, principal_id = $3, expires_at = $4, decided_at = $5 \
                 WHERE handle = $1",
                args![
                    claim.handle.as_str(),
                    state,
                    principal,
                    expires_at,
                    decided_at
                ],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Binds the Identity to the Principal; false when it is owned, rejected or revoked already.
    pub async fn accept_claim(
        &mut self,
        handle: &Handle,
        principal: &PrincipalId,
    ) -> Result<bool, Error> {
        let now = self.now();
        let changed = self
            .run(
                "UPDATE claims SET state = 'accepted', principal_id = $2, expires_at = NULL, decided_at = $3 \
                 WHERE handle = $1 AND state IN ('required', 'pending')",
                args![handle.as_str(), principal.as_str(), now],
            )
            .await?;
        Ok(changed > 0)
    }

    pub async fn reject_claim(&mut self, handle: &Handle) -> Result<bool, Error> {
        let now = self.now();
        let changed = self
            .run(
                "UPDATE claims SET state = 'rejected', expires_at = NULL, decided_at = $2 \
                 WHERE handle = $1 AND state IN ('required', 'pending')",
                args![handle.as_str(), now],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Ends an accepted claim. The Principal stays on record; the Identity is no Caller any more.
    pub async fn revoke_claim(&mut self, handle: &Handle) -> Result<bool, Error> {
        let now = self.now();
        let changed = self
            .run(
                "UPDATE claims SET state = 'revoked', expires_at = NULL, decided_at = $2 \
                 WHERE handle = $1 AND state = 'accepted'",
                args![handle.as_str(), now],
            )
            .await?;
        Ok(changed > 0)
    }
}
