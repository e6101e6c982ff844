//! What is stored, as digests under the key of one scan: nothing of it can leave.

use crate::crypto::keyed::keyed_digest;
use crate::model::{
    AuditEvent, Caller, Connection, ConnectionName, Credential, EventName, ProviderName,
};
use crate::services::setup::Core;
use crate::services::{Error, opening};
use crate::store::SealedConnection;
use std::collections::{HashMap, HashSet};
use subtle::ConstantTimeEq;

/// A secret under the key of one scan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark([u8; 32]);

impl Mark {
    pub(super) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) fn of(salt: &[u8; 32], secret: &str) -> Self {
        Self(keyed_digest(salt, secret))
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// A connection and the marks of its secrets.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) name: ConnectionName,
    pub(super) is_default: bool,
    pub(super) marks: Vec<Mark>,
}

/// The connections of one Vault, opened where a find may be of their provider.
#[derive(Debug)]
pub(super) struct Stored {
    sealed: HashMap<ProviderName, Vec<SealedConnection>>,
    held: HashMap<ProviderName, Vec<Held>>,
    /// Names whose credential was wiped: they may be used again.
    wiped: HashSet<(ProviderName, ConnectionName)>,
}

impl Stored {
    pub(super) async fn of(core: &Core, caller: &Caller) -> Result<Self, Error> {
        let mut reader = core.store.read().await?;
        let found = reader.list_sealed_connections(&caller.vault).await?;
        let mut sealed: HashMap<ProviderName, Vec<SealedConnection>> = HashMap::new();
        let mut wiped = HashSet::new();
        for one in found {
            let provider = one.connection.provider.clone();
            if one.sealed.is_some() {
                sealed.entry(provider).or_default().push(one);
            } else {
                wiped.insert((provider, one.connection.name));
            }
        }
        Ok(Self {
            sealed,
            held: HashMap::new(),
            wiped,
        })
    }

    /// Every provider with a connection.
    pub(super) fn providers(&self) -> Vec<&ProviderName> {
        let mut names: Vec<_> = self.sealed.keys().collect();
        names.sort();
        names
    }

    pub(super) fn is_wiped(&self, provider: &ProviderName, name: &ConnectionName) -> bool {
        self.wiped.contains(&(provider.clone(), name.clone()))
    }

    /// The providers whose connections were opened.
    pub(super) fn opened(&self) -> Vec<&str> {
        let with_some = self.held.iter().filter(|(_, held)| !held.is_empty());
        let mut names: Vec<_> = with_some.map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// Opens the connections at `provider`, once. One that does not open is told to the audit log
    /// and matches nothing.
    pub(super) async fn open(
        &mut self,
        core: &Core,
        caller: &Caller,
        salt: &[u8; 32],
        provider: &ProviderName,
    ) -> Result<(), Error> {
        if self.held.contains_key(provider) {
            return Ok(());
        }
        let mut all = Vec::new();
        for found in self.sealed.get(provider).into_iter().flatten() {
            let connection = &found.connection;
            let opened = opening::try_open(core, found).await;
            let asked = AuditEvent::new(EventName::CredentialCompared)
                .by(caller)
                .on(provider, Some(&connection.name));
            let marks = match opening::witness(core, asked, opened).await {
                Ok(credential) => marks(salt, &credential),
                Err(failed) if opening::is_integrity(&failed) => Vec::new(),
                Err(failed) => return Err(failed),
            };
            all.push(held(connection, marks));
        }
        self.held.insert(provider.clone(), all);
        Ok(())
    }

    /// The connections at `provider`, which was opened before.
    pub(super) fn at(&self, provider: &ProviderName) -> &[Held] {
        self.held.get(provider).map_or(&[], Vec::as_slice)
    }

    /// The connection that requests to `provider`, which was opened before, use where none is named.
    pub(super) fn default_at(&self, provider: &ProviderName) -> Option<&ConnectionName> {
        let all = self.at(provider);
        let chosen = all.iter().find(|held| held.is_default).or(all.first());
        chosen.map(|held| &held.name)
    }

    /// A connection that was made meanwhile, in the place of one of its name.
    pub(super) fn add(&mut self, provider: &ProviderName, name: ConnectionName, mark: Mark) {
        let all = self.held.entry(provider.clone()).or_default();
        let before = all.iter().find(|held| held.name == name);
        let is_default = before.map_or(all.is_empty(), |held| held.is_default);
        all.retain(|held| held.name != name);
        all.push(Held {
            name,
            is_default,
            marks: vec![mark],
        });
    }
}

fn held(connection: &Connection, marks: Vec<Mark>) -> Held {
    Held {
        name: connection.name.clone(),
        is_default: connection.is_default,
        marks,
    }
}

/// Every text of the credential that a program could have been given. A refresh token is none.
fn marks(salt: &[u8; 32], credential: &Credential) -> Vec<Mark> {
    let mark = |secret: &str| Mark::of(salt, secret);
    match credential {
        Credential::ApiKey { key } => vec![mark(key.reveal())],
        Credential::OAuth2 { access_token, .. } | Credential::Minted { access_token, .. } => {
            vec![mark(access_token.reveal())]
        }
        Credential::Cookies { cookies, .. } => {
            cookies.values().map(|value| mark(value.reveal())).collect()
        }
    }
}
