//! Identities: handle and DID, each taken once, and everything a proof's signer is checked against.

use super::Error;
use super::claims::read_state;
use super::principals;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Columns, Row, args};
use crate::model::{ClaimState, Did, Handle, Identity, Principal, PrincipalId};
use time::OffsetDateTime;

/// An Identity, where its Claim stands, and the Principal of an accepted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRecord {
    pub identity: Identity,
    pub claim: ClaimState,
    /// Set exactly when the claim is accepted.
    pub principal: Option<Principal>,
}

fn select(condition: &str) -> String {
    format!(
        "SELECT i.handle, i.did, i.created_at, c.state, c.principal_id, c.expires_at, c.decided_at, {} \
         FROM identities i JOIN claims c ON c.handle = i.handle \
         LEFT JOIN principals p ON p.id = c.principal_id AND c.state = 'accepted' \
         WHERE {condition}",
        principals::COLUMNS
    )
}

fn read_identity(c: &mut Columns<'_>) -> Result<Identity, Error> {
    Ok(Identity {
        handle: c.name()?,
        did: c.name()?,
        created_at: c.time()?,
    })
}

fn read_record(row: &Row) -> Result<IdentityRecord, Error> {
    let mut c = row.columns("identity");
    let identity = read_identity(&mut c)?;
    let claim = read_state(&mut c)?;
    let principal = match &claim {
        ClaimState::Accepted { .. } => Some(principals::read_principal(&mut c)?),
        _ => None,
    };
    Ok(IdentityRecord {
        identity,
        claim,
        principal,
    })
}

impl Reader {
    pub async fn find_identity(
        &mut self,
        handle: &Handle,
    ) -> Result<Option<IdentityRecord>, Error> {
        let row = self
            .one(select("i.handle = $1"), args![handle.as_str()])
            .await?;
        row.as_ref().map(read_record).transpose()
    }

    pub async fn find_identity_by_did(
        &mut self,
        did: &Did,
    ) -> Result<Option<IdentityRecord>, Error> {
        let row = self.one(select("i.did = $1"), args![did.as_str()]).await?;
        row.as_ref().map(read_record).transpose()
    }

    /// The Identities a Principal has accepted, oldest first.
    pub async fn list_identities_of(
        &mut self,
        principal: &PrincipalId,
    ) -> Result<Vec<IdentityRecord>, Error> {
        let condition =
            "c.principal_id = $1 AND c.state = 'accepted' ORDER BY i.created_at, i.handle";
        let rows = self
            .all(select(condition), args![principal.as_str()])
            .await?;
        rows.iter().map(read_record).collect()
    }

    pub async fn count_identities(&mut self) -> Result<i64, Error> {
        let row = self.one("SELECT COUNT(*) FROM identities", args![]).await?;
        row.map_or(Ok(0), |row| row.columns("count").int())
    }
}

/// Nobody accepted it, and nobody can at present: `$1` is now.
const UNCLAIMED: &str = "c.state IN ('required', 'pending', 'rejected') \
     AND (c.expires_at IS NULL OR c.expires_at <= $1)";

impl Tx {
    /// How many Identities nobody has accepted, counted up to `most`.
    pub async fn count_unclaimed_identities(&mut self, most: i64) -> Result<i64, Error> {
        let row = self
            .one(
                "SELECT COUNT(*) FROM (SELECT 1 FROM claims WHERE state IN \
                 ('required', 'pending', 'rejected') LIMIT $1) AS waiting",
                args![most],
            )
            .await?;
        row.map_or(Ok(0), |row| row.columns("count").int())
    }

    /// Removes at most `limit` Identities that were registered before `before`, that nobody has
    /// accepted and whose claim URL is not out at `now`.
    pub async fn forget_unclaimed_identities(
        &mut self,
        now: OffsetDateTime,
        before: OffsetDateTime,
        limit: i64,
    ) -> Result<u64, Error> {
        self.run(
            format!(
                "DELETE FROM identities WHERE handle IN (SELECT i.handle FROM identities i \
                 JOIN claims c ON c.handle = i.handle WHERE {UNCLAIMED} AND i.created_at < $2 \
                 ORDER BY i.created_at LIMIT $3)"
            ),
            args![now, before, limit],
        )
        .await
    }

    /// Registers an Identity, unclaimed. A taken handle or DID is a [`Error::UniqueViolation`].
    pub async fn create_identity(&mut self, identity: &Identity) -> Result<(), Error> {
        self.run(
            "INSERT INTO identities (handle, did, created_at) VALUES ($1, $2, $3)",
            args![
                identity.handle.as_str(),
                identity.did.as_str(),
                identity.created_at
            ],
        )
        .await?;
        self.run(
            "INSERT INTO claims (handle, state) VALUES ($1, 'required')",
            args![identity.handle.as_str()],
        )
        .await?;
        Ok(())
    }

    /// Removes an Identity that no Principal has accepted, with its claim and logins.
    pub async fn delete_unclaimed_identity(&mut self, handle: &Handle) -> Result<bool, Error> {
        let gone = self
            .run(
                "DELETE FROM identities WHERE handle = $1 AND NOT EXISTS \
                 (SELECT 1 FROM claims c WHERE c.handle = identities.handle \
                  AND c.state IN ('accepted', 'revoked'))",
                args![handle.as_str()],
            )
            .await?;
        Ok(gone > 0)
    }
}
