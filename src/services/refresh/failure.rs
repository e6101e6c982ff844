//! How a refresh fails, for everybody who waited for it.

use crate::model::{Connection, ErrorCode};
use crate::oauth;
use crate::services::next_step::new_client_command;
use crate::services::{Error, connections, opening};
use crate::store::RefreshLease;
use std::time::Duration;
use time::OffsetDateTime;

/// Not said in full: a name of the provider's own making and our words, never a token.
const LONGEST_REASON: usize = 400;

/// Why a refresh came to nothing.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    pub(super) reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The grant is worth nothing any more: only its person can help.
    Ended,
    /// It is tried again from then on.
    Postponed { until: OffsetDateTime },
    /// We could not even try; the code says what ails us, the hint what helps.
    Ours {
        code: ErrorCode,
        hint: Option<String>,
    },
}

impl Failure {
    /// What kept us from asking at all.
    pub(super) fn ours(error: &Error) -> Self {
        Self {
            kind: Kind::Ours {
                code: error.code(),
                hint: error.next_step().map(str::to_owned),
            },
            reason: error.message().to_owned(),
        }
    }

    /// The error for one who has nothing to fall back on.
    pub(super) fn error(&self, connection: &Connection, now: OffsetDateTime) -> Error {
        match &self.kind {
            Kind::Ended => ended(connection, &self.reason),
            Kind::Postponed { until } => postponed(connection, Some(&self.reason), *until, now),
            Kind::Ours { code, hint } => Error::new(*code, self.reason.clone())
                .hint(hint.as_deref().unwrap_or("the daemon's log says more"))
                .retry_after(Duration::from_secs(1))
                .provider(&connection.provider)
                .operation("refresh"),
        }
    }

    /// When it makes sense to look again.
    pub(super) fn again_at(&self, now: OffsetDateTime) -> OffsetDateTime {
        match self.kind {
            Kind::Postponed { until } => until,
            Kind::Ended | Kind::Ours { .. } => now,
        }
    }

    /// Whether it may be better later, so that a token that is still good is given out.
    pub(super) fn is_passing(&self) -> bool {
        self.kind != Kind::Ended
    }
}

/// The provider's words for the log and the caller.
pub(super) fn reason(cause: &oauth::Error) -> String {
    cause.to_string().chars().take(LONGEST_REASON).collect()
}

/// A login that has ended, for one who comes after the refresh that found it out.
pub(super) fn has_ended(connection: &Connection, lease: Option<&RefreshLease>) -> Error {
    let of_it = lease.filter(|lease| lease.version == connection.version);
    match of_it.and_then(|lease| lease.last_error.as_deref()) {
        Some(reason) => ended(connection, reason),
        None => connections::expired(connection),
    }
}

fn ended(connection: &Connection, reason: &str) -> Error {
    let (provider, name) = (&connection.provider, &connection.name);
    Error::new(
        ErrorCode::TokenExpired,
        format!("the login `{name}` of `{provider}` has ended; {reason}"),
    )
    .hint(opening::login_command(connection))
    .provider(provider)
    .operation("refresh")
}

/// A token that has ended while its provider is left alone.
pub(super) fn postponed(
    connection: &Connection,
    reason: Option<&str>,
    until: OffsetDateTime,
    now: OffsetDateTime,
) -> Error {
    let (provider, name) = (&connection.provider, &connection.name);
    let wait = Duration::try_from(until - now).unwrap_or_default();
    let wait = Duration::from_secs(wait.as_secs() + 1);
    let reason = reason.unwrap_or("the last try failed");
    let what_helps = if names_our_client(reason) {
        new_client_command(provider)
    } else {
        opening::login_command(connection)
    };
    Error::new(
        ErrorCode::RefreshFailed,
        format!("the token of login `{name}` of `{provider}` has ended and could not be renewed; {reason}"),
    )
    .hint(format!(
        "it is tried again in {} s; if that does not help, {what_helps}",
        wait.as_secs(),
    ))
    .retry_after(wait)
    .provider(provider)
    .operation("refresh")
}

/// A refresh that its person asked for, while the token there is stays good.
pub(super) fn in_vain(connection: &Connection, reason: Option<&str>) -> Error {
    let (provider, name) = (&connection.provider, &connection.name);
    let reason = reason.unwrap_or("the last try failed");
    let what_helps = if names_our_client(reason) {
        new_client_command(provider)
    } else {
        "try again in half a minute, or log in again".to_owned()
    };
    Error::new(
        ErrorCode::RefreshFailed,
        format!("the token of login `{name}` of `{provider}` could not be renewed; {reason}"),
    )
    .hint(format!("the one there is still works; {what_helps}"))
    .provider(provider)
    .operation("refresh")
}

/// Whether the provider does not know our client any more (RFC 6749 section 5.2). By the words, because
/// they are what is kept of a refresh that failed.
fn names_our_client(reason: &str) -> bool {
    ["invalid_client", "unauthorized_client"]
        .iter()
        .any(|code| reason.contains(code))
}

/// A refresh that takes longer than a caller can wait; it goes on.
pub(super) fn still_at_it(connection: &Connection) -> Error {
    let (provider, name) = (&connection.provider, &connection.name);
    Error::new(
        ErrorCode::RefreshFailed,
        format!("the token of login `{name}` of `{provider}` is being renewed, which takes long"),
    )
    .hint("try again in a moment")
    .retry_after(Duration::from_secs(2))
    .provider(provider)
    .operation("refresh")
}
