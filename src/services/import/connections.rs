//! Connections, sealed again for the place they have here, and which of them are the defaults.

use super::compare;
use super::plan::{DefaultWrite, Draft, Heir, SealedWrite};
use super::report::Outcome;
use super::service::Import;
use crate::legacy::{Kind, OldConnection};
use crate::model::{
    Connection, ConnectionName, ConnectionState, Credential, ProviderName, VaultId,
};
use crate::services::Error;
use crate::store::{Reading, SealedConnection};
use crate::vault::CredentialAddress;
use std::collections::{BTreeMap, BTreeSet};

/// What is here, by vault, provider and name.
#[derive(Default)]
struct Here {
    vaults: BTreeSet<VaultId>,
    found: BTreeMap<Place, SealedConnection>,
    defaults: BTreeMap<Group, ConnectionName>,
}

type Place = (VaultId, ProviderName, ConnectionName);
type Group = (VaultId, ProviderName);

impl Here {
    async fn load(&mut self, heir: &Heir, reader: &mut Reading) -> Result<(), Error> {
        if !heir.exists || !self.vaults.insert(heir.vault.clone()) {
            return Ok(());
        }
        for one in reader.list_sealed_connections(&heir.vault).await? {
            let c = &one.connection;
            let place = (c.vault.clone(), c.provider.clone(), c.name.clone());
            if c.is_default {
                let group = (c.vault.clone(), c.provider.clone());
                self.defaults.insert(group, c.name.clone());
            }
            self.found.insert(place, one);
        }
        Ok(())
    }

    /// Whether it is here and can be used.
    fn has(&self, place: &Place) -> bool {
        self.found
            .get(place)
            .is_some_and(|one| !matches!(one.connection.state, ConnectionState::Revoked { .. }))
    }
}

impl Import {
    pub(super) async fn connections(
        &self,
        reader: &mut Reading,
        draft: &mut Draft<'_>,
    ) -> Result<(), Error> {
        let mut here = Here::default();
        let mut present: BTreeMap<Group, BTreeSet<ConnectionName>> = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        for old in &draft.old.connections {
            let Some(heir) = draft.heir(&old.owner) else {
                let reason = format!("the account that owned it ({}) is not here", old.owner);
                let name = shown(&old.provider, &old.name);
                draft
                    .report
                    .tell(Kind::Connections, name, Outcome::Skipped, reason);
                continue;
            };
            here.load(&heir, reader).await?;
            let group = (heir.vault.clone(), old.provider.clone());
            if !present.entry(group).or_default().insert(old.name.clone()) {
                let name = shown(&old.provider, &old.name);
                let reason = "another connection has the same name";
                draft
                    .report
                    .tell(Kind::Connections, name, Outcome::Skipped, reason);
                continue;
            }
            self.connection(old, &heir, &here, draft).await?;
            self.note_unknown(old, &mut unknown, draft);
        }
        defaults(&here, &present, draft);
        Ok(())
    }

    async fn connection(
        &self,
        old: &OldConnection,
        heir: &Heir,
        here: &Here,
        draft: &mut Draft<'_>,
    ) -> Result<(), Error> {
        let place = (heir.vault.clone(), old.provider.clone(), old.name.clone());
        let Some(found) = here.found.get(&place) else {
            let write = self.seal(old, heir, None).await?;
            draft.plan.connections.push(write);
            draft.report.add(Kind::Connections, Outcome::Imported);
            return Ok(());
        };
        let credential = self.open(found).await?;
        let difference = compare::connection(&found.connection, credential.as_ref(), old, self.now);
        match difference {
            None => draft.report.add(Kind::Connections, Outcome::Unchanged),
            Some(_) if draft.force => {
                let write = self.seal(old, heir, Some(&found.connection)).await?;
                draft.plan.connections.push(write);
                draft.report.add(Kind::Connections, Outcome::Replaced);
            }
            Some(what) => {
                let name = shown(&old.provider, &old.name);
                let reason = format!("{what} is another one here; `--force` takes the old one");
                draft
                    .report
                    .tell(Kind::Connections, name, Outcome::Differs, reason);
            }
        }
        Ok(())
    }

    /// `None` for one that was wiped or does not open: it differs from everything.
    async fn open(&self, found: &SealedConnection) -> Result<Option<Credential>, Error> {
        let Some(sealed) = &found.sealed else {
            return Ok(None);
        };
        let at = CredentialAddress::of(&found.connection);
        match self.vaults.open_credential(&at, sealed).await {
            Ok(credential) => Ok(Some(credential)),
            Err(wrong) if wrong.is_integrity() => Ok(None),
            Err(wrong) => Err(wrong.into()),
        }
    }

    async fn seal(
        &self,
        old: &OldConnection,
        heir: &Heir,
        here: Option<&Connection>,
    ) -> Result<SealedWrite, Error> {
        let from_version = here.map(|here| here.version);
        let connection = Connection {
            vault: heir.vault.clone(),
            provider: old.provider.clone(),
            name: old.name.clone(),
            is_default: false,
            auth_type: old.credential.auth_type(),
            state: old.state.clone(),
            scopes: old.scopes.clone(),
            base_url: old.base_url.clone(),
            api_url: old.api_url.clone(),
            account: old.account.clone(),
            principal: heir.principal.clone(),
            obtained_at: old.obtained_at.unwrap_or(self.now),
            refreshable: old.credential.is_refreshable(),
            version: self.next_version(from_version),
        };
        let at = CredentialAddress::of(&connection);
        let sealed = self.vaults.seal_credential(&at, &old.credential).await?;
        Ok(SealedWrite {
            connection,
            sealed,
            from_version,
        })
    }

    /// A connection nobody can use until somebody defines its provider is kept, and said once.
    fn note_unknown(
        &self,
        old: &OldConnection,
        unknown: &mut BTreeSet<ProviderName>,
        draft: &mut Draft<'_>,
    ) {
        let name = &old.provider;
        let is_known = matches!(self.catalog.find(name), Ok(Some(_)))
            || draft.plan.definitions.iter().any(|row| row.name == *name)
            || self.registered.contains(name);
        if !is_known && unknown.insert(name.clone()) {
            let reason = "no provider of this name is defined here; its connections are kept, and work once `authsome register` defines it";
            draft
                .report
                .note(Kind::Providers, name, Outcome::Skipped, reason);
        }
    }
}

fn defaults(
    here: &Here,
    present: &BTreeMap<Group, BTreeSet<ConnectionName>>,
    draft: &mut Draft<'_>,
) {
    let wanted: BTreeMap<Group, ConnectionName> = draft
        .old
        .defaults
        .iter()
        .filter_map(|old| {
            let heir = draft.heir(&old.owner)?;
            Some(((heir.vault, old.provider.clone()), old.name.clone()))
        })
        .collect();
    let planned: BTreeSet<Place> = draft
        .plan
        .connections
        .iter()
        .map(|one| &one.connection)
        .map(|c| (c.vault.clone(), c.provider.clone(), c.name.clone()))
        .collect();
    for (group, names) in present {
        let place = |name: &ConnectionName| (group.0.clone(), group.1.clone(), name.clone());
        let is_usable =
            |name: &&ConnectionName| planned.contains(&place(name)) || here.has(&place(name));
        if !names.iter().any(|name| is_usable(&name)) {
            continue;
        }
        let old = wanted.get(group).filter(is_usable);
        let set = DefaultWrite {
            vault: group.0.clone(),
            provider: group.1.clone(),
            name: old.cloned(),
        };
        match (here.defaults.get(group), old) {
            (None, _) => {
                draft.plan.defaults.push(set);
                draft.report.add(Kind::Defaults, Outcome::Imported);
            }
            (Some(_), None) => draft.report.add(Kind::Defaults, Outcome::Unchanged),
            (Some(now), Some(old)) if now == old => {
                draft.report.add(Kind::Defaults, Outcome::Unchanged);
            }
            (Some(_), Some(_)) if draft.force => {
                draft.plan.defaults.push(set);
                draft.report.add(Kind::Defaults, Outcome::Replaced);
            }
            (Some(now), Some(old)) => {
                let reason = format!(
                    "`{now}` is the default here, `{old}` was; `--force` takes the old one"
                );
                draft
                    .report
                    .tell(Kind::Defaults, &group.1, Outcome::Differs, reason);
            }
        }
    }
}

fn shown(provider: &ProviderName, name: &ConnectionName) -> String {
    format!("{provider}/{name}")
}
