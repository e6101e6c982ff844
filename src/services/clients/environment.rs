//! Clients that the daemon's environment names: what changes there is noticed at the next start.
//!
//! Of each the store keeps a keyed digest of its id, so that a row says nothing by itself. A client that is
//! another than the one seen last takes the place of it as any other does: what that one got ends.

use super::issued::Issued;
use super::known;
use super::service::ProviderClients;
use crate::crypto::keyed::keyed_digest;
use crate::crypto::random;
use crate::model::{AuditEvent, EventName, Provider, ProviderClient, ProviderName};
use crate::services::Error;
use crate::store::Tx;
use futures_util::FutureExt as _;
use std::sync::Arc;

/// Before the name of a provider, in the store's table of facts.
const SEEN: &str = "client.environment.";
const KEY: usize = 32;
/// How often a change is tried anew when connections were refreshed under it.
const TRIES: u32 = 10;
const REASON: &str = "the environment names another OAuth client";

/// A digest of a client id under a key of its own.
#[derive(Debug)]
struct Seen(Vec<u8>);

impl Seen {
    fn new(id: &str) -> Self {
        let key = random::bytes::<KEY>();
        Self([&key[..], &keyed_digest(&key, id)].concat())
    }

    fn is(&self, id: &str) -> bool {
        let Some((key, digest)) = self.0.split_first_chunk::<KEY>() else {
            return false;
        };
        *digest == keyed_digest(key, id)
    }
}

/// Forgets what the environment named: the store has a client of its own now, or none.
pub(super) async fn forget(tx: &mut Tx, provider: &ProviderName) -> Result<(), Error> {
    tx.delete_meta(&fact(provider)).await?;
    Ok(())
}

fn fact(provider: &ProviderName) -> String {
    format!("{SEEN}{provider}")
}

impl ProviderClients {
    /// At start: ends what clients got that the environment has replaced. What an operator should know.
    pub(in crate::services) async fn notice_environment(&self) -> Result<Vec<String>, Error> {
        let mut reader = self.core.store.read().await?;
        let seen = reader.list_meta(SEEN).await?;
        drop(reader);
        if seen.is_empty() && self.core.config.client_variables.is_empty() {
            return Ok(Vec::new());
        }
        let all = self.providers.list().await?;
        let mut told = Vec::new();
        for provider in all.bundled.iter().chain(&all.custom) {
            let key = fact(&provider.name);
            let last = seen.iter().find(|(fact, _)| *fact == key);
            let last = last.map(|(_, value)| Seen(value.clone()));
            told.extend(self.notice(provider, last).await?);
        }
        for warning in &told {
            tracing::warn!("{warning}");
        }
        Ok(told)
    }

    async fn notice(
        &self,
        provider: &Arc<Provider>,
        last: Option<Seen>,
    ) -> Result<Option<String>, Error> {
        let ours = known::of_environment(&self.core, provider);
        let stored = known::stored_readable(&self.core, &provider.name);
        let name = &provider.name;
        Ok(match (ours, last) {
            (None, None) => None,
            (Some(ours), Some(last)) if last.is(&ours.client_id) => None,
            (Some(ours), Some(_)) => Some(self.replace_by(name, &ours, true).await?),
            (Some(ours), None) => {
                // It may have taken the place of one that an administrator had set.
                let before = stored.await?;
                let is_other = before.is_some_and(|before| before.client_id != ours.client_id);
                let told = self.replace_by(name, &ours, is_other).await?;
                is_other.then_some(told)
            }
            (None, Some(last)) => match stored.await? {
                Some(stored) if last.is(&stored.client_id) => None,
                Some(stored) => Some(self.replace_by(name, &stored, true).await?),
                // It may come back with the next start: nothing ends for a variable that was forgotten.
                None => Some(format!(
                    "{name}: the environment names no OAuth client any more, so its logins cannot be renewed"
                )),
            },
        })
    }

    /// Notes the client that counts now; `ends` says whether what the last one got ends.
    async fn replace_by(
        &self,
        name: &ProviderName,
        now: &ProviderClient,
        ends: bool,
    ) -> Result<String, Error> {
        let event = AuditEvent::new(EventName::ProviderClientSet).on(name, None);
        let event = event.with("reason", REASON);
        let mut issued = Issued::default();
        for _ in 0..TRIES {
            if ends {
                issued.look(&self.core, name).await?;
            }
            let (at, issued, event) = (name.clone(), issued.clone(), event.clone());
            let seen = Seen::new(&now.client_id);
            let write = self.core.store.write(move |tx| {
                async move {
                    tx.put_meta(&fact(&at), &seen.0).await?;
                    if !ends {
                        return Ok::<_, Error>(Some(0));
                    }
                    let Some(gone) = issued.end(tx, &at, REASON).await? else {
                        return Ok(None);
                    };
                    tx.audit(event.with("connections", gone.len())).await?;
                    Ok(Some(gone.len()))
                }
                .boxed()
            });
            if let Some(count) = write.await? {
                return Ok(format!(
                    "{name}: the environment names another OAuth client than before; what the last one got has ended ({count}), and cannot be revoked at the provider without that client's secret"
                ));
            }
        }
        Ok(format!(
            "{name}: the environment names another OAuth client than before, and connections of the last one are being changed; start the daemon again"
        ))
    }
}
