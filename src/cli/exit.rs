//! The table of exit codes (`docs/cli.md`), one of the two readers of [`ErrorCode`].

use super::error::{CliError, Kind};
use crate::model::ErrorCode;

/// Ended by Ctrl-C: 128 and the number of SIGINT.
const INTERRUPTED: u8 = 130;

/// The code of what stands in no other row.
const OTHER: u8 = 1;

/// The exit code of a command that failed so.
pub(crate) fn code_of(error: &CliError) -> u8 {
    let is_about_a_provider = error.named_provider().is_some();
    match error.code() {
        // The row says something of a provider; a refusal that is about none is one as any other.
        Some(ErrorCode::OperationNotAllowed) if !is_about_a_provider => OTHER,
        _ => code(error.kind()),
    }
}

/// The exit code of a command that ended this way.
pub(crate) const fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Usage => 2,
        Kind::Interrupted => INTERRUPTED,
        Kind::Code(code) => of(code),
    }
}

const fn of(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::AuthenticationFailed | ErrorCode::InputCancelled | ErrorCode::InvalidInput => 2,
        ErrorCode::ConnectionNotFound => 3,
        ErrorCode::ProviderNotFound
        | ErrorCode::OperationNotAllowed
        | ErrorCode::UnsupportedFlow => 4,
        ErrorCode::CredentialMissing | ErrorCode::TokenExpired | ErrorCode::RefreshFailed => 5,
        ErrorCode::ConnectionAlreadyExists => 6,
        ErrorCode::ProviderAlreadyRegistered => 7,
        ErrorCode::EndpointUnreachable => 8,
        ErrorCode::DaemonUnavailable => 9,
        ErrorCode::IdentityRegistration
        | ErrorCode::InvalidProviderSchema
        | ErrorCode::Discovery
        | ErrorCode::StoreUnavailable
        | ErrorCode::EncryptionUnavailable
        | ErrorCode::Unauthenticated
        | ErrorCode::Forbidden
        | ErrorCode::IdentityNotFound
        | ErrorCode::NotFound
        | ErrorCode::Conflict
        | ErrorCode::Gone
        | ErrorCode::TooManyRequests
        | ErrorCode::PayloadTooLarge
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::MisdirectedRequest
        | ErrorCode::MethodNotAllowed
        | ErrorCode::Internal => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_allowed_is_4_only_of_a_provider() {
        let refused = CliError::new(ErrorCode::OperationNotAllowed, "no");
        assert_eq!(code_of(&refused), 1);
        assert_eq!(code_of(&refused.provider("openai")), 4);
    }

    #[test]
    fn no_failure_exits_with_zero() {
        for known in ErrorCode::ALL {
            assert_ne!(code(Kind::Code(*known)), 0, "{known}");
        }
        assert_eq!(code(Kind::Usage), 2);
    }
}
