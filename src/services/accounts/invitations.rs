//! Invitations that are out: who may still come, and taking one back. Their links are known to whoever
//! was given them, and to nobody here.

use super::service::Accounts;
use super::shown;
use super::sign_up::{invited, role};
use crate::model::{AuditEvent, Email, EventName, PrincipalId, Role, ShownId};
use crate::services::{Actor, Error};
use crate::store::{OneTimeToken, Reader, TokenKind};
use futures_util::FutureExt as _;
use time::OffsetDateTime;

/// An invitation that nobody has used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvitation {
    pub id: ShownId,
    /// Where only this address may use it.
    pub email: Option<Email>,
    pub role: Role,
    pub created_by: Option<PrincipalId>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

impl OpenInvitation {
    fn of(token: &OneTimeToken) -> Result<Self, Error> {
        Ok(Self {
            id: shown::id(&token.hash)?,
            email: invited(token),
            role: role(token),
            created_by: token.created_by.clone(),
            created_at: token.created_at,
            expires_at: token.expires_at,
        })
    }
}

impl Accounts {
    /// The invitations that still let somebody in, oldest first (administrators only).
    pub async fn invitations<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
    ) -> Result<Vec<OpenInvitation>, Error> {
        actor.into().require_admin("look at invitations")?;
        let mut reader = self.core.store.read().await?;
        let open = reader.list_open_tokens(TokenKind::Invitation, self.core.now());
        open.await?.iter().map(OpenInvitation::of).collect()
    }

    /// Takes an invitation back; its link opens nothing any more (administrators only).
    pub async fn withdraw<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        id: &ShownId,
    ) -> Result<(), Error> {
        let actor = actor.into();
        actor.require_admin("withdraw invitations")?;
        let event = actor.sign(AuditEvent::new(EventName::InvitationWithdrawn));
        let (id, now) = (id.clone(), self.core.now());
        let write = self.core.store.write(move |tx| {
            async move {
                let token = find(tx, &id, now).await?;
                if !tx.delete_token(TokenKind::Invitation, &token.hash).await? {
                    return Err(gone());
                }
                let event = event
                    .with("role", role(&token).as_str())
                    .with("email", invited(&token).as_ref().map(Email::as_str));
                tx.audit(event).await?;
                Ok(())
            }
            .boxed()
        });
        write.await
    }
}

async fn find(
    reader: &mut Reader,
    id: &ShownId,
    now: OffsetDateTime,
) -> Result<OneTimeToken, Error> {
    for token in reader.list_open_tokens(TokenKind::Invitation, now).await? {
        if shown::id(&token.hash)? == *id {
            return Ok(token);
        }
    }
    Err(gone())
}

fn gone() -> Error {
    Error::not_found("this invitation was used, withdrawn, or is over")
}
