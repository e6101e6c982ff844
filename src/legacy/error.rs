//! Why a home of 0.5 could not be read at all. Messages name files and places, never their content.

use crate::crypto::kdf;
use std::io;
use std::path::PathBuf;

/// Why nothing could be read. What is wrong with single values is not here.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} is not a home of Authsome 0.5: it has no server/authsome.db", path.display())]
    NotAHome { path: PathBuf },
    #[error("could not read {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is a symbolic link; links inside a home are not followed", path.display())]
    Link { path: PathBuf },
    #[error("{} is larger than {limit} bytes; no home of 0.5 grows that big", path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{} is open in another program (process {pid})", path.display())]
    InUse { path: PathBuf, pid: i32 },
    #[error("{} changes while it is read", path.display())]
    Changing { path: PathBuf },
    #[error("{} was not closed properly: there is a journal beside it", path.display())]
    Unfinished { path: PathBuf },
    #[error("{file} of the old home is damaged or no database")]
    Damaged {
        file: &'static str,
        #[source]
        source: sqlx::Error,
    },
    #[error("could not make a private copy to read from")]
    Copy(#[source] io::Error),
    #[error("the key metadata of the old vault does not read: {detail}")]
    KeyMetadata { detail: &'static str },
    #[error("the old vault's key cannot be derived")]
    Kdf(#[from] kdf::Error),
    #[error("none of the master keys at hand opens the old vault; tried {}", tried.join(", "))]
    WrongKey {
        /// Every place that was looked at, and what was found there where it is not a wrong key.
        tried: Vec<String>,
    },
    #[error("reading was given up")]
    Aborted,
}

impl Error {
    /// Whether a master key is what is missing.
    pub const fn is_about_the_key(&self) -> bool {
        matches!(self, Self::WrongKey { .. })
    }

    /// What to do about it.
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::NotAHome { .. } => {
                "name the directory that was AUTHSOME_HOME of 0.5, usually ~/.authsome"
            }
            Self::Unreadable { .. } => {
                "check that it is there, that it is a plain file, and that you may read it"
            }
            Self::Link { .. } => "put the real thing in its place",
            Self::TooLarge { .. } => "restore it from a backup of that home",
            Self::InUse { .. } | Self::Changing { .. } => {
                "stop the daemon of 0.5 first (`authsome daemon stop` of that version), then run this again"
            }
            Self::Unfinished { .. } => "start the daemon of 0.5 once and stop it again",
            Self::Damaged { .. } | Self::KeyMetadata { .. } | Self::Kdf(_) => {
                "restore it from a backup of that home, and import the backup"
            }
            Self::Copy(_) => {
                "make room in the directory for temporary files, or set TMPDIR to another"
            }
            Self::WrongKey { .. } => {
                "name the right one with `--master-key-file FILE`, or, where this home is new, set AUTHSOME_MASTER_KEY \
                 or AUTHSOME_KEYRING=1 for both"
            }
            Self::Aborted => "run it again",
        }
    }
}
