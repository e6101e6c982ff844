//! Who has an account here, what each may do, and who is shut out. For administrators.
//!
//! There always is an administrator: nobody acts on their own account, and whoever was demoted or
//! shut out a moment ago acts on none.

use super::service::Accounts;
use crate::model::{AuditEvent, ErrorCode, EventName, Principal, PrincipalId, Role};
use crate::services::{Actor, Error, Search};
use crate::store::{PersonRecord, PrincipalRecord, TokenKind, Tx};
use futures_util::FutureExt as _;
use time::OffsetDateTime;

/// An account, and what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub principal: Principal,
    /// The owner of a home, whom nobody signs in as.
    pub is_local: bool,
    /// Without those that were revoked.
    pub connections: u64,
    /// That it has accepted and not ended.
    pub agents: u64,
    /// `None` where nobody has since that is noted.
    pub signed_in_at: Option<OffsetDateTime>,
}

/// A page of accounts, oldest first.
#[derive(Debug, Clone)]
pub struct AccountsPage {
    pub accounts: Vec<Account>,
    /// Whether there are more after these.
    pub has_more: bool,
}

impl From<PersonRecord> for Account {
    fn from(record: PersonRecord) -> Self {
        Self {
            principal: record.principal,
            is_local: record.is_local,
            connections: record.connections.unsigned_abs(),
            agents: record.agents.unsigned_abs(),
            signed_in_at: record.signed_in_at,
        }
    }
}

/// A change of somebody else's account.
#[derive(Debug, Clone, Copy)]
enum Change {
    Role(Role),
    Disable,
    Enable,
}

impl Accounts {
    /// Everybody with an account here, oldest first (administrators only).
    pub async fn list<'a>(&self, actor: impl Into<Actor<'a>>) -> Result<Vec<Account>, Error> {
        actor.into().require_admin("list accounts")?;
        let mut reader = self.core.store.read().await?;
        let found = reader.list_people(None, i64::MAX, 0).await?;
        Ok(found.into_iter().map(Account::from).collect())
    }

    /// A page of the accounts whose address holds a text (administrators only).
    pub async fn search<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        search: &Search,
    ) -> Result<AccountsPage, Error> {
        actor.into().require_admin("list accounts")?;
        let mut reader = self.core.store.read().await?;
        let found = reader.list_people(search.text(), Search::LIMIT, search.offset());
        let (found, has_more) = Search::cut(found.await?);
        Ok(AccountsPage {
            accounts: found.into_iter().map(Account::from).collect(),
            has_more,
        })
    }

    /// One account (administrators only).
    pub async fn account<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        principal: &PrincipalId,
    ) -> Result<Account, Error> {
        actor.into().require_admin("look at accounts")?;
        let mut reader = self.core.store.read().await?;
        let found = reader.find_person(principal).await?;
        found.map(Account::from).ok_or_else(|| missing(principal))
    }

    /// Shuts an account out, ends its sessions, refuses its identities and withdraws its invitations
    /// (administrators only).
    pub async fn disable<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        principal: &PrincipalId,
    ) -> Result<(), Error> {
        let actor = actor.into();
        actor.require_admin("disable accounts")?;
        not_own(actor, principal, "you cannot disable your own account")?;
        self.change(actor, principal, Change::Disable).await
    }

    /// Lets a disabled account back in (administrators only).
    pub async fn enable<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        principal: &PrincipalId,
    ) -> Result<(), Error> {
        let actor = actor.into();
        actor.require_admin("enable accounts")?;
        self.change(actor, principal, Change::Enable).await
    }

    /// Makes an account an administrator, or one no more; good from its next request on. Whoever is
    /// one no more has no invitations out (administrators only).
    pub async fn set_role<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        principal: &PrincipalId,
        role: Role,
    ) -> Result<(), Error> {
        let actor = actor.into();
        actor.require_admin("change roles")?;
        not_own(actor, principal, "you cannot change your own role")?;
        self.change(actor, principal, Change::Role(role)).await
    }

    async fn change(
        &self,
        actor: Actor<'_>,
        principal: &PrincipalId,
        change: Change,
    ) -> Result<(), Error> {
        let event = actor.sign(event(change, principal));
        let id = principal.clone();
        let by = actor.principal().clone();
        let is_home = self.core.is_local();
        let write = self.core.store.write(move |tx| {
            async move {
                check_acting(tx, &by).await?;
                let found = tx.find_principal(&id).await?;
                let found = found.ok_or_else(|| missing(&id))?;
                if is_home && found.is_local && !matches!(change, Change::Enable) {
                    return Err(owner_stays());
                }
                if !apply(tx, &found, change).await? {
                    return Ok(());
                }
                if !is_home && found.principal.role == Role::Admin {
                    check_left(tx, &found).await?;
                }
                tx.audit(event).await?;
                Ok(())
            }
            .boxed()
        });
        write.await
    }
}

/// Makes the change; false where nothing is left to change.
async fn apply(tx: &mut Tx, found: &PrincipalRecord, change: Change) -> Result<bool, Error> {
    let principal = &found.principal;
    match change {
        Change::Role(role) if role == principal.role => return Ok(false),
        Change::Role(role) => {
            tx.delete_tokens_by(TokenKind::Invitation, &principal.id)
                .await?;
            tx.set_role(&principal.id, role).await?
        }
        Change::Enable => tx.set_disabled(&principal.id, false).await?,
        Change::Disable => {
            tx.delete_browser_sessions_of(&principal.id, None).await?;
            tx.delete_tokens_by(TokenKind::Invitation, &principal.id)
                .await?;
            tx.set_disabled(&principal.id, true).await?
        }
    };
    Ok(true)
}

/// Another administrator may have shut this one out, or demoted it, a moment ago: of two that do it to
/// each other one stays.
pub(super) async fn check_acting(tx: &mut Tx, by: &PrincipalId) -> Result<(), Error> {
    let acting = tx.find_principal(by).await?.map(|record| record.principal);
    if acting.is_some_and(|by| by.role == Role::Admin && !by.disabled) {
        return Ok(());
    }
    Err(
        Error::forbidden("your account is disabled, or not an administrator's any more")
            .hint("ask another administrator"),
    )
}

/// An agent of a home that has become a shared daemon may act here, and nobody signs in as its owner:
/// somebody has to be left who can sign in and administrate.
async fn check_left(tx: &mut Tx, changed: &PrincipalRecord) -> Result<(), Error> {
    let counted = changed.password_hash.is_some() && !changed.principal.disabled;
    if !counted || tx.count_admin_accounts().await? > 0 {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::OperationNotAllowed,
        "this is the last administrator who can sign in",
    )
    .hint("make somebody else an administrator first"))
}

fn not_own(actor: Actor<'_>, principal: &PrincipalId, message: &str) -> Result<(), Error> {
    if actor.principal() != principal {
        return Ok(());
    }
    Err(Error::new(ErrorCode::OperationNotAllowed, message).hint("another administrator can"))
}

fn owner_stays() -> Error {
    Error::new(
        ErrorCode::OperationNotAllowed,
        "whoever can read the files of this home is its administrator, and stays it",
    )
}

fn missing(principal: &PrincipalId) -> Error {
    Error::not_found(format!("no account `{principal}` here"))
}

fn event(change: Change, principal: &PrincipalId) -> AuditEvent {
    let name = match change {
        Change::Role(_) => EventName::AccountRoleChanged,
        Change::Disable => EventName::AccountDisabled,
        Change::Enable => EventName::AccountEnabled,
    };
    let event = AuditEvent::new(name).with("account", principal.as_str());
    match change {
        Change::Role(role) => event.with("role", role.as_str()),
        Change::Disable | Change::Enable => event,
    }
}
