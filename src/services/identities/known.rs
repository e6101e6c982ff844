//! What is known of an identity when its proof arrives.

use crate::crypto::{VerifyingKey, did};
use crate::model::{Caller, ClaimState, ErrorCode, Handle};
use crate::services::Error;
use crate::store::IdentityRecord;

/// A registered identity with its key made ready and what it may do at present.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) handle: Handle,
    pub(super) key: VerifyingKey,
    standing: Result<Caller, Standing>,
}

/// Why an identity is nobody's agent at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Unclaimed,
    Rejected,
    Revoked,
    OwnerDisabled,
}

impl Known {
    pub(super) fn new(record: IdentityRecord) -> Result<Self, Error> {
        let key = did::decode(&record.identity.did).map_err(Error::internal)?;
        let handle = record.identity.handle.clone();
        let standing = standing(record);
        Ok(Self {
            handle,
            key,
            standing,
        })
    }

    /// The Caller this identity is, or why it is none: a 403 with the next step.
    pub(super) fn caller(&self) -> Result<Caller, Error> {
        let handle = &self.handle;
        let (message, hint) = match &self.standing {
            Ok(caller) => return Ok(caller.clone()),
            Err(Standing::Unclaimed) => (
                format!("identity `{handle}` has not been claimed by anybody yet"),
                "run `authsome init` and open the claim URL it shows",
            ),
            Err(Standing::Rejected) => (
                format!("identity `{handle}` was declined"),
                "run `authsome init` to ask again",
            ),
            Err(Standing::Revoked) => (
                format!("identity `{handle}` was revoked"),
                "create another one with `authsome profile create --use`",
            ),
            Err(Standing::OwnerDisabled) => (
                format!("the account that owns identity `{handle}` is disabled"),
                "ask an administrator",
            ),
        };
        Err(Error::new(ErrorCode::Forbidden, message).hint(hint))
    }

    /// Whether the owner, or an administrator, took a right back that it once had.
    pub(super) const fn was_shut_out(&self) -> bool {
        matches!(
            self.standing,
            Err(Standing::Revoked | Standing::OwnerDisabled)
        )
    }
}

fn standing(record: IdentityRecord) -> Result<Caller, Standing> {
    match (record.claim, record.principal) {
        (ClaimState::Required | ClaimState::Pending { .. }, _) => Err(Standing::Unclaimed),
        (ClaimState::Rejected { .. }, _) => Err(Standing::Rejected),
        (ClaimState::Revoked { .. }, _) | (ClaimState::Accepted { .. }, None) => {
            Err(Standing::Revoked)
        }
        (ClaimState::Accepted { .. }, Some(owner)) if owner.disabled => {
            Err(Standing::OwnerDisabled)
        }
        (ClaimState::Accepted { .. }, Some(owner)) => Ok(Caller {
            handle: record.identity.handle,
            did: record.identity.did,
            principal: owner.id,
            vault: owner.vault,
            role: owner.role,
        }),
    }
}
