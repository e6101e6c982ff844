//! What can go wrong between us and a provider. No token, code or secret is in any of it.

use std::fmt;

/// The exchange that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Authorization,
    CodeExchange,
    Discovery,
    Registration,
    DeviceAuthorization,
    DevicePoll,
    Refresh,
    ClientCredentials,
    JwtBearer,
    Installation,
    Revocation,
    UserInfo,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authorization => "authorization",
            Self::CodeExchange => "code exchange",
            Self::Discovery => "discovery",
            Self::Registration => "registration",
            Self::DeviceAuthorization => "device authorization",
            Self::DevicePoll => "device login",
            Self::Refresh => "token refresh",
            Self::ClientCredentials => "client credentials grant",
            Self::JwtBearer => "JWT bearer grant",
            Self::Installation => "installation token",
            Self::Revocation => "revocation",
            Self::UserInfo => "account look-up",
        })
    }
}

/// Why a step gave no tokens.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The provider said no (RFC 6749 sections 4.1.2.1 and 5.2).
    #[error("{step}: the provider answered `{code}`{}", described(.description.as_ref()))]
    Refused {
        step: Step,
        /// Visible ASCII, at most 64 bytes.
        code: String,
        /// What the provider says about it: printable, at most 300 characters.
        description: Option<String>,
    },
    #[error("{step}: the provider's answer cannot be used: {reason}")]
    Malformed { step: Step, reason: &'static str },
    /// A status without an OAuth error.
    #[error("{step}: the provider answered HTTP {status}")]
    Status { step: Step, status: u16 },
    #[error("{step}: {source}")]
    Transport {
        step: Step,
        #[source]
        source: TransportError,
    },
    /// The definition lacks something, or what it says cannot be.
    #[error("{step}: {reason}")]
    Unusable { step: Step, reason: String },
}

fn described(description: Option<&String>) -> String {
    description.map_or_else(String::new, |text| format!(" ({text})"))
}

impl Error {
    /// Whether the grant itself is worth nothing any more, so that only a new login helps
    /// (RFC 6749 section 5.2: `invalid_grant`).
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { code, .. } => matches!(
                code.as_str(),
                // GitHub and Slack have names of their own for it.
                "invalid_grant"
                    | "bad_refresh_token"
                    | "invalid_refresh_token"
                    | "token_expired"
                    | "token_revoked"
            ),
            Self::Malformed { .. }
            | Self::Status { .. }
            | Self::Transport { .. }
            | Self::Unusable { .. } => false,
        }
    }

    /// The provider's error code, where it gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::Malformed { .. }
            | Self::Status { .. }
            | Self::Transport { .. }
            | Self::Unusable { .. } => None,
        }
    }
}

/// Why a request got no answer that may be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    #[error("`{host}` is not asked without TLS")]
    NotHttps { host: String },
    #[error("`{host}` is a private address; an operator can allow it with AUTHSOME_PRIVATE_HOSTS")]
    Private { host: String },
    #[error("the name `{host}` cannot be resolved")]
    Unknown { host: String },
    #[error("`{host}` cannot be reached")]
    Unreachable { host: String },
    #[error("the certificate of `{host}` is not trusted")]
    Certificate { host: String },
    #[error("`{host}` did not answer in {seconds} s")]
    TimedOut { host: String, seconds: u64 },
    #[error("`{host}` broke the connection off")]
    Broken { host: String },
    #[error("`{host}` answered more than 1 MiB")]
    TooLarge { host: String },
    #[error("`{host}` answered with a redirect, which is not followed")]
    Redirect { host: String },
}

impl TransportError {
    /// Whether trying again later may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unknown { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Broken { .. } => true,
            Self::NotHttps { .. }
            | Self::Private { .. }
            | Self::Certificate { .. }
            | Self::TooLarge { .. }
            | Self::Redirect { .. } => false,
        }
    }
}
