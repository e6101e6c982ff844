//! From the errors of the layers below to what a caller may know. One exhaustive table each.

use super::Error;
use crate::model::{ErrorCode, Provider};
use crate::{oauth, store, vault};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(5);

impl From<store::Error> for Error {
    /// Whatever ails the store is a 503 with a next step: no input is to blame for it.
    fn from(cause: store::Error) -> Self {
        use store::Error as E;
        let (message, after) = match &cause {
            E::Replayed => return unauthenticated(cause),
            E::UniqueViolation { .. } | E::MissingParent => return conflict(cause),
            E::Busy | E::Aborted => ("the database is busy; try again in a moment", SOON),
            E::Full => ("the disk that holds the database is full", LATER),
            E::ReadOnly => ("the database cannot be written", LATER),
            E::Unavailable { .. } => ("the database cannot be reached", LATER),
            E::Io { .. } => ("reading or writing the database failed", LATER),
            E::Corrupt { .. }
            | E::CheckViolation { .. }
            | E::BadRecord { .. }
            | E::Statement { .. }
            | E::NewerSchema { .. }
            | E::Foreign { .. }
            | E::Symlink { .. }
            | E::AccessDenied { .. }
            | E::BadUrl { .. } => ("the database does not do its work", LATER),
        };
        Self::new(ErrorCode::StoreUnavailable, message)
            .hint("the daemon's log says more; `authsome doctor` checks the usual causes")
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
    /// What a provider said, or why it could not be asked; names the provider and the step.
    pub(super) fn at_provider(provider: &Provider, cause: oauth::Error) -> Self {
        use oauth::Error as E;
        let code = match &cause {
            E::Refused { .. } => ErrorCode::AuthenticationFailed,
            E::Transport { .. } | E::Status { .. } | E::Malformed { .. } => {
                ErrorCode::EndpointUnreachable
            }
            E::Unusable { .. } => ErrorCode::UnsupportedFlow,
        };
        Self::new(code, format!("{}: {cause}", provider.display_name))
            .provider(&provider.name)
            .caused_by(cause)
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
