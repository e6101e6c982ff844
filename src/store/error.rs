//! How the store fails, in words a person can act on. No row content ever enters a message.

use sqlx::error::ErrorKind;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Which uniqueness a write ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unique {
    Handle,
    Did,
    Email,
    /// The local Principal, of which a home has one.
    LocalPrincipal,
    Connection,
    Provider,
    LoginSession,
    Token,
    Key,
    Other,
}

impl fmt::Display for Unique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handle => "handle",
            Self::Did => "DID",
            Self::Email => "e-mail address",
            Self::LocalPrincipal => "local principal",
            Self::Connection => "connection",
            Self::Provider => "provider",
            Self::LoginSession => "login session",
            Self::Token => "token",
            Self::Key => "key",
            Self::Other => "record",
        })
    }
}

/// Why the store did not do what it was asked. Cheap to clone: one failed commit fails many callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The proof was spent before, by this process or another.
    #[error("this proof was used before; sign a new one for every request")]
    Replayed,
    #[error("that {what} exists already")]
    UniqueViolation { what: Unique },
    /// A row names another one that is not there, such as the Vault of a Connection.
    #[error("a record this one belongs to does not exist")]
    MissingParent,
    /// A rule of the schema refused a value that should have been checked before.
    #[error("the database refused a value that breaks a rule of its schema")]
    CheckViolation {
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// Another process held the database, or this one is overloaded. Try again.
    #[error("the database is busy; try again in a few seconds")]
    Busy,
    #[error("the disk that holds the database is full; free some space, nothing else is needed")]
    Full,
    #[error(
        "the database cannot be written; check the file's permissions and that its disk is not mounted read-only"
    )]
    ReadOnly,
    #[error("reading or writing the database failed; check the disk")]
    Io {
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The file is damaged. The text says how to restore.
    #[error(
        "the database {place} is damaged ({detail}); nothing was changed. To restore: stop the daemon, \
         move store.db, store.db-wal and store.db-shm away, and put a backup of store.db in the place, \
         with its -wal if it has one"
    )]
    Corrupt { place: String, detail: String },
    #[error(
        "the database {place} was written by a newer authsome (schema {found}, this one knows {known}); \
         install the newer authsome"
    )]
    NewerSchema {
        place: String,
        found: i64,
        known: i64,
    },
    #[error("{place} is not an authsome database ({detail}); name another one, or move it away")]
    Foreign { place: String, detail: String },
    #[error("{} is a symbolic link; authsome opens only real files here", path.display())]
    Symlink { path: PathBuf },
    /// `PostgreSQL` could not be reached, or went away before it answered.
    #[error(
        "the database cannot be reached; check that it runs and that AUTHSOME_DATABASE_URL is right"
    )]
    Unavailable {
        #[source]
        source: Option<Arc<sqlx::Error>>,
    },
    #[error(
        "the database refused to let us in; check the user, password and database name in AUTHSOME_DATABASE_URL"
    )]
    AccessDenied {
        #[source]
        source: Arc<sqlx::Error>,
    },
    #[error("AUTHSOME_DATABASE_URL is not a postgres:// URL: {detail}")]
    BadUrl { detail: String },
    /// A stored value that no version of ours writes.
    #[error("a stored {what} cannot be read; the database was changed by something else")]
    BadRecord { what: &'static str },
    /// The work was given up (a panic, a time-out, or the store closing); nothing of it was kept.
    #[error("the change was given up and nothing of it was kept; try again")]
    Aborted,
    #[error("the database refused a statement")]
    Statement {
        #[source]
        source: Arc<sqlx::Error>,
    },
}

impl Error {
    /// Whether trying again in a few seconds may help without anybody doing anything.
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Busy | Self::Unavailable { .. } | Self::Aborted | Self::Io { .. } | Self::Full
        )
    }

    /// Whether the connection it came over must not be used again.
    pub(super) const fn breaks_connection(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::Io { .. } | Self::AccessDenied { .. }
        )
    }

    /// Whether every other job of the same commit is lost too.
    pub(super) const fn breaks_group(&self) -> bool {
        self.breaks_connection()
            || matches!(self, Self::Full | Self::ReadOnly | Self::Corrupt { .. })
    }

    pub(super) fn io(source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
                Self::ReadOnly
            }
            _ => Self::Io {
                source: Arc::new(source),
            },
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(source: sqlx::Error) -> Self {
        match &source {
            sqlx::Error::Database(database) => match database.kind() {
                ErrorKind::UniqueViolation => Self::UniqueViolation {
                    what: unique(database.constraint(), database.message()),
                },
                ErrorKind::ForeignKeyViolation => Self::MissingParent,
                ErrorKind::NotNullViolation | ErrorKind::CheckViolation => Self::CheckViolation {
                    source: Arc::new(source),
                },
                _ => by_code(source),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => Self::Unavailable {
                source: Some(Arc::new(source)),
            },
            _ => Self::Statement {
                source: Arc::new(source),
            },
        }
    }
}

/// The two databases number their errors apart: `SQLite` in plain numbers, `PostgreSQL` in five characters.
fn by_code(source: sqlx::Error) -> Error {
    let code = source
        .as_database_error()
        .and_then(|database| database.code().map(std::borrow::Cow::into_owned))
        .unwrap_or_default();
    let source = Arc::new(source);
    if code.len() == 5 {
        return postgres_code(&code, source);
    }
    // The low byte of an extended code is the primary one: https://www.sqlite.org/rescode.html
    match code.parse::<i64>().unwrap_or(1) & 0xff {
        5 | 6 => Error::Busy,
        8 | 3 => Error::ReadOnly,
        10 | 14 => Error::Io { source },
        13 => Error::Full,
        11 | 26 => Error::Corrupt {
            place: "file".to_owned(),
            detail: "the file does not hold what it should".to_owned(),
        },
        _ => Error::Statement { source },
    }
}

fn postgres_code(code: &str, source: Arc<sqlx::Error>) -> Error {
    match code {
        // Serialization, deadlock, lock and statement time-outs, too many connections.
        "40001" | "40P01" | "55P03" | "57014" | "53300" => Error::Busy,
        "53100" => Error::Full,
        "25006" => Error::ReadOnly,
        "28000" | "28P01" | "3D000" | "42501" => Error::AccessDenied { source },
        "XX001" | "XX002" => Error::Corrupt {
            place: "of the PostgreSQL server".to_owned(),
            detail: "the server reports damaged data".to_owned(),
        },
        "58030" => Error::Io { source },
        _ if code.starts_with("08") || code.starts_with("57P") || code == "25P03" => {
            Error::Unavailable {
                source: Some(source),
            }
        }
        _ => Error::Statement { source },
    }
}

/// `PostgreSQL` names the constraint, `SQLite` the columns.
fn unique(constraint: Option<&str>, message: &str) -> Unique {
    let text = constraint.unwrap_or(message);
    let table = [
        ("identities_did_key", Unique::Did),
        ("identities.did", Unique::Did),
        ("identities", Unique::Handle),
        ("principals_email_key", Unique::Email),
        ("principals.email", Unique::Email),
        ("principals_one_local", Unique::LocalPrincipal),
        ("principals.is_local", Unique::LocalPrincipal),
        ("connections", Unique::Connection),
        ("custom_providers", Unique::Provider),
        ("provider_clients", Unique::Provider),
        ("login_sessions", Unique::LoginSession),
        ("one_time_tokens", Unique::Token),
        ("browser_sessions", Unique::Token),
        ("kek_slots", Unique::Key),
        ("data_keys", Unique::Key),
    ];
    table
        .iter()
        .find(|(name, _)| text.contains(name))
        .map_or(Unique::Other, |(_, what)| *what)
}
