//! A login in progress (the API path says `/auth/sessions`).

use super::names::{ConnectionName, Handle, LoginSessionId, PrincipalId, ProviderName, VaultId};
use super::provider::Flow;
use time::{Duration, OffsetDateTime};

/// How long a person has to finish a login.
pub const LOGIN_LIFETIME: Duration = Duration::minutes(10);

/// Where a login stands; a finished one never moves again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginState {
    /// Started; no next step has been worked out yet.
    Pending,
    /// The person has to act in a browser or terminal.
    WaitingForUser,
    /// The answer is in and being worked on.
    Processing,
    Completed {
        message: String,
    },
    Failed {
        error: String,
    },
    Expired,
    Cancelled,
}

impl LoginState {
    /// The word of the wire contract (`status`).
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::WaitingForUser => "waiting_for_user",
            Self::Processing => "processing",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// A failure as it is told: what went wrong, and the next step, where it names a command.
    pub fn parted(error: &str) -> (&str, Option<&str>) {
        match error.rsplit_once("; ") {
            Some((wrong, step)) if step.contains("`authsome ") => (wrong, Some(step)),
            _ => (error, None),
        }
    }

    /// Whether nothing more can happen.
    pub const fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::Pending | Self::WaitingForUser | Self::Processing
        )
    }
}

/// A login in progress. It belongs to the Identity that began it, or to the person who did, and to
/// their Vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSession {
    pub id: LoginSessionId,
    /// The agent that began it; absent where the principal did, on a page.
    pub identity: Option<Handle>,
    pub principal: PrincipalId,
    pub vault: VaultId,
    pub provider: ProviderName,
    pub connection: ConnectionName,
    pub flow: Flow,
    pub state: LoginState,
    pub scopes: Option<Vec<String>>,
    pub base_url: Option<String>,
    /// Replace a connection that is already there.
    pub force: bool,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// Who began a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginner<'a> {
    Agent(&'a Handle),
    Person(&'a PrincipalId),
}

impl LoginSession {
    pub const fn begun_by(&self) -> Beginner<'_> {
        match &self.identity {
            Some(handle) => Beginner::Agent(handle),
            None => Beginner::Person(&self.principal),
        }
    }

    /// Whether the person can still answer at `now`.
    pub fn accepts_input(&self, now: OffsetDateTime) -> bool {
        !self.state.is_final() && now < self.expires_at
    }
}
