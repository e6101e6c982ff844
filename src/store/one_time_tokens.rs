//! Tokens that work once: set-up, invitation, sign-in code, claim link, local binding. Only the
//! SHA-256 of a token is stored; spending one is a single conditional UPDATE.

use super::Error;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Row, args, to_json};
use crate::model::{Handle, PrincipalId};
use time::OffsetDateTime;

/// What a token is for. One of one kind is nothing to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Opens the first account of a hosted daemon.
    Setup,
    /// Lets one more person sign up.
    Invitation,
    /// Signs a browser in from the command line.
    SignIn,
    /// Leads a person to the page where an Identity is claimed.
    Claim,
    /// Proves that a command can read the home's server directory.
    LocalBinding,
}

impl TokenKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Invitation => "invitation",
            Self::SignIn => "sign_in",
            Self::Claim => "claim",
            Self::LocalBinding => "local_binding",
        }
    }

    fn from_stored(text: &str) -> Option<Self> {
        match text {
            "setup" => Some(Self::Setup),
            "invitation" => Some(Self::Invitation),
            "sign_in" => Some(Self::SignIn),
            "claim" => Some(Self::Claim),
            "local_binding" => Some(Self::LocalBinding),
            _ => None,
        }
    }
}

/// A one-time token as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    pub kind: TokenKind,
    /// Whom or what it concerns: a handle, a principal id, an e-mail address.
    pub subject: Option<String>,
    /// Further facts, never a secret.
    pub payload: serde_json::Map<String, serde_json::Value>,
    pub created_by: Option<PrincipalId>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    pub used_at: Option<OffsetDateTime>,
}

/// Where the payload keeps the Identity that made the token.
const IDENTITY: &str = "identity";

impl OneTimeToken {
    /// Remembers the Identity that makes it for its Principal.
    pub fn set_identity(&mut self, identity: &Handle) {
        let handle = identity.as_str().into();
        self.payload.insert(IDENTITY.to_owned(), handle);
    }

    /// The handle of the Identity that made it, if one did.
    pub fn identity(&self) -> Option<&str> {
        self.payload.get(IDENTITY)?.as_str()
    }
}

/// How spending a token ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spent {
    /// This call spent it; no other will.
    Now(OneTimeToken),
    /// It was spent before.
    Before(OneTimeToken),
    Expired(OneTimeToken),
    Unknown,
}

const COLUMNS: &str = "hash, kind, subject, payload, created_by, created_at, expires_at, used_at";

fn read(row: &Row) -> Result<OneTimeToken, Error> {
    let mut c = row.columns("one-time token");
    let hash = c.blob()?;
    Ok(OneTimeToken {
        hash: hash.try_into().map_err(|_| c.bad())?,
        kind: c.word(TokenKind::from_stored)?,
        subject: c.opt_text()?,
        payload: c.json()?,
        created_by: c.opt_name()?,
        created_at: c.time()?,
        expires_at: c.time()?,
        used_at: c.opt_time()?,
    })
}

impl Reader {
    /// Looks at a token without spending it, whatever has become of it.
    pub async fn find_token(
        &mut self,
        kind: TokenKind,
        hash: &[u8; 32],
    ) -> Result<Option<OneTimeToken>, Error> {
        let row = self
            .one(
                format!("SELECT {COLUMNS} FROM one_time_tokens WHERE hash = $1 AND kind = $2"),
                args![hash.as_slice(), kind.as_str()],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Unspent and unexpired tokens of a kind, oldest first.
    pub async fn list_open_tokens(
        &mut self,
        kind: TokenKind,
        now: OffsetDateTime,
    ) -> Result<Vec<OneTimeToken>, Error> {
        let rows = self
            .all(
                format!(
                    "SELECT {COLUMNS} FROM one_time_tokens \
                     WHERE kind = $1 AND used_at IS NULL AND expires_at > $2 ORDER BY created_at"
                ),
                args![kind.as_str(), now],
            )
            .await?;
        rows.iter().map(read).collect()
    }
}

impl Tx {
    pub async fn insert_token(&mut self, token: &OneTimeToken) -> Result<(), Error> {
        self.run(
            format!(
                "INSERT INTO one_time_tokens ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            ),
            args![
                token.hash.as_slice(),
                token.kind.as_str(),
                token.subject.as_deref(),
                to_json(&token.payload)?,
                token.created_by.as_ref().map(PrincipalId::as_str),
                token.created_at,
                token.expires_at,
                token.used_at
            ],
        )
        .await?;
        Ok(())
    }

    /// Spends a token, once and for all processes.
    pub async fn spend_token(&mut self, kind: TokenKind, hash: &[u8; 32]) -> Result<Spent, Error> {
        let now = self.now();
        let row = self
            .one(
                format!(
                    "UPDATE one_time_tokens SET used_at = $3 \
                     WHERE hash = $1 AND kind = $2 AND used_at IS NULL AND expires_at > $3 \
                     RETURNING {COLUMNS}"
                ),
                args![hash.as_slice(), kind.as_str(), now],
            )
            .await?;
        if let Some(row) = row {
            return read(&row).map(Spent::Now);
        }
        Ok(match self.find_token(kind, hash).await? {
            None => Spent::Unknown,
            Some(token) if token.used_at.is_some() => Spent::Before(token),
            Some(token) => Spent::Expired(token),
        })
    }

    /// Makes one open token worthless; whether it was open.
    pub async fn delete_token(&mut self, kind: TokenKind, hash: &[u8; 32]) -> Result<bool, Error> {
        let gone = self
            .run(
                "DELETE FROM one_time_tokens WHERE kind = $1 AND hash = $2 AND used_at IS NULL",
                args![kind.as_str(), hash.as_slice()],
            )
            .await?;
        Ok(gone > 0)
    }

    /// Makes every open token of that kind and subject worthless, before a new one goes out.
    pub async fn delete_tokens(&mut self, kind: TokenKind, subject: &str) -> Result<u64, Error> {
        self.run(
            "DELETE FROM one_time_tokens WHERE kind = $1 AND subject = $2 AND used_at IS NULL",
            args![kind.as_str(), subject],
        )
        .await
    }

    /// Makes every open token of that kind worthless that a Principal or its Identities made.
    pub async fn delete_tokens_by(
        &mut self,
        kind: TokenKind,
        principal: &PrincipalId,
    ) -> Result<u64, Error> {
        self.run(
            "DELETE FROM one_time_tokens \
             WHERE kind = $1 AND created_by = $2 AND used_at IS NULL",
            args![kind.as_str(), principal.as_str()],
        )
        .await
    }

    /// The same for what one Identity made; of how many.
    pub async fn delete_tokens_by_identity(
        &mut self,
        kind: TokenKind,
        identity: &Handle,
    ) -> Result<u64, Error> {
        let now = self.now();
        let mut gone = 0;
        for token in self.list_open_tokens(kind, now).await? {
            if token.identity() == Some(identity.as_str())
                && self.delete_token(kind, &token.hash).await?
            {
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// The same for a whole kind, such as set-up tokens of earlier starts.
    pub async fn delete_tokens_of_kind(&mut self, kind: TokenKind) -> Result<u64, Error> {
        self.run(
            "DELETE FROM one_time_tokens WHERE kind = $1 AND used_at IS NULL",
            args![kind.as_str()],
        )
        .await
    }
}
