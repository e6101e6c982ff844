//! Spending proofs: each once, in any process, across restarts. The hot path of the daemon.

use super::Error;
use super::tx::Tx;
use super::value::{Value, args};
use super::writer::{Change, Job, Release, Verdict};
use crate::model::Did;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use time::OffsetDateTime;

/// How many rows one statement takes; `SQLite` and `PostgreSQL` both allow far more arguments.
const ROWS: usize = 128;
/// A `jti` up to this many bytes is stored as it is, a longer one as its SHA-256.
const PLAIN_JTI: usize = 48;

/// A verified proof about to be spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofUse {
    key: Vec<u8>,
    expires_at: OffsetDateTime,
}

impl ProofUse {
    /// `forget_after` is when no check would accept the proof any more: its `exp` and the skew.
    pub fn new(did: &Did, jti: &str, forget_after: OffsetDateTime) -> Self {
        // The `jti` first: those that grow with time, as our own clients make them, then land close
        // together on disk whoever signed them. The identity's part has a fixed length.
        let mut key = Vec::with_capacity(1 + PLAIN_JTI + 16);
        if jti.len() <= PLAIN_JTI {
            key.push(0);
            key.extend_from_slice(jti.as_bytes());
        } else {
            key.push(1);
            key.extend_from_slice(&Sha256::digest(jti.as_bytes()));
        }
        key.extend_from_slice(&Sha256::digest(did.as_str().as_bytes())[..16]);
        Self {
            key,
            expires_at: forget_after,
        }
    }
}

/// How a batch of releases ended.
#[derive(Default)]
pub(super) struct Released {
    pub(super) answers: Vec<(Release, Result<(), Error>)>,
    /// To be tried one by one, because one of them spoiled the batch.
    pub(super) again: Vec<Job>,
}

impl Tx {
    /// Spends the proof, or says [`Error::Replayed`]: then return, so that nothing else happens.
    pub async fn spend_proof(&mut self, proof: &ProofUse) -> Result<(), Error> {
        let fresh = self.spend(std::slice::from_ref(proof)).await?;
        if fresh.contains(&proof.key) {
            Ok(())
        } else {
            Err(Error::Replayed)
        }
    }

    /// Spends many at once; answers which keys were fresh.
    async fn spend(&mut self, proofs: &[ProofUse]) -> Result<HashSet<Vec<u8>>, Error> {
        let mut fresh = HashSet::with_capacity(proofs.len());
        for chunk in proofs.chunks(ROWS) {
            let (insert, values) = self.insert_proofs(chunk);
            let statement = format!("{insert} ON CONFLICT DO NOTHING RETURNING key");
            for row in self.all(statement, values).await? {
                fresh.insert(row.columns("used proof").blob()?);
            }
        }
        Ok(fresh)
    }

    fn insert_proofs(&self, proofs: &[ProofUse]) -> (String, Vec<Value>) {
        let mut values = Vec::with_capacity(proofs.len() * 2);
        for proof in proofs {
            values.push(Value::from(proof.key.as_slice()));
            values.push(Value::from(proof.expires_at));
        }
        let statement = format!(
            "{} INTO used_proofs (key, expires_at) VALUES {}",
            self.insert(),
            self.rows(proofs.len(), 2)
        );
        (statement, values)
    }

    /// Spends the proofs and writes the events of many releases, from BEGIN to COMMIT in one go: each
    /// way to the database's thread and back costs as much as the rows. Only `SQLite` takes several
    /// statements together.
    ///
    /// # Errors
    ///
    /// When one of the proofs was spent before, all fail: [`Tx::release_all`] finds out which.
    pub(super) async fn release_at_once(&mut self, releases: &mut [Release]) -> Result<(), Error> {
        let proofs: Vec<ProofUse> = releases.iter().filter_map(|r| r.proof.clone()).collect();
        for release in releases {
            release.recorded = release.events.len();
            for event in std::mem::take(&mut release.events) {
                self.record(event)?;
            }
        }
        let mut script = "BEGIN IMMEDIATE".to_owned();
        let mut all_values = Vec::new();
        let proofs = proofs.chunks(ROWS).map(|chunk| self.insert_proofs(chunk));
        for (statement, values) in proofs.chain(self.event_statements()?) {
            script.push_str("; ");
            script.push_str(&statement);
            all_values.extend(values);
        }
        script.push_str("; COMMIT");
        self.run(script, all_values).await?;
        Ok(())
    }

    /// Spends the proofs and writes the events of many releases together.
    pub(super) async fn release_all(
        &mut self,
        mut releases: Vec<Release>,
        others: bool,
    ) -> Result<Released, (Error, Vec<Release>)> {
        if releases.is_empty() {
            return Ok(Released::default());
        }
        if others && let Err(error) = self.script("SAVEPOINT releases").await {
            return Err((error, releases));
        }
        let events = self.events_so_far();
        let error = match self.try_release(&mut releases).await {
            Ok(results) => {
                let answers = releases.into_iter().zip(results).collect();
                return Ok(Released {
                    answers,
                    again: Vec::new(),
                });
            }
            Err(error) => error,
        };
        self.give_back_events(events, &mut releases);
        self.take_failure();
        if error.breaks_group() || error.is_transient() {
            return Err((error, releases));
        }
        self.one_by_one(error, releases, others).await
    }

    async fn try_release(
        &mut self,
        releases: &mut [Release],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let proofs: Vec<ProofUse> = releases.iter().filter_map(|r| r.proof.clone()).collect();
        let mut fresh = self.spend(&proofs).await?;
        let before = self.events_so_far();
        let mut results = Vec::with_capacity(releases.len());
        for release in releases {
            // The first of two equal proofs in one batch takes the row, the second finds none.
            let replayed = release
                .proof
                .as_ref()
                .is_some_and(|proof| !fresh.remove(&proof.key));
            if replayed {
                results.push(Err(Error::Replayed));
                continue;
            }
            release.recorded = release.events.len();
            for event in std::mem::take(&mut release.events) {
                self.record(event)?;
            }
            results.push(Ok(()));
        }
        self.write_events_after(before).await?;
        Ok(results)
    }

    pub(super) fn give_back_events(&mut self, after: usize, releases: &mut [Release]) {
        let mut records = self.take_events_after(after).into_iter();
        for release in releases {
            for _ in 0..std::mem::take(&mut release.recorded) {
                release
                    .events
                    .extend(records.next().map(|record| record.event));
            }
        }
    }

    /// One of them broke a statement for all: each gets a savepoint of its own in the next group.
    async fn one_by_one(
        &mut self,
        error: Error,
        mut releases: Vec<Release>,
        others: bool,
    ) -> Result<Released, (Error, Vec<Release>)> {
        let undo = if others {
            "ROLLBACK TO SAVEPOINT releases; RELEASE SAVEPOINT releases"
        } else {
            "ROLLBACK"
        };
        if let Err(error) = self.script(undo).await {
            return Err((error, releases));
        }
        self.set_in_transaction(others);
        let mut ended = Released::default();
        if releases.len() == 1
            && let Some(release) = releases.pop()
        {
            release.answer(Err(error));
        }
        for release in releases {
            ended.again.push(Job::Change(Box::new(release)));
        }
        Ok(ended)
    }
}

impl Change for Release {
    fn run(self: Box<Self>, tx: &mut Tx) -> BoxFuture<'_, Verdict> {
        async move {
            let Self {
                proof,
                events,
                reply,
                ..
            } = *self;
            let work = async {
                if let Some(proof) = &proof {
                    tx.spend_proof(proof).await?;
                }
                for event in events {
                    tx.audit(event).await?;
                }
                Ok(())
            };
            match work.await {
                Ok(()) => Verdict::Keep(Box::new(move |committed| {
                    let _ = reply.send(committed);
                })),
                Err(error) => Verdict::Undo(Box::new(move || {
                    let _ = reply.send(Err(error));
                })),
            }
        }
        .boxed()
    }

    fn refuse(self: Box<Self>, error: Error) {
        self.answer(Err(error));
    }
}

impl Tx {
    pub(super) async fn purge_proofs(
        &mut self,
        now: OffsetDateTime,
        limit: i64,
    ) -> Result<u64, Error> {
        self.run(
            "DELETE FROM used_proofs WHERE key IN \
             (SELECT key FROM used_proofs WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
            args![now, limit],
        )
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_jti_never_meets_a_short_one() {
        let did: Did = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
            .parse()
            .unwrap();
        let at = OffsetDateTime::UNIX_EPOCH;
        let long = ProofUse::new(&did, &"x".repeat(100), at);
        assert_eq!(long.key.len(), 49);
        assert_ne!(long, ProofUse::new(&did, &"x".repeat(48), at));
        assert_eq!(long, ProofUse::new(&did, &"x".repeat(100), at));
    }
}
