//! Accounts and their vaults.

use super::plan::{Draft, Heir};
use super::report::Outcome;
use super::service::Import;
use crate::crypto::{password, random};
use crate::legacy::{Kind, OldAccount, OldClaim, OldHome};
use crate::model::{Principal, PrincipalId, Role};
use crate::services::Error;
use crate::store::{PrincipalRecord, Reading};

impl Import {
    pub(super) async fn accounts(
        &self,
        reader: &mut Reading,
        draft: &mut Draft<'_>,
    ) -> Result<(), Error> {
        let local = reader.find_local_principal().await?;
        // Who uses the home alone is its own administrator, whom later identities are bound to.
        let owner = if self.is_local && local.is_none() {
            home_owner(draft.old)
        } else {
            None
        };
        for account in &draft.old.accounts {
            let by_id = reader.find_principal(&account.id).await?;
            let by_email = reader.find_principal_by_email(&account.email).await?;
            match (by_id, by_email) {
                (Some(here), other) => {
                    let taken = other.is_some_and(|other| other.principal.id != account.id);
                    compare(account, &here, taken, draft);
                }
                (None, Some(other)) => same_address(account, &other, draft),
                (None, None) => self.new_account(account, owner == Some(&account.id), draft)?,
            }
        }
        Ok(())
    }

    fn new_account(
        &self,
        account: &OldAccount,
        is_local: bool,
        draft: &mut Draft<'_>,
    ) -> Result<(), Error> {
        let vault = match &account.vault {
            Some(vault) => vault.clone(),
            None => random::id("vault").parse()?,
        };
        let key = self.vaults.prepare_vault(&vault, self.now)?;
        let record = PrincipalRecord {
            principal: Principal {
                id: account.id.clone(),
                email: Some(account.email.clone()),
                role: account.role,
                vault: vault.clone(),
                disabled: false,
                created_at: account.created_at.unwrap_or(self.now),
            },
            password_hash: account.password_hash.clone(),
            is_local,
        };
        draft.heirs.insert(
            account.id.clone(),
            Heir {
                principal: account.id.clone(),
                vault,
                exists: false,
            },
        );
        draft.plan.accounts.push((record, key));
        draft.report.add(Kind::Accounts, Outcome::Imported);
        Ok(())
    }
}

/// The owner of the identity that was in use, where that is an administrator; else the only one.
fn home_owner(old: &OldHome) -> Option<&PrincipalId> {
    let admins: Vec<&PrincipalId> = old
        .accounts
        .iter()
        .filter(|account| account.role == Role::Admin)
        .map(|account| &account.id)
        .collect();
    let active = old
        .identities
        .iter()
        .find(|one| Some(&one.handle) == old.active.as_ref());
    if let Some(OldClaim::Accepted { principal, .. }) = active.map(|one| &one.claim)
        && admins.contains(&principal)
    {
        return Some(principal);
    }
    match admins.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// An account that is here by its id. A password that was renewed or changed here stays.
fn compare(account: &OldAccount, here: &PrincipalRecord, taken: bool, draft: &mut Draft<'_>) {
    draft.heirs.insert(
        account.id.clone(),
        Heir {
            principal: here.principal.id.clone(),
            vault: here.principal.vault.clone(),
            exists: true,
        },
    );
    let password_hash = match (&here.password_hash, &account.password_hash) {
        (Some(here), _) => Some(here.clone()),
        (None, old) => old.clone(),
    };
    let password_changed = matches!(
        (&here.password_hash, &account.password_hash),
        (Some(here), Some(old)) if here != old && password::needs_rehash(here)
    );
    let wanted = PrincipalRecord {
        principal: Principal {
            email: Some(account.email.clone()),
            role: account.role,
            ..here.principal.clone()
        },
        password_hash,
        is_local: here.is_local,
    };
    let differs = wanted.principal != here.principal || wanted.password_hash != here.password_hash;
    let (kind, name) = (Kind::Accounts, account.email.clone());
    if password_changed {
        let reason = "its password is another one here, and stays";
        draft.report.note(kind, &name, Outcome::Differs, reason);
    }
    if !differs {
        let outcome = if password_changed {
            Outcome::Differs
        } else {
            Outcome::Unchanged
        };
        draft.report.add(kind, outcome);
    } else if taken {
        let reason = "its address belongs to another account here";
        draft.report.tell(kind, name, Outcome::Differs, reason);
    } else if draft.force {
        draft.plan.replaced_accounts.push(wanted);
        draft.report.add(kind, Outcome::Replaced);
    } else {
        let reason = "its address, role or password differs here; `--force` takes the old ones";
        draft.report.tell(kind, name, Outcome::Differs, reason);
    }
}

/// Somebody opened an account with this address here. Whether it is the same person, the one who
/// runs the import has to say: connections go with it.
fn same_address(account: &OldAccount, here: &PrincipalRecord, draft: &mut Draft<'_>) {
    if draft.force {
        draft.heirs.insert(
            account.id.clone(),
            Heir {
                principal: here.principal.id.clone(),
                vault: here.principal.vault.clone(),
                exists: true,
            },
        );
        let reason = "what belonged to it goes to the account of that address here";
        draft
            .report
            .tell(Kind::Accounts, &account.email, Outcome::Unchanged, reason);
        return;
    }
    let reason =
        "another account has this address here; `--force` gives it what belonged to the old one";
    draft
        .report
        .tell(Kind::Accounts, &account.email, Outcome::Differs, reason);
}
