//! How unlocking, sealing and opening fail, and what the operator does about it.
//!
//! Messages name keys by id and files by path; never a key, a passphrase or a record's content.

use crate::crypto::{envelope, kdf, keys};
use crate::store;
use std::path::PathBuf;

/// Why a vault could not be unlocked, or a record not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "wrong master key: the data is sealed under key {stored}, but {origin} holds key {given}; give the key with id {stored}, nothing was changed"
    )]
    WrongKey {
        stored: String,
        given: String,
        origin: String,
    },
    #[error(
        "master key missing: the data is sealed under key {stored}, but there is no key (given: none) in {origin}; restore the key with id {stored} from your backup, no new one was made"
    )]
    MissingKey { stored: String, origin: String },
    #[error(
        "the database holds sealed records but no key metadata; restore the whole database from a backup, no new key was made"
    )]
    MetadataMissing,
    #[error("{origin} does not exist; create it, for example with `openssl rand -base64 32`")]
    SourceMissing { origin: String },
    #[error(
        "cannot read the master key from {origin}; make it a plain file that the daemon's user can read"
    )]
    Unreadable {
        origin: String,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "{} is a symbolic link; the master key must be a real file, move it there or name the target with AUTHSOME_MASTER_KEY_FILE", path.display()
    )]
    Link { path: PathBuf },
    #[error("{origin} is empty; put the master key there, or remove it if there is no data yet")]
    Empty { origin: String },
    #[error(
        "{origin} is not UTF-8 text; the master key is text, for example from `openssl rand -base64 32`"
    )]
    NotText { origin: String },
    #[error("{origin} is longer than {limit} bytes; that is not a master key")]
    TooLong { origin: String, limit: u64 },
    #[error(
        "cannot create the master key in {origin}; check that the directory can be written, or set AUTHSOME_MASTER_KEY_FILE"
    )]
    Create {
        origin: String,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "this build has no support for the OS keyring; install one built with `--features keyring`, or use AUTHSOME_MASTER_KEY_FILE"
    )]
    KeyringNotBuilt,
    #[error("the OS keyring cannot be used ({detail}); unlock it, or use AUTHSOME_MASTER_KEY_FILE")]
    Keyring { detail: String },
    #[error(
        "the stored key metadata of key {key_id} was changed or damaged; restore the database from a backup"
    )]
    Metadata { key_id: String },
    /// Not something this version writes.
    #[error(
        "the database names several master keys ({stored}), and this version works with one; run the version that began to change the key, or restore the database from a backup"
    )]
    SeveralKeys { stored: String },
    #[error(transparent)]
    Kdf(#[from] kdf::Error),
    /// The vault's row exists and its key does not.
    #[error("the data key of {owner} is missing; restore the database from a backup")]
    NoDataKey { owner: String },
    #[error(
        "the data key of {owner} was changed, moved, or wrapped under another master key; restore the database from a backup"
    )]
    DataKey {
        owner: String,
        #[source]
        source: keys::Error,
    },
    /// Audit this one: somebody changed or moved the record.
    #[error(
        "the stored {kind} does not open: it was changed, moved, or sealed under another key; log in again or restore a backup"
    )]
    Integrity { kind: &'static str },
    #[error(
        "the stored {kind} was written by a newer authsome (version {found}); upgrade this one"
    )]
    Newer { kind: &'static str, found: u32 },
    #[error(
        "the {kind} is too large to be stored ({} bytes at most)",
        envelope::LARGEST
    )]
    TooLarge { kind: &'static str },
    #[error("sealing the {kind} failed")]
    Seal {
        kind: &'static str,
        #[source]
        source: envelope::Error,
    },
    /// The task that derived the key did not come to its end.
    #[error("deriving the key was given up; try again")]
    Aborted,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Whether stored data was tampered with or lost its key: to be audited, and never retried.
    pub const fn is_integrity(&self) -> bool {
        matches!(
            self,
            Self::Integrity { .. }
                | Self::DataKey { .. }
                | Self::NoDataKey { .. }
                | Self::Metadata { .. }
        )
    }

    pub(super) fn opening(kind: &'static str, source: envelope::Error) -> Self {
        match source {
            // A version that nothing vouches for is an edit: a newer program's records come with a
            // newer schema of the database, which is refused at the start.
            envelope::Error::Version(_)
            | envelope::Error::Format
            | envelope::Error::Integrity
            | envelope::Error::TooLong => Self::Integrity { kind },
        }
    }

    pub(super) fn sealing(kind: &'static str, source: envelope::Error) -> Self {
        match source {
            envelope::Error::TooLong => Self::TooLarge { kind },
            other => Self::Seal {
                kind,
                source: other,
            },
        }
    }
}
