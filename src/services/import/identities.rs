//! Identities and who owns them.

use super::plan::Draft;
use super::report::Outcome;
use super::service::Import;
use crate::legacy::{Kind, OldClaim, OldIdentity};
use crate::model::{ClaimState, Identity, IdentityClaim};
use crate::services::Error;
use crate::store::Reading;
use time::OffsetDateTime;

impl Import {
    pub(super) async fn identities(
        &self,
        reader: &mut Reading,
        draft: &mut Draft<'_>,
    ) -> Result<(), Error> {
        for one in &draft.old.identities {
            let by_handle = reader.find_identity(&one.handle).await?;
            let by_key = reader.find_identity_by_did(&one.did).await?;
            let here = match (by_handle, by_key) {
                (Some(here), _) if here.identity.did == one.did => {
                    draft.report.add(Kind::Identities, Outcome::Unchanged);
                    Some(here.claim)
                }
                (Some(_), _) => {
                    let reason = "another key has this handle here, and keeps it";
                    draft
                        .report
                        .tell(Kind::Identities, &one.handle, Outcome::Differs, reason);
                    continue;
                }
                (None, Some(other)) => {
                    let reason = format!(
                        "its key is registered here as `{}`, and stays so",
                        other.identity.handle
                    );
                    draft
                        .report
                        .tell(Kind::Identities, &one.handle, Outcome::Differs, reason);
                    continue;
                }
                (None, None) => {
                    draft.plan.identities.push(Identity {
                        handle: one.handle.clone(),
                        did: one.did.clone(),
                        created_at: self.registered_at(one, draft),
                    });
                    draft.report.add(Kind::Identities, Outcome::Imported);
                    None
                }
            };
            self.claim(one, here, draft);
        }
        Ok(())
    }

    /// When it was made there, if somebody owns or owned it. One that nobody does has its day to be
    /// claimed from now on: by its old age it would be forgotten at the next start.
    fn registered_at(&self, one: &OldIdentity, draft: &Draft<'_>) -> OffsetDateTime {
        let has_owner = match &one.claim {
            OldClaim::Open | OldClaim::Rejected { .. } => false,
            OldClaim::Revoked { .. } => true,
            OldClaim::Accepted { principal, .. } => draft.heirs.contains_key(principal),
        };
        match one.created_at {
            Some(at) if has_owner => at,
            _ => self.now,
        }
    }

    /// The claim of an identity that is or will be here, in the state `here`.
    fn claim(&self, one: &OldIdentity, here: Option<ClaimState>, draft: &mut Draft<'_>) {
        let Some(state) = self.claim_state(one, draft) else {
            return;
        };
        let claim = IdentityClaim {
            handle: one.handle.clone(),
            state,
        };
        match here {
            None | Some(ClaimState::Required) => {
                draft.plan.claims.push(claim);
                draft.report.add(Kind::Claims, Outcome::Imported);
            }
            Some(here) if same(&here, &claim.state) => {
                draft.report.add(Kind::Claims, Outcome::Unchanged);
            }
            Some(_) if draft.force => {
                draft.plan.claims.push(claim);
                draft.report.add(Kind::Claims, Outcome::Replaced);
            }
            Some(_) => {
                let reason = "somebody else owns this identity here, or it was rejected or revoked; `--force` takes the old state";
                draft
                    .report
                    .tell(Kind::Claims, &one.handle, Outcome::Differs, reason);
            }
        }
    }

    /// `None` where there is nothing to take over.
    fn claim_state(&self, one: &OldIdentity, draft: &mut Draft<'_>) -> Option<ClaimState> {
        match &one.claim {
            OldClaim::Open => None,
            OldClaim::Rejected { at } => Some(ClaimState::Rejected {
                at: at.unwrap_or(self.now),
            }),
            OldClaim::Revoked { at } => Some(ClaimState::Revoked {
                at: at.unwrap_or(self.now),
            }),
            OldClaim::Accepted { principal, at } => {
                let Some(heir) = draft.heirs.get(principal) else {
                    let reason =
                        "the account that owned it is not here; it has to be claimed again";
                    draft
                        .report
                        .tell(Kind::Claims, &one.handle, Outcome::Skipped, reason);
                    return None;
                };
                Some(ClaimState::Accepted {
                    principal: heir.principal.clone(),
                    at: at.unwrap_or(self.now),
                })
            }
        }
    }
}

/// When it was decided does not matter.
fn same(one: &ClaimState, other: &ClaimState) -> bool {
    match (one, other) {
        (ClaimState::Accepted { principal: a, .. }, ClaimState::Accepted { principal: b, .. }) => {
            a == b
        }
        (ClaimState::Rejected { .. }, ClaimState::Rejected { .. })
        | (ClaimState::Revoked { .. }, ClaimState::Revoked { .. }) => true,
        _ => false,
    }
}
