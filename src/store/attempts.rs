//! Failed sign-ins, counted per account and per address, so that back-off survives restarts.

use super::Error;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Row, args};
use time::{Duration, OffsetDateTime};

/// Failures of one account or address since they began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    pub failures: i64,
    pub first_at: OffsetDateTime,
    pub last_at: OffsetDateTime,
}

fn read(row: &Row) -> Result<Attempts, Error> {
    let mut c = row.columns("sign-in attempts");
    Ok(Attempts {
        failures: c.int()?,
        first_at: c.time()?,
        last_at: c.time()?,
    })
}

impl Reader {
    /// `key` is the caller's own spelling, such as `account:…` or `address:…`.
    pub async fn find_attempts(&mut self, key: &str) -> Result<Option<Attempts>, Error> {
        let row = self
            .one(
                "SELECT failures, first_at, last_at FROM sign_in_attempts WHERE key = $1",
                args![key],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }
}

impl Tx {
    /// Counts one more failure; after `forget_after` without any the count starts anew.
    pub async fn record_failure(
        &mut self,
        key: &str,
        forget_after: Duration,
    ) -> Result<Attempts, Error> {
        let now = self.now();
        let row = self
            .one(
                "INSERT INTO sign_in_attempts (key, failures, first_at, last_at) VALUES ($1, 1, $2, $2) \
                 ON CONFLICT (key) DO UPDATE SET \
                 failures = CASE WHEN sign_in_attempts.last_at < $3 THEN 1 \
                                 ELSE sign_in_attempts.failures + 1 END, \
                 first_at = CASE WHEN sign_in_attempts.last_at < $3 THEN $2 \
                                 ELSE sign_in_attempts.first_at END, \
                 last_at = $2 \
                 RETURNING failures, first_at, last_at",
                args![key, now, now - forget_after],
            )
            .await?;
        row.as_ref().map_or(
            Err(Error::BadRecord {
                what: "sign-in attempts",
            }),
            read,
        )
    }

    /// Takes the last count back: the try was not looked at.
    pub async fn forgive_failure(&mut self, key: &str) -> Result<(), Error> {
        self.run(
            "UPDATE sign_in_attempts SET failures = failures - 1 WHERE key = $1 AND failures > 0",
            args![key],
        )
        .await?;
        Ok(())
    }

    pub async fn clear_attempts(&mut self, key: &str) -> Result<(), Error> {
        self.run("DELETE FROM sign_in_attempts WHERE key = $1", args![key])
            .await?;
        Ok(())
    }
}
