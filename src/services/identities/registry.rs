//! A pair of handle and DID enters the register: each belongs to one identity, and those nobody has
//! claimed are bounded, for anybody who reaches the daemon can make more.

use crate::model::{AuditEvent, ClaimState, ErrorCode, EventName, Identity, Outcome};
use crate::services::Error;
use crate::store::{IdentityRecord, Tx};
use time::{Duration, OffsetDateTime};

/// Identities that may wait to be claimed at once.
const MOST_UNCLAIMED: i64 = 1_000;
/// Those that go first when there are more: their claim URLs are long over.
const PATIENCE: Duration = Duration::hours(1);

/// The registered pair and whether it is new, or the reason why it cannot be one. Only who signed
/// learns the handle a DID is registered under: it is the signer's own.
pub(super) async fn find_or_create(
    tx: &mut Tx,
    identity: Identity,
    signed: bool,
) -> Result<(IdentityRecord, bool), Error> {
    if let Some(found) = tx.find_identity(&identity.handle).await? {
        if found.identity.did == identity.did {
            return Ok((found, false));
        }
        return Err(taken(format!(
            "the handle `{}` belongs to another key",
            identity.handle
        ))
        .hint("choose another one with `authsome profile create`"));
    }
    if let Some(found) = tx.find_identity_by_did(&identity.did).await? {
        let place = if signed {
            format!(" as `{}`", found.identity.handle)
        } else {
            String::new()
        };
        return Err(taken(format!("this key is registered already{place}")));
    }
    make_room(tx, identity.created_at).await?;
    tx.create_identity(&identity).await?;
    let mut event = AuditEvent::new(EventName::IdentityRegistered)
        .ended(Outcome::Success)
        .with("did", identity.did.as_str())
        .with("signed", signed);
    event.identity = Some(identity.handle.clone());
    tx.audit(event).await?;
    let record = IdentityRecord {
        identity,
        claim: ClaimState::Required,
        principal: None,
    };
    Ok((record, true))
}

fn taken(message: String) -> Error {
    Error::new(ErrorCode::IdentityRegistration, message)
}

/// Lets go of identities that waited long enough when too many wait, and refuses when that is not enough.
async fn make_room(tx: &mut Tx, now: OffsetDateTime) -> Result<(), Error> {
    if tx.count_unclaimed_identities(MOST_UNCLAIMED).await? < MOST_UNCLAIMED {
        return Ok(());
    }
    let gone = tx
        .forget_unclaimed_identities(now, now - PATIENCE, MOST_UNCLAIMED)
        .await?;
    if gone > 0 {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::TooManyRequests,
        "too many identities wait to be claimed",
    )
    .hint("claim or decline those that wait, or try again in an hour")
    .retry_after(PATIENCE.unsigned_abs()))
}
