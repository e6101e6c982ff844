//! Logins in progress. They survive a restart; every step from one status to the next is one
//! conditional UPDATE, so that a form posted twice or a state replayed moves nothing.

use super::Error;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Row, Value, args, to_json};
use crate::model::login::Beginner;
use crate::model::provider::Flow;
use crate::model::{Handle, LoginSession, LoginSessionId, LoginState, PrincipalId};
use time::OffsetDateTime;

/// A login with what binds it to a browser and what it needs to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRecord {
    pub login: LoginSession,
    /// SHA-256 of the token that ties the login to the browser that opened it first.
    pub browser_hash: Option<[u8; 32]>,
    /// SHA-256 of the token in the form that was shown last.
    pub form_hash: Option<[u8; 32]>,
    /// SHA-256 of the OAuth `state`.
    pub state_hash: Option<[u8; 32]>,
    /// What `vault` sealed for the way back, such as a PKCE verifier.
    pub sealed: Option<Vec<u8>>,
}

impl LoginRecord {
    /// A login nobody has opened yet.
    pub const fn new(login: LoginSession) -> Self {
        Self {
            login,
            browser_hash: None,
            form_hash: None,
            state_hash: None,
            sealed: None,
        }
    }
}

const COLUMNS: &str = "id, identity, principal_id, vault_id, provider, connection, flow, status, detail, \
     scopes, base_url, force, created_at, expires_at, browser_hash, form_hash, state_hash, sealed";

fn read(row: &Row) -> Result<LoginRecord, Error> {
    let mut c = row.columns("login");
    let login = LoginSession {
        id: c.name()?,
        identity: c.opt_name()?,
        principal: c.name()?,
        vault: c.name()?,
        provider: c.name()?,
        connection: c.name()?,
        flow: c.word(Flow::from_wire)?,
        state: {
            let status = c.text()?;
            let detail = c.opt_text()?;
            state(&status, detail).ok_or_else(|| c.bad())?
        },
        scopes: c.opt_json()?,
        base_url: c.opt_text()?,
        force: c.flag()?,
        created_at: c.time()?,
        expires_at: c.time()?,
    };
    let mut hash = || -> Result<Option<[u8; 32]>, Error> {
        match c.opt_blob()? {
            Some(bytes) => bytes.try_into().map(Some).map_err(|_| c.bad()),
            None => Ok(None),
        }
    };
    Ok(LoginRecord {
        browser_hash: hash()?,
        form_hash: hash()?,
        state_hash: hash()?,
        sealed: c.opt_blob()?,
        login,
    })
}

fn state(status: &str, detail: Option<String>) -> Option<LoginState> {
    Some(match status {
        "pending" => LoginState::Pending,
        "waiting_for_user" => LoginState::WaitingForUser,
        "processing" => LoginState::Processing,
        "completed" => LoginState::Completed { message: detail? },
        "failed" => LoginState::Failed { error: detail? },
        "expired" => LoginState::Expired,
        "cancelled" => LoginState::Cancelled,
        _ => return None,
    })
}

fn detail(state: &LoginState) -> Option<&str> {
    match state {
        LoginState::Completed { message } => Some(message),
        LoginState::Failed { error } => Some(error),
        LoginState::Pending
        | LoginState::WaitingForUser
        | LoginState::Processing
        | LoginState::Expired
        | LoginState::Cancelled => None,
    }
}

/// The statuses a login may still move from.
const OPEN: &str = "status IN ('pending', 'waiting_for_user', 'processing')";

/// The condition on the logins that somebody began, and its `$1`.
fn begun_by(beginner: Beginner<'_>) -> (&'static str, &str) {
    match beginner {
        Beginner::Agent(handle) => ("identity = $1", handle.as_str()),
        Beginner::Person(principal) => {
            ("identity IS NULL AND principal_id = $1", principal.as_str())
        }
    }
}

impl Reader {
    pub async fn find_login(&mut self, id: &LoginSessionId) -> Result<Option<LoginRecord>, Error> {
        let row = self
            .one(
                format!("SELECT {COLUMNS} FROM login_sessions WHERE id = $1"),
                args![id.as_str()],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The login that waits for this OAuth `state`.
    pub async fn find_login_by_state(
        &mut self,
        state_hash: &[u8; 32],
    ) -> Result<Option<LoginRecord>, Error> {
        let row = self
            .one(
                format!("SELECT {COLUMNS} FROM login_sessions WHERE state_hash = $1"),
                args![state_hash.as_slice()],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The logins of a flow that wait for their person.
    pub async fn list_open_logins(
        &mut self,
        flow: Flow,
        now: OffsetDateTime,
    ) -> Result<Vec<LoginSessionId>, Error> {
        let rows = self
            .all(
                "SELECT id FROM login_sessions WHERE expires_at > $1 AND flow = $2 \
                 AND status = 'waiting_for_user'",
                args![now, flow.as_str()],
            )
            .await?;
        rows.iter().map(|row| row.columns("login").name()).collect()
    }

    /// How many logins somebody has begun since then, whatever became of them.
    pub async fn count_logins_since(
        &mut self,
        beginner: Beginner<'_>,
        since: OffsetDateTime,
    ) -> Result<i64, Error> {
        let (theirs, who) = begun_by(beginner);
        let row = self
            .one(
                format!("SELECT COUNT(*) FROM login_sessions WHERE {theirs} AND created_at > $2"),
                args![who, since],
            )
            .await?;
        row.map_or(Ok(0), |row| row.columns("count").int())
    }

    /// How many logins wait for this Principal, whoever began them.
    pub async fn count_waiting_logins(
        &mut self,
        principal: &PrincipalId,
        now: OffsetDateTime,
    ) -> Result<i64, Error> {
        let row = self
            .one(
                format!(
                    "SELECT COUNT(*) FROM login_sessions \
                     WHERE principal_id = $1 AND expires_at > $2 AND {OPEN}"
                ),
                args![principal.as_str(), now],
            )
            .await?;
        row.map_or(Ok(0), |row| row.columns("count").int())
    }

    /// How many logins somebody has open, to hold them to a few.
    pub async fn count_open_logins(
        &mut self,
        beginner: Beginner<'_>,
        now: OffsetDateTime,
    ) -> Result<i64, Error> {
        let (theirs, who) = begun_by(beginner);
        let row = self
            .one(
                format!(
                    "SELECT COUNT(*) FROM login_sessions \
                     WHERE {theirs} AND expires_at > $2 AND {OPEN}"
                ),
                args![who, now],
            )
            .await?;
        row.map_or(Ok(0), |row| row.columns("count").int())
    }
}

impl Tx {
    pub async fn insert_login(&mut self, record: &LoginRecord) -> Result<(), Error> {
        let login = &record.login;
        let scopes = login.scopes.as_ref().map(to_json).transpose()?;
        let values: Vec<Value> = args![
            login.id.as_str(),
            login.identity.as_ref().map(Handle::as_str),
            login.principal.as_str(),
            login.vault.as_str(),
            login.provider.as_str(),
            login.connection.as_str(),
            login.flow.as_str(),
            login.state.status(),
            detail(&login.state),
            scopes,
            login.base_url.as_deref(),
            login.force,
            login.created_at,
            login.expires_at,
            record.browser_hash.as_ref().map(<[u8; 32]>::as_slice),
            record.form_hash.as_ref().map(<[u8; 32]>::as_slice),
            record.state_hash.as_ref().map(<[u8; 32]>::as_slice),
            record.sealed.as_deref(),
        ];
        self.run(
            format!(
                "INSERT INTO login_sessions ({COLUMNS}) VALUES {}",
                super::sql::rows(1, values.len())
            ),
            values,
        )
        .await?;
        Ok(())
    }

    /// Ties the login to the first browser that opens it; true for that browser ever after,
    /// false for any other.
    pub async fn bind_login_browser(
        &mut self,
        id: &LoginSessionId,
        browser_hash: &[u8; 32],
    ) -> Result<bool, Error> {
        let changed = self
            .run(
                "UPDATE login_sessions SET browser_hash = $2 \
                 WHERE id = $1 AND (browser_hash IS NULL OR browser_hash = $2)",
                args![id.as_str(), browser_hash.as_slice()],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Takes the answer in: from waiting to processing, for one caller and before the end of time.
    /// `None` when another was first, or it is over.
    pub async fn take_login(&mut self, id: &LoginSessionId) -> Result<Option<LoginRecord>, Error> {
        let now = self.now();
        let row = self
            .one(
                format!(
                    "UPDATE login_sessions SET status = 'processing' \
                     WHERE id = $1 AND status IN ('pending', 'waiting_for_user') AND expires_at > $2 \
                     RETURNING {COLUMNS}"
                ),
                args![id.as_str(), now],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Takes in an OAuth callback by its `state`, once: the state is gone with this call.
    pub async fn take_login_by_state(
        &mut self,
        state_hash: &[u8; 32],
    ) -> Result<Option<LoginRecord>, Error> {
        let now = self.now();
        let row = self
            .one(
                format!(
                    "UPDATE login_sessions SET status = 'processing', state_hash = NULL \
                     WHERE state_hash = $1 AND status IN ('pending', 'waiting_for_user') \
                     AND expires_at > $2 RETURNING {COLUMNS}"
                ),
                args![state_hash.as_slice(), now],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Stores what the way back needs, while the login is open.
    pub async fn set_login_transient(
        &mut self,
        id: &LoginSessionId,
        state_hash: Option<&[u8; 32]>,
        sealed: Option<&[u8]>,
    ) -> Result<bool, Error> {
        let changed = self
            .run(
                format!(
                    "UPDATE login_sessions SET state_hash = $2, sealed = $3 WHERE id = $1 AND {OPEN}"
                ),
                args![
                    id.as_str(),
                    state_hash.map(<[u8; 32]>::as_slice),
                    sealed
                ],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Replaces what an open login keeps, if it is still `from`: of several that would go on with it, one.
    pub async fn replace_login_transient(
        &mut self,
        id: &LoginSessionId,
        from: &[u8],
        to: &[u8],
    ) -> Result<bool, Error> {
        let changed = self
            .run(
                format!(
                    "UPDATE login_sessions SET sealed = $3 WHERE id = $1 AND sealed = $2 AND {OPEN}"
                ),
                args![id.as_str(), from, to],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Stores the site that a person named in the form.
    pub async fn set_login_site(
        &mut self,
        id: &LoginSessionId,
        base_url: Option<&str>,
    ) -> Result<(), Error> {
        self.run(
            format!("UPDATE login_sessions SET base_url = $2 WHERE id = $1 AND {OPEN}"),
            args![id.as_str(), base_url],
        )
        .await?;
        Ok(())
    }

    /// Moves an open login on; false when it is final already. What is final forgets its secrets.
    pub async fn move_login(
        &mut self,
        id: &LoginSessionId,
        to: &LoginState,
    ) -> Result<bool, Error> {
        let wipe = if to.is_final() {
            ", form_hash = NULL, state_hash = NULL, sealed = NULL"
        } else {
            ""
        };
        let changed = self
            .run(
                format!(
                    "UPDATE login_sessions SET status = $2, detail = $3{wipe} WHERE id = $1 AND {OPEN}"
                ),
                args![id.as_str(), to.status(), detail(to)],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Marks open logins whose time is over; answers how many.
    pub async fn expire_logins(&mut self) -> Result<u64, Error> {
        let now = self.now();
        self.run(
            format!(
                "UPDATE login_sessions SET status = 'expired', form_hash = NULL, state_hash = NULL, \
                 sealed = NULL WHERE expires_at <= $1 AND {OPEN}"
            ),
            args![now],
        )
        .await
    }
}
