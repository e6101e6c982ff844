//! Why a daemon did not start.

use crate::model::ErrorCode;
use crate::{config, server, services, store, telemetry, vault};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a daemon did not start, or ended early. Nothing of the home was changed where it says so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error("could not set up logging")]
    Telemetry(#[from] telemetry::Error),
    #[error("could not use the directory {}", path.display())]
    Directory {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Lock(#[from] store::LockError),
    #[error("{address} is in use by another program")]
    AddressInUse { address: SocketAddr },
    #[error("could not listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("could not open the store")]
    Store(#[from] store::Error),
    #[error("could not unlock the vault")]
    Vault(#[from] vault::Error),
    #[error("could not prepare the home")]
    Services(#[from] services::Error),
    #[error("could not start the server")]
    Server(#[from] server::Error),
    #[error("could not read the setup token from {}", path.display())]
    SetupToken {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("could not wait for signals")]
    Signals(#[source] std::io::Error),
}

impl Error {
    /// The code that decides the exit code of the process.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Config(_) | Self::SetupToken { .. } => ErrorCode::InvalidInput,
            Self::Store(_) | Self::Directory { .. } => ErrorCode::StoreUnavailable,
            Self::Vault(_) => ErrorCode::EncryptionUnavailable,
            Self::Lock(_) | Self::AddressInUse { .. } | Self::Listen { .. } => {
                ErrorCode::DaemonUnavailable
            }
            Self::Telemetry(_) | Self::Services(_) | Self::Server(_) | Self::Signals(_) => {
                ErrorCode::Internal
            }
        }
    }

    /// What to do about it, where the message does not say so itself.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::AddressInUse { address } => Some(format!(
                "stop that program, or choose another port: `AUTHSOME_LISTEN={}:{}` for the daemon and \
                 `AUTHSOME_DAEMON_URL=http://{}:{}` for its clients",
                address.ip(),
                address.port().wrapping_add(1),
                address.ip(),
                address.port().wrapping_add(1),
            )),
            Self::Listen { .. } => Some(
                "check AUTHSOME_LISTEN: an address of this machine and a port above 1023"
                    .to_owned(),
            ),
            Self::Directory { .. } => Some(
                "check who owns it, or set AUTHSOME_HOME to a directory you can write".to_owned(),
            ),
            Self::SetupToken { .. } => {
                Some("AUTHSOME_SETUP_TOKEN_FILE must name a readable file with one line".to_owned())
            }
            _ => None,
        }
    }
}
