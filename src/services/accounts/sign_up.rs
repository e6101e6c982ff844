//! Opening accounts: by the set-up token, by invitation, or, at home, freely.

use super::ComingFrom;
use super::people::check_acting;
use super::service::{Accounts, Invitation, NewSession};
use super::sessions::{Opening, by};
use super::typed;
use crate::crypto::random;
use crate::model::{AuditEvent, Email, ErrorCode, EventName, Handle, Principal, Role};
use crate::secret::{Password, Token};
use crate::services::{Actor, Error};
use crate::store::{OneTimeToken, PrincipalRecord, Reader, Spent, TokenKind, Tx};
use futures_util::FutureExt as _;
use time::{Duration, OffsetDateTime};

const INVITATION_LIFETIME: Duration = Duration::days(7);
const SETUP_LIFETIME: Duration = Duration::days(7);
/// The fewest characters of a set-up token that an operator chose.
const SHORTEST_SETUP: usize = 16;

/// The role of an account that is opened freely. A home has its administrator from the start, the
/// person who can read its files; whoever else reaches the port is no more than a guest.
const AT_HOME: Role = Role::User;

/// What the sign-up form holds.
#[derive(Debug)]
pub struct SignUp {
    pub email: String,
    pub password: Password,
    /// The setup token or an invitation; needed when hosted.
    pub token: Option<Token>,
}

/// What lets somebody in.
#[derive(Debug, Clone)]
struct Ticket {
    kind: TokenKind,
    hash: [u8; 32],
    role: Role,
    email: Option<Email>,
}

impl Accounts {
    /// Opens an account and signs it in. Hosted without a setup token or invitation: `Forbidden`.
    pub async fn sign_up(
        &self,
        form: SignUp,
        from: impl Into<ComingFrom>,
    ) -> Result<NewSession, Error> {
        let from = from.into();
        let ticket = self.ticket(form.token.as_ref()).await?;
        let email = typed::email(&form.email)?;
        typed::new_password(&form.password, Some(&email))?;
        if let Some(Ticket {
            email: Some(guest), ..
        }) = &ticket
            && *guest != email
        {
            return Err(Error::new(
                ErrorCode::AuthenticationFailed,
                "this invitation is for another e-mail address",
            ));
        }
        let hashed = self.hasher.hash(form.password).await?;
        let vaults = self.core.vaults.clone();
        let opening = Opening::new(None).in_browser(from.browser);
        let write = self.core.store.write(move |tx| {
            async move {
                let role = admit(tx, ticket.as_ref()).await?;
                if tx.find_principal_by_email(&email).await?.is_some() {
                    return Err(Error::new(
                        ErrorCode::AuthenticationFailed,
                        "there is an account with this e-mail address; sign in instead",
                    ));
                }
                let record = new_account(email, hashed, role, tx.now())?;
                tx.create_principal(&record).await?;
                let principal = record.principal;
                vaults.create_vault(tx, &principal.vault).await?;
                let event = by(EventName::AccountCreated, &principal.id)
                    .with("role", principal.role.as_str())
                    .with("from", from.address.to_string());
                tx.audit(event).await?;
                opening.write(tx, &principal).await
            }
            .boxed()
        });
        write.await
    }

    /// Whether sign-up with this token (or without one) is open, and which role it would give:
    /// for the form, before anything is typed.
    pub async fn sign_up_open(&self, token: Option<&Token>) -> Result<Option<Role>, Error> {
        match self.ticket(token).await {
            Ok(Some(ticket)) => Ok(Some(ticket.role)),
            Ok(None) => Ok(Some(AT_HOME)),
            Err(closed) if closed.code() == ErrorCode::Forbidden => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    /// Whom an invitation was made for, where it was made for one address.
    pub async fn invited(&self, token: Option<&Token>) -> Result<Option<Email>, Error> {
        Ok(self.ticket(token).await?.and_then(|ticket| ticket.email))
    }

    /// What the token is good for, looked at before a password is hashed for it. `None` where
    /// none is needed.
    async fn ticket(&self, token: Option<&Token>) -> Result<Option<Ticket>, Error> {
        let Some(token) = token else {
            return if self.core.is_local() {
                Ok(None)
            } else {
                Err(closed("accounts here are opened by invitation"))
            };
        };
        let hash = random::hash_token(token.reveal());
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        for kind in [TokenKind::Setup, TokenKind::Invitation] {
            if let Some(found) = reader.find_token(kind, &hash).await? {
                let is_over = found.used_at.is_some() || found.expires_at <= now;
                if is_over || !is_backed(&mut reader, &found).await? {
                    break;
                }
                return Ok(Some(Ticket {
                    kind,
                    hash,
                    role: role(&found),
                    email: invited(&found),
                }));
            }
        }
        Err(over())
    }

    /// Makes an invitation (administrators only); its link is shown once.
    pub async fn invite<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        role: Role,
        email: Option<Email>,
    ) -> Result<Invitation, Error> {
        let actor = actor.into();
        actor.require_admin("invite people")?;
        let token = random::token();
        let now = self.core.now();
        let expires_at = now + INVITATION_LIFETIME;
        let mut row = one_time(TokenKind::Invitation, &token, now, expires_at);
        row.payload.insert("role".to_owned(), role.as_str().into());
        row.payload
            .insert("email".to_owned(), email.as_ref().map(Email::as_str).into());
        let by = actor.principal().clone();
        row.created_by = Some(by.clone());
        if let Some(agent) = actor.handle() {
            row.set_identity(agent);
        }
        let event = AuditEvent::new(EventName::InvitationCreated)
            .with("role", role.as_str())
            .with("email", email.as_ref().map(Email::as_str));
        let event = actor.sign(event);
        let write = self.core.store.write(move |tx| {
            async move {
                check_acting(tx, &by).await?;
                tx.insert_token(&row).await?;
                tx.audit(event).await?;
                Ok::<_, Error>(())
            }
            .boxed()
        });
        write.await?;
        Ok(Invitation {
            url: self
                .core
                .url(&format!("/auth/register?token={}", token.reveal())),
            email,
            role,
            expires_at,
        })
    }

    /// Hosted, at start: makes sure that the first administrator can be set up, with the token
    /// `given` by the operator or else a new one, which replaces that of an earlier start. Gives the
    /// token to print once; `None` when there is nothing to print.
    pub async fn prepare_setup(&self, given: Option<Token>) -> Result<Option<Token>, Error> {
        if given
            .as_ref()
            .is_some_and(|t| t.reveal().len() < SHORTEST_SETUP)
        {
            return Err(Error::invalid(format!(
                "the set-up token in the file of AUTHSOME_SETUP_TOKEN_FILE is too short; use at least {SHORTEST_SETUP} random characters"
            )));
        }
        let fresh = given.is_none();
        let token = given.unwrap_or_else(random::token);
        let now = self.core.now();
        let row = one_time(TokenKind::Setup, &token, now, now + SETUP_LIFETIME);
        let write = self.core.store.write(move |tx| {
            async move {
                tx.delete_tokens_of_kind(TokenKind::Setup).await?;
                let has_admin = tx.count_admin_accounts().await? > 0;
                // The operator's token file may still be there after the token was used.
                let used = tx.find_token(TokenKind::Setup, &row.hash).await?.is_some();
                if has_admin || used {
                    return Ok::<_, Error>(false);
                }
                tx.insert_token(&row).await?;
                Ok(true)
            }
            .boxed()
        });
        let is_out = write.await?;
        Ok((is_out && fresh).then_some(token))
    }
}

/// Uses the ticket up and tells the role it gives.
async fn admit(tx: &mut Tx, ticket: Option<&Ticket>) -> Result<Role, Error> {
    let Some(ticket) = ticket else {
        return Ok(AT_HOME);
    };
    let Spent::Now(token) = tx.spend_token(ticket.kind, &ticket.hash).await? else {
        return Err(over());
    };
    // Looked at again: a password was hashed since the ticket was, and that takes a while.
    if !is_backed(tx, &token).await? {
        return Err(over());
    }
    if ticket.kind == TokenKind::Setup {
        if tx.count_admin_accounts().await? > 0 {
            return Err(closed("this daemon has been set up already"));
        }
        tx.delete_tokens_of_kind(TokenKind::Setup).await?;
    }
    Ok(role(&token))
}

/// Whether an invitation could still be made by whoever made it: an administrator who is not shut out
/// and, where it was an agent, one that still acts for that administrator. Nobody comes back as
/// administrator by what they left open.
async fn is_backed(reader: &mut Reader, token: &OneTimeToken) -> Result<bool, Error> {
    let Some(maker) = &token.created_by else {
        // The set-up token is the operator's.
        return Ok(token.kind == TokenKind::Setup);
    };
    let found = reader.find_principal(maker).await?;
    let acts =
        found.is_some_and(|found| found.principal.role == Role::Admin && !found.principal.disabled);
    let Some(agent) = token.identity().filter(|_| acts) else {
        return Ok(acts);
    };
    let agent: Handle = agent.parse()?;
    let agent = reader.find_identity(&agent).await?;
    let owner = agent.and_then(|agent| agent.principal);
    Ok(owner.is_some_and(|owner| owner.id == *maker))
}

fn new_account(
    email: Email,
    password_hash: String,
    role: Role,
    now: OffsetDateTime,
) -> Result<PrincipalRecord, Error> {
    Ok(PrincipalRecord {
        principal: Principal {
            id: random::id("principal").parse()?,
            email: Some(email),
            role,
            vault: random::id("vault").parse()?,
            disabled: false,
            created_at: now,
        },
        password_hash: Some(password_hash),
        is_local: false,
    })
}

fn one_time(
    kind: TokenKind,
    token: &Token,
    now: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> OneTimeToken {
    OneTimeToken {
        hash: random::hash_token(token.reveal()),
        kind,
        subject: None,
        payload: serde_json::Map::new(),
        created_by: None,
        created_at: now,
        expires_at,
        used_at: None,
    }
}

/// The role a token gives; the set-up token makes the first administrator.
pub(super) fn role(token: &OneTimeToken) -> Role {
    if token.kind == TokenKind::Setup {
        return Role::Admin;
    }
    let written = token.payload.get("role").and_then(|role| role.as_str());
    written.and_then(Role::from_stored).unwrap_or(Role::User)
}

pub(super) fn invited(token: &OneTimeToken) -> Option<Email> {
    token.payload.get("email")?.as_str()?.parse().ok()
}

fn over() -> Error {
    closed("this invitation was used, or is too old")
}

fn closed(message: &str) -> Error {
    Error::forbidden(message).hint("ask an administrator of this daemon for an invitation")
}
