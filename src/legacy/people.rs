//! Accounts, identities and definitions: the tables of `server/authsome.db`. Pure.

use super::address;
use super::home::{Kind, OldAccount, OldClaim, OldDefinition, OldHome, OldIdentity};
use super::sqlite::{Row, Rows, Table};
use super::text::moment;
use crate::crypto::{did, password};
use crate::model::{Did, Email, PrincipalId, Role, VaultId};
use std::collections::{BTreeMap, BTreeSet};

const MOST: usize = 100_000;

pub(super) const PRINCIPALS: Table = Table {
    name: "principals",
    columns: &[
        "principal_id",
        "email",
        "password_hash",
        "role",
        "created_at",
    ],
    order: "created_at",
    most: MOST,
};
pub(super) const BINDINGS: Table = Table {
    name: "principal_vault_bindings",
    columns: &["principal_id", "vault_id", "is_default", "created_at"],
    order: "created_at",
    most: MOST,
};
pub(super) const IDENTITIES: Table = Table {
    name: "identity_registrations",
    columns: &["handle", "did", "created_at"],
    order: "created_at",
    most: MOST,
};
pub(super) const CLAIMS: Table = Table {
    name: "identity_claims",
    columns: &[
        "identity_handle",
        "principal_id",
        "claim_status",
        "updated_at",
    ],
    order: "updated_at",
    most: MOST,
};
pub(super) const DEFINITIONS: Table = Table {
    name: "custom_provider_definitions",
    columns: &["name", "definition_json"],
    order: "name",
    most: 10_000,
};

/// A principal's id. The prefix keeps it apart from everything else that has one.
fn principal(text: &str) -> Option<PrincipalId> {
    text.starts_with("principal_").then(|| text.parse().ok())?
}

pub(super) fn accounts(rows: &Rows, bindings: &Rows, into: &mut OldHome) {
    let mut vaults = vaults(bindings, into);
    let mut addresses = BTreeSet::new();
    let mut ids = BTreeSet::new();
    // The oldest come first: of two with one address, the first stays.
    for row in rows.rows.iter().rev() {
        match account(row) {
            Ok((mut account, note)) => {
                if !addresses.insert(account.email.clone()) || !ids.insert(account.id.clone()) {
                    let reason = "another account has the same address or id";
                    into.skip(Kind::Accounts, row.name(), reason);
                    continue;
                }
                if let Some(note) = note {
                    into.skip(Kind::Accounts, account.email.as_str(), note);
                }
                account.vault = vaults.remove(&account.id);
                into.accounts.push(account);
            }
            Err(reason) => into.skip(Kind::Accounts, row.name(), reason),
        }
    }
}

fn account(row: &Row) -> Result<(OldAccount, Option<&'static str>), &'static str> {
    let id = row
        .text(0)
        .and_then(principal)
        .ok_or("its id is not one we take")?;
    let email = row.text(1).and_then(|text| Email::from_typed(text).ok());
    let email = email.ok_or("its e-mail address is not one we take")?;
    let role = row.text(3).and_then(Role::from_stored);
    let role = role.ok_or("its role is neither admin nor user")?;
    let (password_hash, note) = match row.text(2) {
        Some(hash) if password::is_usable(hash) => (Some(hash.to_owned()), None),
        None if row.is_null(2) => (None, None),
        _ => (
            None,
            Some("its password hash cannot be used: the account is taken over without a password"),
        ),
    };
    let account = OldAccount {
        id,
        email,
        password_hash,
        role,
        vault: None,
        created_at: row.text(4).and_then(moment),
    };
    Ok((account, note))
}

/// The one vault of each principal: the default, or else the first. A vault has one owner.
fn vaults(bindings: &Rows, into: &mut OldHome) -> BTreeMap<PrincipalId, VaultId> {
    let mut found: BTreeMap<PrincipalId, VaultId> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let (first, rest): (Vec<&Row>, Vec<&Row>) = bindings
        .rows
        .iter()
        .rev()
        .partition(|row| row.text(2) == Some("1"));
    for row in first.into_iter().chain(rest) {
        let owner = row.text(0).and_then(principal);
        let vault = row.text(1).and_then(address::vault);
        let (Some(owner), Some(vault)) = (owner, vault) else {
            into.skip(
                Kind::Accounts,
                row.name(),
                "the id of its vault is not one we take",
            );
            continue;
        };
        if found.contains_key(&owner) || taken.contains(&vault) {
            let reason =
                format!("its further vault {vault} is left out: an account has one of its own");
            into.skip(Kind::Accounts, row.name(), reason);
            continue;
        }
        taken.insert(vault.clone());
        found.insert(owner, vault);
    }
    found
}

pub(super) fn identities(rows: &Rows, claims: &Rows, into: &mut OldHome) {
    let mut claims: BTreeMap<&str, &Row> =
        claims.rows.iter().map(|row| (row.name(), row)).collect();
    let mut dids = BTreeSet::new();
    for row in rows.rows.iter().rev() {
        let claim = row.text(0).and_then(|handle| claims.remove(handle));
        let read = identity(row);
        let (handle, key) = match read {
            Ok(pair) => pair,
            Err(reason) => {
                into.skip(Kind::Identities, row.name(), reason);
                continue;
            }
        };
        if !dids.insert(key.clone()) {
            into.skip(
                Kind::Identities,
                row.name(),
                "another identity has the same key",
            );
            continue;
        }
        let claim = match claim.map(read_claim) {
            None => OldClaim::Open,
            Some(Ok(claim)) => claim,
            Some(Err(reason)) => {
                into.skip(Kind::Claims, row.name(), reason);
                OldClaim::Open
            }
        };
        into.identities.push(OldIdentity {
            handle,
            did: key,
            created_at: row.text(2).and_then(moment),
            claim,
        });
    }
    for orphan in claims.keys() {
        into.skip(Kind::Claims, orphan, "its identity is not registered");
    }
}

fn identity(row: &Row) -> Result<(crate::model::Handle, Did), &'static str> {
    let handle = row.text(0).and_then(|text| text.parse().ok());
    let handle = handle.ok_or("its handle is not one we take")?;
    let key: Option<Did> = row.text(1).and_then(|text| text.parse().ok());
    let key = key.filter(|key| did::decode(key).is_ok());
    Ok((handle, key.ok_or("its DID is not one we take")?))
}

fn read_claim(row: &Row) -> Result<OldClaim, &'static str> {
    let at = row.text(3).and_then(moment);
    match row.text(2) {
        Some("accepted" | "claimed") => {
            let principal = row.text(1).and_then(principal);
            let principal = principal.ok_or("the id of its owner is not one we take")?;
            Ok(OldClaim::Accepted { principal, at })
        }
        Some("rejected") => Ok(OldClaim::Rejected { at }),
        Some("revoked") => Ok(OldClaim::Revoked { at }),
        Some("pending" | "claim_required") => Ok(OldClaim::Open),
        _ => Err("it is in no state we know; the identity has to be claimed again"),
    }
}

pub(super) fn definitions(rows: &Rows, into: &mut OldHome) {
    for row in &rows.rows {
        match (row.text(0), row.text(1)) {
            (Some(name), Some(text)) => into.definitions.push(OldDefinition {
                name: name.to_owned(),
                text: text.to_owned(),
            }),
            _ => into.skip(
                Kind::Providers,
                row.name(),
                "its definition is missing, too large or not text",
            ),
        }
    }
}
