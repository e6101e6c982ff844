//! What can be wrong with the environment or a configuration file, and how to put it right.

use crate::files;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Why the configuration was refused. Each message names the variable or file and the fix.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{name} is not valid: {expected}")]
    Invalid {
        name: &'static str,
        expected: String,
    },
    #[error("{name} is not UTF-8 text; set it again without special bytes")]
    NotText { name: &'static str },
    #[error(
        "no home directory: HOME is not set; set AUTHSOME_HOME to an absolute path such as /srv/authsome"
    )]
    NoHome,
    #[error("two sources of the master key are set, {first} and {second}; unset one of them")]
    TwoMasterKeys { first: String, second: String },
    #[error(
        "{listen} can be reached from other machines, but AUTHSOME_SERVER_BASE_URL is not set; set it to the https URL people and agents use (such as https://authsome.example.com), or listen on 127.0.0.1"
    )]
    PublicWithoutBaseUrl { listen: std::net::SocketAddr },
    #[error("could not {what} {}", path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} is not a valid configuration file; put it right or move it away", path.display())]
    Malformed {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    /// The environment could not be read as a whole; not caused by any value.
    #[error("could not read the environment")]
    Environment(#[source] envy::Error),
}

impl Error {
    pub(crate) fn invalid(name: &'static str, expected: impl Into<String>) -> Self {
        Self::Invalid {
            name,
            expected: expected.into(),
        }
    }

    /// Whether a disk is full, so that no setting is to blame.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::File { source, .. }
            if matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
    }

    /// What to do about it, where the message does not say so itself.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File { .. } if self.is_full() => {
                Some("free some space on its disk; nothing else is needed".to_owned())
            }
            Self::File { what: "read", .. } => Some(
                "it must be yours and a plain file; `authsome doctor` looks at all of them"
                    .to_owned(),
            ),
            Self::File { source, .. }
                if matches!(
                    source.kind(),
                    ErrorKind::NotADirectory | ErrorKind::AlreadyExists
                ) =>
            {
                Some("move it away, or set AUTHSOME_HOME to another directory".to_owned())
            }
            Self::File { path, .. } => Some(format!(
                "make {} writable, or set AUTHSOME_HOME to a directory that is",
                files::nearest_dir(path).display()
            )),
            Self::Malformed { .. } => Some(
                "`{}` alone is a valid one; identities and keys are in files of their own"
                    .to_owned(),
            ),
            Self::Invalid { .. }
            | Self::NotText { .. }
            | Self::NoHome
            | Self::TwoMasterKeys { .. }
            | Self::PublicWithoutBaseUrl { .. }
            | Self::Environment(_) => None,
        }
    }
}
