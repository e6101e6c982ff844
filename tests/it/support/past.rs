//! Connections of an earlier time, put into the store of a daemon that is stopped.

use super::records;
use authsome::clock::{Clock as _, ManualClock, SystemClock};
use authsome::model::{Connection, ConnectionState};
use authsome::store::{Error, Location, RefreshLease, Store};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// A connection that was added some time ago, and how it is.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    provider: String,
    name: String,
    is_default: bool,
    /// Whose it is, as the provider said.
    account: Option<String>,
    state: ConnectionState,
    /// What its last refresh ended in.
    trouble: Option<String>,
}

impl Past {
    pub(crate) fn new(provider: &str, name: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            name: name.to_owned(),
            is_default: false,
            account: None,
            state: ConnectionState::Connected { expires_at: None },
            trouble: None,
        }
    }

    pub(crate) fn default_if(mut self, is_default: bool) -> Self {
        self.is_default = is_default;
        self
    }

    pub(crate) fn account(mut self, label: &str) -> Self {
        self.account = Some(label.to_owned());
        self
    }

    pub(crate) fn state(mut self, state: ConnectionState) -> Self {
        self.state = state;
        self
    }

    pub(crate) fn trouble(mut self, reason: &str) -> Self {
        self.trouble = Some(reason.to_owned());
        self
    }

    fn row(&self, me: &Value, at: OffsetDateTime) -> Connection {
        let mut row = records::connection("x", &self.provider, &self.name, at);
        row.vault = me["vault_id"].as_str().unwrap().parse().unwrap();
        row.principal = me["principal_id"].as_str().unwrap().parse().unwrap();
        row.is_default = self.is_default;
        row.account.label.clone_from(&self.account);
        row.state = self.state.clone();
        row
    }
}

/// Adds them to the vault of `me` (an answer of `/whoami`), as if that had been `ago`.
pub(crate) fn add(home: &Path, me: &Value, ago: Duration, all: Vec<Past>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let then = SystemClock.now() - ago;
    let at = Location::Sqlite(home.join("server/store.db"));
    let me = me.clone();
    runtime.block_on(async move {
        let clock = Arc::new(ManualClock::at(then));
        let store = Store::open(at, clock).await.unwrap();
        let write = store.write(move |tx| {
            Box::pin(async move {
                for past in all {
                    let row = past.row(&me, then);
                    tx.insert_connection(&row, b"sealed").await?;
                    if let Some(reason) = past.trouble {
                        let lease = RefreshLease {
                            version: row.version,
                            held: None,
                            tried_at: then,
                            failures: 3,
                            not_before: None,
                            last_error: Some(reason),
                        };
                        tx.put_refresh_lease(&row.key(), &lease).await?;
                    }
                }
                Ok::<_, Error>(())
            })
        });
        write.await.unwrap();
        store.close().await;
    });
}
