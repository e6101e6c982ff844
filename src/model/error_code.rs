//! The closed set of ways a request can fail.
//!
//! Exactly two tables read it, both without a catch-all: HTTP status in `server/error.rs` and exit
//! code in `cli/exit.rs`. The class names are the wire contract of `http-api.md`.

use std::fmt;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident => $class:literal),+ $(,)?) => {
        /// Why a request failed. See the table in `docs/http-api.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $variant),+ }

        impl ErrorCode {
            /// Every code, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The class name on the wire, which scripts and 0.5 clients compare.
            pub const fn class(self) -> &'static str {
                match self { $(Self::$variant => $class),+ }
            }

            /// The code of a class name read from the wire.
            pub fn from_class(class: &str) -> Option<Self> {
                match class { $($class => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

error_codes! {
    /// The provider or the login form refused what was given.
    AuthenticationFailed => "AuthenticationFailedError",
    /// The person closed the form or typed nothing.
    InputCancelled => "InputCancelledError",
    ConnectionNotFound => "ConnectionNotFoundError",
    ProviderNotFound => "ProviderNotFoundError",
    OperationNotAllowed => "OperationNotAllowedError",
    CredentialMissing => "CredentialMissingError",
    TokenExpired => "TokenExpiredError",
    RefreshFailed => "RefreshFailedError",
    ConnectionAlreadyExists => "ConnectionAlreadyExistsError",
    ProviderAlreadyRegistered => "ProviderAlreadyRegisteredError",
    /// The third party could not be reached.
    EndpointUnreachable => "EndpointUnreachableError",
    /// The daemon could not be reached; never sent by the daemon itself.
    DaemonUnavailable => "DaemonUnavailableError",
    /// A handle or DID that belongs to another key.
    IdentityRegistration => "IdentityRegistrationError",
    InvalidProviderSchema => "InvalidProviderSchemaError",
    UnsupportedFlow => "UnsupportedFlowError",
    Discovery => "DiscoveryError",
    StoreUnavailable => "StoreUnavailableError",
    EncryptionUnavailable => "EncryptionUnavailableError",
    /// No proof, or one that does not verify.
    Unauthenticated => "UnauthenticatedError",
    /// A verified caller without an accepted claim or without the role.
    Forbidden => "ForbiddenError",
    IdentityNotFound => "IdentityNotFoundError",
    /// Anything else that is not there, or that the caller may not know exists.
    NotFound => "NotFoundError",
    /// Input that does not parse; `message` says which part and why.
    InvalidInput => "InvalidInputError",
    /// A state that no longer allows the step, such as a second claimant.
    Conflict => "ConflictError",
    /// A one-time form or link that was used or has expired.
    Gone => "GoneError",
    /// Too many tries; the answer says when to come back.
    TooManyRequests => "TooManyRequestsError",
    PayloadTooLarge => "PayloadTooLargeError",
    UnsupportedMediaType => "UnsupportedMediaTypeError",
    /// A Host or Origin this daemon does not answer for.
    MisdirectedRequest => "MisdirectedRequestError",
    MethodNotAllowed => "MethodNotAllowedError",
    /// A defect of ours; logged with its trace id, never caused by input.
    Internal => "InternalError",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_name_reads_back() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_class(code.class()), Some(*code));
        }
        assert_eq!(ErrorCode::from_class("SomethingElse"), None);
    }
}
