//! What can be wrong with the environment or a configuration file, and how to put it right.

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
}
