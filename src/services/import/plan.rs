//! What is to be written, ready to be written.

use crate::legacy::{OldClaim, OldHome, Owner};
use crate::model::{
    AuditRecord, Connection, ConnectionName, Handle, Identity, IdentityClaim, PrincipalId,
    ProviderName, VaultId,
};
use crate::secret::IdentityKey;
use crate::services::import::report::Report;
use crate::store::{CustomProvider, DataKey, PrincipalRecord, ProviderClientRecord};
use std::collections::BTreeMap;

/// Everything that is to be written; every secret in it is sealed, but for the keys of identities,
/// which go to files.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) accounts: Vec<(PrincipalRecord, DataKey)>,
    pub(super) replaced_accounts: Vec<PrincipalRecord>,
    pub(super) identities: Vec<Identity>,
    pub(super) claims: Vec<IdentityClaim>,
    pub(super) definitions: Vec<CustomProvider>,
    /// With the version that is replaced, if one is.
    pub(super) clients: Vec<(ProviderClientRecord, Option<i64>)>,
    pub(super) connections: Vec<SealedWrite>,
    pub(super) defaults: Vec<DefaultWrite>,
    pub(super) events: Vec<AuditRecord>,
    pub(super) keys: Vec<KeyWrite>,
}

#[derive(Debug)]
pub(super) struct SealedWrite {
    pub(super) connection: Connection,
    pub(super) sealed: Vec<u8>,
    /// The version that is replaced, if one is.
    pub(super) from_version: Option<i64>,
}

#[derive(Debug)]
pub(super) struct DefaultWrite {
    pub(super) vault: VaultId,
    pub(super) provider: ProviderName,
    /// `None`: whichever was obtained last.
    pub(super) name: Option<ConnectionName>,
}

/// The files of one identity.
#[derive(Debug)]
pub(super) struct KeyWrite {
    pub(super) handle: Handle,
    pub(super) did: crate::model::Did,
    pub(super) key: IdentityKey,
    pub(super) is_claimed: bool,
}

impl Plan {
    /// Whether the database is complete already.
    pub(super) fn store_is_complete(&self) -> bool {
        self.accounts.is_empty()
            && self.replaced_accounts.is_empty()
            && self.identities.is_empty()
            && self.claims.is_empty()
            && self.definitions.is_empty()
            && self.clients.is_empty()
            && self.connections.is_empty()
            && self.defaults.is_empty()
            && self.events.is_empty()
    }
}

/// Where an old account's things go here.
#[derive(Debug, Clone)]
pub(super) struct Heir {
    pub(super) principal: PrincipalId,
    pub(super) vault: VaultId,
    /// The vault is there already and may hold something.
    pub(super) exists: bool,
}

/// A plan in the making: what was decided for the kinds before.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) old: &'a OldHome,
    pub(super) force: bool,
    pub(super) plan: Plan,
    pub(super) report: Report,
    pub(super) heirs: BTreeMap<PrincipalId, Heir>,
    /// Whose the old vaults and identities were.
    owners: BTreeMap<Owner, &'a PrincipalId>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(old: &'a OldHome, force: bool) -> Self {
        Self {
            old,
            force,
            plan: Plan::default(),
            report: Report::default(),
            heirs: BTreeMap::new(),
            owners: owners(old),
        }
    }

    /// Where the records of an owner go; `None` where their account is not here.
    pub(super) fn heir(&self, owner: &Owner) -> Option<Heir> {
        let principal = self.owners.get(owner)?;
        self.heirs.get(*principal).cloned()
    }
}

fn owners(old: &OldHome) -> BTreeMap<Owner, &PrincipalId> {
    let vaults = old.accounts.iter().filter_map(|account| {
        let vault = account.vault.clone()?;
        Some((Owner::Vault(vault), &account.id))
    });
    let identities = old.identities.iter().filter_map(|one| match &one.claim {
        OldClaim::Accepted { principal, .. } => {
            Some((Owner::Identity(one.handle.clone()), principal))
        }
        _ => None,
    });
    vaults.chain(identities).collect()
}
