//! Every way a call can fail, each with its next step.

use super::Refusal;
use crate::model::ErrorCode;
use std::error::Error as StdError;

type Cause = Box<dyn StdError + Send + Sync>;

/// A call that brought no answer, or not the one asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens, or the way is blocked.
    #[error("cannot reach the daemon at {address}")]
    Unreachable {
        address: String,
        local: bool,
        #[source]
        source: Cause,
    },
    #[error("the daemon at {address} did not answer within {seconds} seconds")]
    TimedOut { address: String, seconds: u64 },
    /// Something answers there that is not an Authsome daemon.
    #[error("what answers at {address} is not an Authsome daemon")]
    NotAuthsome { address: String, local: bool },
    #[error("the daemon at {address} answered with a redirect, which is never followed")]
    Redirected { address: String },
    #[error("the daemon at {address} sent an answer this version does not understand")]
    Malformed {
        address: String,
        #[source]
        source: Cause,
    },
    /// The daemon understood and said no.
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    #[error("could not prepare the request")]
    Prepare(#[source] Cause),
    #[error("this call needs an identity")]
    NoIdentity,
}

impl Error {
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::NotAuthsome { .. }
            | Self::Redirected { .. }
            | Self::Malformed { .. } => ErrorCode::DaemonUnavailable,
            Self::Refused(refusal) => refusal.code,
            Self::Prepare(_) => ErrorCode::Internal,
            Self::NoIdentity => ErrorCode::Unauthenticated,
        }
    }

    /// What the person can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { local: true, .. } => {
                Some("start it with `authsome daemon start`".to_owned())
            }
            Self::Unreachable { local: false, .. } => Some(
                "check AUTHSOME_DAEMON_URL, the network or VPN, and that the daemon runs there"
                    .to_owned(),
            ),
            Self::TimedOut { .. } => {
                Some("it is overloaded (see `authsome daemon logs`), or another program holds its port".to_owned())
            }
            Self::NotAuthsome { local: true, .. } => Some(
                "another program holds the port; stop it, or choose another with AUTHSOME_LISTEN=127.0.0.1:PORT"
                    .to_owned(),
            ),
            Self::NotAuthsome { local: false, .. } | Self::Redirected { .. } => Some(
                "check AUTHSOME_DAEMON_URL: scheme, host and port must be the daemon's own".to_owned(),
            ),
            Self::Malformed { .. } => Some(
                "the versions may differ; compare `authsome --version` with `authsome daemon status`"
                    .to_owned(),
            ),
            Self::Refused(refusal) => refusal.hint.clone(),
            Self::Prepare(_) => None,
            Self::NoIdentity => Some("make one with `authsome init`".to_owned()),
        }
    }

    /// The daemon's own words, where it was the daemon that refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether nobody listened, so that starting a daemon may help.
    pub const fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Gives up the cause, for an error that takes its place.
    pub fn into_source(self) -> Option<Cause> {
        match self {
            Self::Unreachable { source, .. }
            | Self::Malformed { source, .. }
            | Self::Prepare(source) => Some(source),
            Self::TimedOut { .. }
            | Self::NotAuthsome { .. }
            | Self::Redirected { .. }
            | Self::Refused(_)
            | Self::NoIdentity => None,
        }
    }
}
