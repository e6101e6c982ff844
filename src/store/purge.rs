//! Forgetting what time has made worthless, a bounded batch per commit.

use super::value::args;
use super::{Error, Store, Tx};
use futures_util::FutureExt as _;
use time::{Duration, OffsetDateTime};

/// Rows of each table that one commit removes at most.
const BATCH: i64 = 2_000;
/// How long a spent or expired token stays, to answer "used" or "expired" instead of "unknown".
const KEEP_TOKENS: Duration = Duration::days(1);
/// How long a used proof is remembered after it could have been taken: clocks differ between replicas,
/// and one may be set back.
const KEEP_PROOFS: Duration = Duration::minutes(10);
/// How long a finished login can still be asked about.
const KEEP_LOGINS: Duration = Duration::hours(1);
/// How long failures are remembered after the last one.
const KEEP_ATTEMPTS: Duration = Duration::days(1);
/// How long an identity that nobody claims stays registered.
const KEEP_UNCLAIMED: Duration = Duration::days(1);

/// How many rows went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    pub proofs: u64,
    pub tokens: u64,
    pub browser_sessions: u64,
    pub logins: u64,
    pub attempts: u64,
    pub unclaimed: u64,
}

impl Purged {
    const fn any_full(&self) -> bool {
        let full = BATCH.unsigned_abs();
        self.proofs == full
            || self.tokens == full
            || self.browser_sessions == full
            || self.logins == full
            || self.attempts == full
            || self.unclaimed == full
    }

    const fn add(&mut self, other: &Self) {
        self.proofs += other.proofs;
        self.tokens += other.tokens;
        self.browser_sessions += other.browser_sessions;
        self.logins += other.logins;
        self.attempts += other.attempts;
        self.unclaimed += other.unclaimed;
    }
}

impl Store {
    /// Removes what has expired by `now`, in commits small enough not to be felt. Called by the
    /// daemon's schedule; doing it twice at once, or from two replicas, does no harm.
    pub async fn purge_expired(&self, now: OffsetDateTime) -> Result<Purged, Error> {
        let mut total = Purged::default();
        loop {
            let batch = self.write(move |tx| tx.purge_batch(now).boxed()).await?;
            total.add(&batch);
            if !batch.any_full() {
                return Ok(total);
            }
        }
    }
}

impl Tx {
    async fn purge_batch(&mut self, now: OffsetDateTime) -> Result<Purged, Error> {
        self.expire_logins().await?;
        Ok(Purged {
            proofs: self.purge_proofs(now - KEEP_PROOFS, BATCH).await?,
            tokens: self
                .run(
                    "DELETE FROM one_time_tokens WHERE hash IN (SELECT hash FROM one_time_tokens \
                     WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
                    args![now - KEEP_TOKENS, BATCH],
                )
                .await?,
            browser_sessions: self
                .run(
                    "DELETE FROM browser_sessions WHERE hash IN (SELECT hash FROM browser_sessions \
                     WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
                    args![now, BATCH],
                )
                .await?,
            logins: self
                .run(
                    "DELETE FROM login_sessions WHERE id IN (SELECT id FROM login_sessions \
                     WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
                    args![now - KEEP_LOGINS, BATCH],
                )
                .await?,
            attempts: self
                .run(
                    "DELETE FROM sign_in_attempts WHERE key IN (SELECT key FROM sign_in_attempts \
                     WHERE last_at < $1 ORDER BY last_at LIMIT $2)",
                    args![now - KEEP_ATTEMPTS, BATCH],
                )
                .await?,
            unclaimed: self
                .forget_unclaimed_identities(now, now - KEEP_UNCLAIMED, BATCH)
                .await?,
        })
    }
}
