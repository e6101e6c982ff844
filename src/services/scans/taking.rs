//! Storing a find as a connection, by the same checks as a key that a person pastes.

use super::stored::Stored;
use crate::model::connection::Account;
use crate::model::provider::{AuthType, Flow};
use crate::model::{
    AuditEvent, Caller, ConnectionName, Credential, ErrorCode, EventName, Provider,
};
use crate::secret::ApiKey;
use crate::services::logins::answer::checked_key;
use crate::services::setup::Core;
use crate::services::storing::{self, Grant, Place, TRIES};
use crate::services::{Error, login_command};
use futures_util::FutureExt as _;

/// What a connection is called whose usual name is taken.
const SPARE: &str = "imported";
/// How many such names are tried.
const MOST_NAMES: u32 = 100;

/// How finds are stored.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// The usual name.
    pub(super) connection: ConnectionName,
    /// Replace what has the usual name.
    pub(super) replace: bool,
}

/// Why this key cannot be stored for the provider; for people, never with the key.
pub(super) fn refusal(provider: &Provider, key: &ApiKey) -> Option<String> {
    if provider.auth_type != AuthType::ApiKey {
        let command = login_command(&provider.name, None);
        return Some(format!("{} takes no key; {command}", provider.display_name));
    }
    if provider.needs_site() {
        let name = &provider.name;
        return Some(format!(
            "{} is installed in many places; authsome login {name} --base-url https://…",
            provider.display_name
        ));
    }
    checked_key(provider, key)
        .err()
        .map(|problem| problem.to_string())
}

/// Stores the key under a name that is free, or the usual one; gives the name.
pub(super) async fn store(
    core: &Core,
    caller: &Caller,
    provider: &Provider,
    key: &ApiKey,
    (name, is_replacing): (ConnectionName, bool),
) -> Result<ConnectionName, Error> {
    let key = checked_key(provider, key).map_err(|problem| Error::invalid(problem.to_string()))?;
    let grant = Grant {
        credential: Credential::ApiKey { key },
        scopes: Vec::new(),
        account: Account::default(),
        issued_to: None,
    };
    let place = Place {
        vault: &caller.vault,
        provider: &provider.name,
        connection: &name,
        principal: &caller.principal,
        base_url: None,
    };
    for _ in 0..TRIES {
        let prepared = storing::prepare(core, place, &grant).await?;
        if prepared.replaces() && !is_replacing {
            break;
        }
        let event = AuditEvent::new(EventName::LoginCompleted)
            .by(caller)
            .on(&provider.name, Some(&name))
            .with("flow", Flow::ApiKey.as_str())
            .with("way", "scan");
        let (handle, owner) = (caller.handle.clone(), caller.principal.clone());
        let write = core.store.write(move |tx| {
            async move {
                if !prepared.is_current(tx).await? {
                    return Ok(false);
                }
                if !storing::still_acts_for(tx, &handle, &owner).await? {
                    let text = format!("identity `{handle}` was revoked");
                    return Err(Error::forbidden(text));
                }
                prepared.put(tx).await?;
                tx.audit(event).await?;
                Ok(true)
            }
            .boxed()
        });
        if write.await? {
            return Ok(name);
        }
    }
    Err(Error::new(
        ErrorCode::Conflict,
        "this connection is being changed by somebody else; try again",
    ))
}

/// The name a find gets, and whether what has it may go: only where that was agreed to, or where
/// nothing is left of it.
pub(super) fn name_for(
    stored: &Stored,
    provider: &Provider,
    terms: &Terms,
) -> Option<(ConnectionName, bool)> {
    if terms.replace {
        return Some((terms.connection.clone(), true));
    }
    let held = stored.at(&provider.name);
    let is_free = |name: &ConnectionName| held.iter().all(|held| held.name != *name);
    let spare = (1..=MOST_NAMES).filter_map(|number| match number {
        1 => SPARE.parse().ok(),
        more => format!("{SPARE}-{more}").parse().ok(),
    });
    let name = std::iter::once(terms.connection.clone())
        .chain(spare)
        .find(is_free)?;
    let is_wiped = stored.is_wiped(&provider.name, &name);
    Some((name, is_wiped))
}
