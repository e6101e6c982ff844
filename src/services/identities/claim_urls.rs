//! Claim URLs that are out: made here, hashed in the store, remembered in memory for their holder.
//!
//! An agent that asks again while its URL is good gets the same one, so that the page a person has
//! open stays good. One this process does not know (after a restart, at another replica) is replaced,
//! which makes the former worthless.

use crate::crypto::random;
use crate::model::{ClaimState, Handle};
use crate::secret::Token;
use crate::services::Error;
use crate::store::{IdentityRecord, OneTimeToken, TokenKind, Tx};
use moka::sync::Cache;
use time::{Duration, OffsetDateTime};

/// How long a person has to open a claim URL and decide.
const LIFETIME: Duration = Duration::minutes(10);

#[derive(Debug, Clone)]
pub(super) struct ClaimUrls {
    out: Cache<Handle, (Token, OffsetDateTime)>,
}

/// A URL to put out unless the one that is out is still known.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    fresh: Token,
    expires_at: OffsetDateTime,
    /// When the remembered one ends.
    remembered: Option<OffsetDateTime>,
    now: OffsetDateTime,
}

impl ClaimUrls {
    pub(super) fn new() -> Self {
        Self {
            out: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(LIFETIME.unsigned_abs())
                .build(),
        }
    }

    pub(super) fn prepare(&self, handle: &Handle, now: OffsetDateTime) -> Issue {
        Issue {
            fresh: random::token(),
            expires_at: now + LIFETIME,
            remembered: self.out.get(handle).map(|(_, ends)| ends),
            now,
        }
    }

    /// Keeps the fresh one, which went out.
    pub(super) fn remember(&self, handle: &Handle, issue: Issue) {
        self.out
            .insert(handle.clone(), (issue.fresh, issue.expires_at));
    }

    /// The token of the URL that is out, if this process put it out.
    pub(super) fn remembered(&self, handle: &Handle, expires_at: OffsetDateTime) -> Option<Token> {
        let (token, ends) = self.out.get(handle)?;
        (ends == expires_at).then_some(token)
    }
}

impl Issue {
    /// Puts a URL out for an identity that nobody owns and that was not revoked; whether it did.
    pub(super) async fn put_out(
        &self,
        tx: &mut Tx,
        record: &mut IdentityRecord,
    ) -> Result<bool, Error> {
        if !self.is_due(&record.claim) {
            return Ok(false);
        }
        let handle = &record.identity.handle;
        tx.delete_tokens(TokenKind::Claim, handle.as_str()).await?;
        tx.insert_token(&OneTimeToken {
            hash: random::hash_token(self.fresh.reveal()),
            kind: TokenKind::Claim,
            subject: Some(handle.as_str().to_owned()),
            payload: serde_json::Map::new(),
            created_by: None,
            created_at: self.now,
            expires_at: self.expires_at,
            used_at: None,
        })
        .await?;
        if tx.set_claim_pending(handle, self.expires_at).await? {
            record.claim = ClaimState::Pending {
                expires_at: self.expires_at,
            };
        }
        Ok(true)
    }

    fn is_due(&self, state: &ClaimState) -> bool {
        match state {
            ClaimState::Required | ClaimState::Rejected { .. } => true,
            ClaimState::Pending { expires_at } => {
                *expires_at <= self.now || self.remembered != Some(*expires_at)
            }
            ClaimState::Accepted { .. } | ClaimState::Revoked { .. } => false,
        }
    }
}
