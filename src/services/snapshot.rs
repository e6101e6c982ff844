//! What the store said a moment ago, kept while nothing has been written since.
//!
//! A value is good for exactly one generation of the store: every committed change of what may be
//! kept makes all of them stale at once, so a revocation is seen by the next request. Where other processes write too
//! (`PostgreSQL`) there is no generation, and nothing is kept.

use super::Error;
use moka::sync::Cache;
use std::future::Future;
use std::hash::Hash;
use std::time::Duration;

/// Values of one kind by key. Cheap to clone; bounded.
#[derive(Debug, Clone)]
pub(super) struct Snapshots<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>
{
    kept: Cache<K, (u64, V)>,
}

impl<K, V> Snapshots<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Keeps at most `entries`, each for `idle` after its last use.
    pub(super) fn new(entries: u64, idle: Duration) -> Self {
        Self {
            kept: Cache::builder()
                .max_capacity(entries)
                .time_to_idle(idle)
                .build(),
        }
    }

    /// The value of `key`: the kept one if it is of this `generation`, else what `load` finds.
    ///
    /// The generation is taken before the load, so a change during it makes the value stale. The
    /// load is on the heap: most calls do not need it, and should not carry its size.
    pub(super) async fn get<F>(
        &self,
        key: K,
        generation: Option<u64>,
        load: impl FnOnce() -> F,
    ) -> Result<V, Error>
    where
        F: Future<Output = Result<V, Error>>,
    {
        self.get_while(key, generation, |_| true, load).await
    }

    /// The same for values that also end by themselves: a kept one has to be `good`.
    pub(super) async fn get_while<F>(
        &self,
        key: K,
        generation: Option<u64>,
        good: impl FnOnce(&V) -> bool,
        load: impl FnOnce() -> F,
    ) -> Result<V, Error>
    where
        F: Future<Output = Result<V, Error>>,
    {
        let Some(generation) = generation else {
            return Box::pin(load()).await;
        };
        if let Some((of, value)) = self.kept.get(&key)
            && of == generation
            && good(&value)
        {
            return Ok(value);
        }
        let value = Box::pin(load()).await?;
        self.kept.insert(key, (generation, value.clone()));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(kept: &Snapshots<u8, u8>, generation: Option<u64>, fresh: u8) -> u8 {
        kept.get(1, generation, || async { Ok(fresh) })
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_value_lives_for_one_generation() {
        let kept = Snapshots::new(10, Duration::from_mins(1));
        assert_eq!(get(&kept, Some(1), 10).await, 10);
        assert_eq!(get(&kept, Some(1), 11).await, 10);
        assert_eq!(get(&kept, Some(2), 12).await, 12);
    }

    #[tokio::test]
    async fn without_a_generation_nothing_is_kept() {
        let kept = Snapshots::new(10, Duration::from_mins(1));
        assert_eq!(get(&kept, None, 10).await, 10);
        assert_eq!(get(&kept, None, 11).await, 11);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let kept: Snapshots<u8, u8> = Snapshots::new(10, Duration::from_mins(1));
        let failed = kept.get(1, Some(1), || async { Err(Error::invalid("no")) });
        assert!(failed.await.is_err());
        assert_eq!(get(&kept, Some(1), 7).await, 7);
    }
}
