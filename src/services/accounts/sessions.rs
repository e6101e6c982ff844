//! Browser sessions: opened at sign-in with a fresh id, hashed at rest, ended by time, sign-out, a
//! new password, or an administrator.

use super::service::{Accounts, BrowserSession, NewSession};
use crate::crypto::{hex, random};
use crate::model::{
    AuditEvent, BrowserName, Caller, ErrorCode, EventName, Handle, Principal, PrincipalId, Role,
    SignedIn,
};
use crate::secret::Token;
use crate::services::{Error, csrf};
use crate::store::{self, OneTimeToken, Spent, TokenKind, Tx};
use futures_util::FutureExt as _;
use time::{Duration, OffsetDateTime};

/// A session nobody uses ends after this.
const IDLE: Duration = Duration::hours(12);
/// Every session ends after this.
pub(super) const LIFETIME: Duration = Duration::days(7);
/// How exactly the last use is known.
const TOUCH_EVERY: Duration = Duration::minutes(5);
/// More sessions of one person than this, and the one that was used longest ago ends.
const MOST: i64 = 50;
/// How long the code of a sign-in URL works.
const CODE_LIFETIME: Duration = Duration::seconds(60);

const CSRF_PLACE: &str = "browser session";

/// A session about to be opened; its token exists before its row.
pub(super) struct Opening {
    token: Token,
    previous: Option<[u8; 32]>,
    identity: Option<Handle>,
    browser: Option<BrowserName>,
}

impl Opening {
    /// `previous` is the session the browser had, which ends: its id might have been planted.
    pub(super) fn new(previous: Option<&Token>) -> Self {
        Self {
            token: random::token(),
            previous: previous.map(|token| random::hash_token(token.reveal())),
            identity: None,
            browser: None,
        }
    }

    pub(super) fn in_browser(mut self, browser: Option<BrowserName>) -> Self {
        self.browser = browser;
        self
    }

    /// An agent opened it: it ends when the agent does.
    fn by(mut self, identity: Handle) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Writes the row.
    pub(super) async fn write(
        self,
        tx: &mut Tx,
        principal: &Principal,
    ) -> Result<NewSession, Error> {
        let now = tx.now();
        if let Some(previous) = &self.previous {
            tx.delete_browser_session(previous).await?;
        }
        let too_many = tx.count_browser_sessions(&principal.id).await? - MOST + 1;
        if too_many > 0 {
            tx.delete_oldest_browser_sessions(&principal.id, too_many)
                .await?;
        }
        tx.insert_browser_session(&store::BrowserSession {
            hash: random::hash_token(self.token.reveal()),
            principal: principal.id.clone(),
            identity: self.identity,
            browser: self.browser,
            created_at: now,
            seen_at: now,
            expires_at: now + IDLE,
        })
        .await?;
        tx.put_sign_in(&principal.id).await?;
        Ok(NewSession {
            session: session(&self.token, principal, now)?,
            token: self.token,
        })
    }
}

fn session(
    token: &Token,
    principal: &Principal,
    created_at: OffsetDateTime,
) -> Result<BrowserSession, Error> {
    let csrf = csrf::token(token, CSRF_PLACE);
    Ok(BrowserSession {
        person: SignedIn {
            principal: principal.id.clone(),
            email: principal.email.clone(),
            vault: principal.vault.clone(),
            role: principal.role,
        },
        csrf: csrf.ok_or_else(|| Error::internal("no CSRF token could be made"))?,
        expires_at: created_at + LIFETIME,
        latest: String::new(),
    })
}

/// Who has an eye on a session.
#[derive(Debug, Clone, Copy)]
enum Use {
    ByPerson,
    ByItself,
}

/// Where the log stands for somebody, without telling how much happens to others.
fn latest(csrf: &Token, last_event: i64) -> String {
    let told = random::hash_token(&format!("{last_event} {}", csrf.reveal()));
    hex::encode(&told[..8])
}

impl Accounts {
    /// The session of a cookie; `None` when it is unknown, ended or too old. It goes on from here.
    pub async fn browser_session(&self, cookie: &Token) -> Result<Option<BrowserSession>, Error> {
        self.look_up(cookie, Use::ByPerson).await
    }

    /// The same, asked by a page that is merely open: that lengthens nothing.
    pub async fn glance_at_session(&self, cookie: &Token) -> Result<Option<BrowserSession>, Error> {
        self.look_up(cookie, Use::ByItself).await
    }

    async fn look_up(&self, cookie: &Token, by: Use) -> Result<Option<BrowserSession>, Error> {
        let hash = random::hash_token(cookie.reveal());
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let Some((row, principal)) = reader.find_browser_session(&hash, now).await? else {
            return Ok(None);
        };
        let told_of = match principal.role {
            Role::Admin => None,
            Role::User => Some(&principal.id),
        };
        let last_event = reader.last_event(told_of).await?;
        drop(reader);
        let end = row.created_at + LIFETIME;
        if end <= now {
            return Ok(None);
        }
        if matches!(by, Use::ByPerson) && row.seen_at + TOUCH_EVERY <= now {
            self.touch(hash, (now + IDLE).min(end)).await;
        }
        let mut session = session(cookie, &principal, row.created_at)?;
        session.latest = latest(&session.csrf, last_event);
        Ok(Some(session))
    }

    /// Lengthens a session in use. When that fails it ends a little earlier, and that is all.
    async fn touch(&self, hash: [u8; 32], until: OffsetDateTime) {
        let touched: Result<bool, store::Error> = self
            .core
            .store
            .write(move |tx| async move { tx.touch_browser_session(&hash, until).await }.boxed())
            .await;
        if let Err(cause) = touched {
            tracing::warn!(error.cause = %cause, "a browser session was not lengthened");
        }
    }

    pub async fn sign_out(&self, cookie: &Token) -> Result<(), Error> {
        let hash = random::hash_token(cookie.reveal());
        let now = self.core.now();
        let write = self.core.store.write(move |tx| {
            async move {
                let found = tx.find_browser_session(&hash, now).await?;
                tx.delete_browser_session(&hash).await?;
                if let Some((row, _)) = found {
                    tx.audit(by(EventName::AccountSignedOut, &row.principal))
                        .await?;
                }
                Ok(())
            }
            .boxed()
        });
        write.await
    }

    /// `POST /session`: the URL (`{base}/ui/?code=…`) that signs the caller's browser in, once,
    /// within 60 s.
    pub async fn sign_in_url(&self, caller: &Caller) -> Result<String, Error> {
        let code = random::token();
        let now = self.core.now();
        let mut token = OneTimeToken {
            hash: random::hash_token(code.reveal()),
            kind: TokenKind::SignIn,
            subject: Some(caller.principal.as_str().to_owned()),
            payload: serde_json::Map::new(),
            created_by: Some(caller.principal.clone()),
            created_at: now,
            expires_at: now + CODE_LIFETIME,
            used_at: None,
        };
        token.set_identity(&caller.handle);
        let written: Result<(), store::Error> = self
            .core
            .store
            .write(move |tx| async move { tx.insert_token(&token).await }.boxed())
            .await;
        written?;
        Ok(self.core.url(&format!("/ui/?code={}", code.reveal())))
    }

    /// Redeems the code of that URL; `Gone` when it was used or is too old.
    pub async fn redeem_sign_in_code(
        &self,
        code: &Token,
        previous: Option<&Token>,
        browser: Option<BrowserName>,
    ) -> Result<NewSession, Error> {
        let hash = random::hash_token(code.reveal());
        let opening = Opening::new(previous).in_browser(browser);
        let write = self.core.store.write(move |tx| {
            async move {
                let Spent::Now(token) = tx.spend_token(TokenKind::SignIn, &hash).await? else {
                    return Err(stale_code());
                };
                let id: PrincipalId = token.subject.as_deref().unwrap_or_default().parse()?;
                let found = tx.find_principal(&id).await?.ok_or_else(stale_code)?;
                if found.principal.disabled {
                    return Err(stale_code());
                }
                let identity: Handle = token.identity().unwrap_or_default().parse()?;
                let agent = tx.find_identity(&identity).await?;
                // The agent may have been revoked since it asked for the code.
                let owner = agent.and_then(|agent| agent.principal);
                if owner.is_none_or(|owner| owner.id != id) {
                    return Err(stale_code());
                }
                let event = by(EventName::AccountSignedIn, &id);
                tx.audit(event.with("by_identity", identity.as_str()))
                    .await?;
                opening.by(identity).write(tx, &found.principal).await
            }
            .boxed()
        });
        write.await
    }
}

fn stale_code() -> Error {
    Error::new(
        ErrorCode::Gone,
        "this sign-in link was used, or is older than a minute",
    )
    .hint("make a new one with `authsome ui`")
}

/// An event of a person about their own account.
pub(super) fn by(name: EventName, principal: &PrincipalId) -> AuditEvent {
    let mut event = AuditEvent::new(name);
    event.principal = Some(principal.clone());
    event
}
