//! Why a daemon did not start.

use crate::model::ErrorCode;
use crate::{config, legacy, services, store, telemetry, vault};
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
    #[error("could not write {}", path.display())]
    File {
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
    #[error("could not read the set-up token (AUTHSOME_SETUP_TOKEN_FILE) from {}", path.display())]
    SetupToken {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("could not read the root certificates ({name}) in {}", path.display())]
    Roots {
        name: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// An old home could be read and was not taken over.
    #[error(transparent)]
    Import(services::Error),
    #[error(transparent)]
    Legacy(#[from] legacy::Error),
    #[error("could not wait for signals")]
    Signals(#[source] std::io::Error),
}

impl Error {
    /// The code that decides the exit code of the process.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Config(error) if error.is_full() => ErrorCode::StoreUnavailable,
            Self::Directory { source, .. }
            | Self::File { source, .. }
            | Self::Lock(store::LockError::Io { source, .. })
                if is_not_ours(source) =>
            {
                ErrorCode::InvalidInput
            }
            Self::Store(_)
            | Self::Vault(vault::Error::Store(_))
            | Self::Directory { .. }
            | Self::File { .. } => ErrorCode::StoreUnavailable,
            Self::Vault(_) => ErrorCode::EncryptionUnavailable,
            Self::Legacy(error) if error.is_about_the_key() => ErrorCode::EncryptionUnavailable,
            Self::Config(_) | Self::SetupToken { .. } | Self::Roots { .. } | Self::Legacy(_) => {
                ErrorCode::InvalidInput
            }
            Self::Services(error) | Self::Import(error) => error.code(),
            Self::Lock(_) | Self::AddressInUse { .. } | Self::Listen { .. } => {
                ErrorCode::DaemonUnavailable
            }
            Self::Telemetry(_) | Self::Signals(_) => ErrorCode::Internal,
        }
    }

    /// Whether another daemon holds the home, or is about to.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Lock(store::LockError::Held { .. }))
    }

    /// What to do about it, where the message does not say so itself.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::AddressInUse { address } => Some(another_port(*address)),
            Self::Listen { .. } => Some(
                "check AUTHSOME_LISTEN: an address of this machine and a port above 1023"
                    .to_owned(),
            ),
            Self::Directory { .. } => Some(
                "check who owns it, or set AUTHSOME_HOME to a directory you can write".to_owned(),
            ),
            Self::File { source, .. } => Some(room_or_permission(source).to_owned()),
            Self::SetupToken { .. } => Some(
                "AUTHSOME_SETUP_TOKEN_FILE must name a readable file with one line of at most 4 KiB"
                    .to_owned(),
            ),
            Self::Roots { name, .. } => Some(format!(
                "{name} must name a readable PEM file with a certificate in it; put it right, or unset it"
            )),
            Self::Services(error) | Self::Import(error) => {
                error.next_step().map(str::to_owned)
            }
            Self::Legacy(error) => Some(error.next_step().to_owned()),
            Self::Config(error) => error.hint(),
            Self::Telemetry(_)
            | Self::Lock(_)
            | Self::Store(_)
            | Self::Vault(_)
            | Self::Signals(_) => None,
        }
    }
}

/// Whether the place itself cannot be used, which is a matter of what `AUTHSOME_HOME` says.
fn is_not_ours(source: &std::io::Error) -> bool {
    use std::io::ErrorKind as E;
    matches!(
        source.kind(),
        E::PermissionDenied | E::ReadOnlyFilesystem | E::NotADirectory
    )
}

fn room_or_permission(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            "free some space on its disk; nothing else is needed"
        }
        _ => {
            "check who owns it and that its disk is not mounted read-only, or set AUTHSOME_HOME to a directory you can write"
        }
    }
}

fn another_port(taken: SocketAddr) -> String {
    let (ip, port) = (taken.ip(), taken.port().wrapping_add(1));
    format!(
        "stop that program, or choose another port: `AUTHSOME_LISTEN={ip}:{port}` for the daemon and \
         `AUTHSOME_DAEMON_URL=http://{ip}:{port}` for its clients"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_use_case_said_about_code_and_next_step_is_passed_on() {
        let refused = services::Error::invalid("too short").hint("use a longer one");
        let error = Error::from(refused);
        assert_eq!(error.code(), ErrorCode::InvalidInput);
        assert_eq!(error.hint().as_deref(), Some("use a longer one"));
    }

    #[test]
    fn a_store_that_fails_while_the_vault_is_opened_is_not_called_a_matter_of_keys() {
        let error = Error::from(vault::Error::from(store::Error::Full));
        assert_eq!(error.code(), ErrorCode::StoreUnavailable);
        let error = Error::from(vault::Error::Aborted);
        assert_eq!(error.code(), ErrorCode::EncryptionUnavailable);
    }
}
