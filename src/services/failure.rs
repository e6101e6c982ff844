//! From the errors of the layers below to what a caller may know. One exhaustive table each.

use super::Error;
use super::next_step::{login_command, new_client_command};
use crate::model::{ConnectionName, ErrorCode, Provider};
use crate::{oauth, store, vault};
use std::time::Duration;

/// What helps where nobody could be asked; the message names the host.
pub(super) const CHECK_THE_WAY: &str =
    "check the network and the name server of the machine that the daemon runs on, then try again";

const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(5);

impl From<store::Error> for Error {
    /// Whatever ails the store is a 503 with a next step: no input is to blame for it.
    fn from(cause: store::Error) -> Self {
        use store::Error as E;
        let (message, hint, after) = match &cause {
            E::Replayed => return unauthenticated(cause),
            E::UniqueViolation { .. } | E::MissingParent => return conflict(cause),
            E::Busy | E::Aborted => (
                "the database is busy",
                "wait a few seconds and try again; if it stays so, another program holds the database",
                SOON,
            ),
            E::Full => (
                "the disk that holds the database is full",
                "free some space on the daemon's machine; nothing else is needed",
                LATER,
            ),
            E::ReadOnly => (
                "the database cannot be written",
                "check the permissions of store.db and its directory, and that the disk is not mounted read-only",
                LATER,
            ),
            E::Unavailable { .. } => (
                "the database cannot be reached",
                "check that it runs and that AUTHSOME_DATABASE_URL is right; the daemon finds its way back by itself",
                LATER,
            ),
            E::Io { .. } => (
                "reading or writing the database failed",
                "check the disk of the daemon's machine; `authsome daemon logs` says what it answered",
                LATER,
            ),
            E::AccessDenied { .. } | E::BadUrl { .. } => (
                "the database does not let the daemon in",
                "check the user, password and database name in AUTHSOME_DATABASE_URL",
                LATER,
            ),
            E::Corrupt { .. }
            | E::CheckViolation { .. }
            | E::BadRecord { .. }
            | E::Statement { .. }
            | E::NewerSchema { .. }
            | E::Foreign { .. }
            | E::Symlink { .. } => (
                "the database does not do its work",
                "`authsome daemon logs` on the daemon's machine says why; a damaged one is restored from a backup",
                LATER,
            ),
        };
        Self::new(ErrorCode::StoreUnavailable, message)
            .hint(hint)
            .retry_after(after)
            .caused_by(cause)
    }
}

impl From<vault::Error> for Error {
    /// What ails a sealed record is for the operator's eyes; the caller learns that it is no use.
    fn from(cause: vault::Error) -> Self {
        if let vault::Error::Store(cause) = cause {
            return cause.into();
        }
        let (message, hint) = if cause.is_integrity() {
            (
                "the stored credential cannot be opened",
                "log in again, or restore a backup; the audit log has the incident",
            )
        } else {
            (
                "credentials cannot be opened or sealed at the moment",
                "the daemon's log says why",
            )
        };
        Self::new(ErrorCode::EncryptionUnavailable, message)
            .hint(hint)
            .caused_by(cause)
    }
}

impl Error {
    /// What a provider said, or why it could not be asked; names the provider, the step, and the command
    /// that puts it right.
    pub(super) fn at_provider(
        provider: &Provider,
        connection: Option<&ConnectionName>,
        cause: oauth::Error,
    ) -> Self {
        use oauth::Error as E;
        let code = match &cause {
            E::Refused { .. } => ErrorCode::AuthenticationFailed,
            E::Transport { .. } | E::Status { .. } | E::Malformed { .. } => {
                ErrorCode::EndpointUnreachable
            }
            E::Unusable { .. } => ErrorCode::UnsupportedFlow,
        };
        let is_ours = |code| matches!(code, "invalid_client" | "unauthorized_client");
        let hint = if cause.code().is_some_and(is_ours) {
            new_client_command(&provider.name)
        } else if is_out_of_reach(&cause) {
            let again = login_command(&provider.name, connection);
            format!("check the network of the machine that the daemon runs on, then {again}")
        } else {
            login_command(&provider.name, connection)
        };
        Self::new(code, format!("{}: {cause}", provider.display_name))
            .hint(hint)
            .provider(&provider.name)
            .caused_by(cause)
    }
}

/// Whether nobody was reached who could have said something about what was given.
pub(super) fn is_out_of_reach(cause: &oauth::Error) -> bool {
    use oauth::TransportError as T;
    let oauth::Error::Transport { source, .. } = cause else {
        return false;
    };
    match source {
        T::Unknown { .. } | T::Unreachable { .. } | T::TimedOut { .. } => true,
        T::NotHttps { .. }
        | T::Private { .. }
        | T::Certificate { .. }
        | T::Broken { .. }
        | T::TooLarge { .. }
        | T::Redirect { .. } => false,
    }
}

fn unauthenticated(cause: store::Error) -> Error {
    Error::new(
        ErrorCode::Unauthenticated,
        "this proof was used before; sign a new one for every request",
    )
    .caused_by(cause)
}

/// Two changes met; the one that lost may look again and decide anew.
fn conflict(cause: store::Error) -> Error {
    Error::new(
        ErrorCode::Conflict,
        "somebody else changed this at the same moment; try again",
    )
    .caused_by(cause)
}
