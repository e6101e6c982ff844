//! One connection to either database, and how to open one.

use super::Error;
use super::value::{Row, Value};
use futures_util::StreamExt as _;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The text of a statement: fixed, or put together from our own fixed parts. Values from outside
/// only ever travel as arguments.
pub(super) type Sql = Cow<'static, str>;

/// How long a statement waits for a lock that another process holds.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(5);
const CONNECT_WAIT: Duration = Duration::from_secs(3);

/// Settings of every `PostgreSQL` session. A server that defaults to asynchronous commits must not
/// make us acknowledge what it can lose, and a replica that hangs must not hold the lock for long.
const POSTGRES_SESSION: &str = "SET synchronous_commit = on; \
     SET default_transaction_isolation = 'read committed'; \
     SET lock_timeout = '5s'; SET statement_timeout = '15s'; \
     SET idle_in_transaction_session_timeout = '5s'; SET client_min_messages = warning";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
    /// Making a new `SQLite` file: not yet in WAL mode, so that one file holds everything.
    Create,
}

/// Where connections come from.
#[derive(Clone)]
pub(super) enum Source {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

/// Never the options: those of `PostgreSQL` print the password.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "Sqlite(..)",
            Self::Postgres(_) => "Postgres(..)",
        })
    }
}

impl Source {
    pub(super) fn sqlite(path: &std::path::Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .foreign_keys(true)
            .busy_timeout(LOCK_WAIT)
            .synchronous(SqliteSynchronous::Full)
            .pragma("trusted_schema", "OFF")
            .pragma("secure_delete", "ON")
            .pragma("cell_size_check", "ON")
            .row_buffer_size(1024)
            .statement_cache_capacity(256)
            .disable_statement_logging();
        Self::Sqlite(Box::new(options))
    }

    pub(super) fn postgres(url: &str) -> Result<Self, Error> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(Error::BadUrl {
                detail: "it must start with postgres://".to_owned(),
            });
        }
        // The cause may quote the URL, which holds a password: it is left out.
        let options: PgConnectOptions = url.parse().map_err(|_| Error::BadUrl {
            detail: "expected postgres://user:password@host:port/database".to_owned(),
        })?;
        let options = options
            .application_name("authsome")
            .statement_cache_capacity(256)
            .disable_statement_logging();
        Ok(Self::Postgres(Box::new(options)))
    }

    pub(super) const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    pub(super) async fn connect(&self, purpose: Purpose) -> Result<Conn, Error> {
        match self {
            Self::Sqlite(options) => {
                let options = SqliteConnectOptions::clone(options);
                let options = match purpose {
                    Purpose::Read => options
                        .read_only(true)
                        .pragma("query_only", "ON")
                        .pragma("cache_size", "-1024"),
                    Purpose::Write => options
                        .journal_mode(SqliteJournalMode::Wal)
                        .pragma("wal_autocheckpoint", "4000")
                        .pragma("journal_size_limit", "33554432")
                        .pragma("cache_size", "-4096"),
                    Purpose::Create => options.journal_mode(SqliteJournalMode::Delete),
                };
                Ok(Conn::Sqlite(options.connect().await?))
            }
            Self::Postgres(options) => {
                let connecting = async {
                    let mut conn = options.connect().await?;
                    sqlx::raw_sql(POSTGRES_SESSION).execute(&mut conn).await?;
                    if purpose == Purpose::Read {
                        let read_only = "SET default_transaction_read_only = on";
                        sqlx::raw_sql(read_only).execute(&mut conn).await?;
                    }
                    Ok::<_, sqlx::Error>(conn)
                };
                match tokio::time::timeout(CONNECT_WAIT, connecting).await {
                    Ok(Ok(conn)) => Ok(Conn::Postgres(Box::new(conn))),
                    Ok(Err(error)) => Err(error.into()),
                    Err(_) => Err(Error::Unavailable { source: None }),
                }
            }
        }
    }
}

/// One open connection.
#[derive(Debug)]
pub(super) enum Conn {
    Sqlite(SqliteConnection),
    Postgres(Box<PgConnection>),
}

impl Conn {
    /// Runs a statement; answers how many rows it changed.
    pub(super) async fn execute(&mut self, sql: Sql, args: Vec<Value>) -> Result<u64, Error> {
        match self {
            Self::Sqlite(conn) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), sqlite_args(args)?);
                Ok(query.execute(conn).await?.rows_affected())
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), postgres_args(args)?);
                Ok(query.execute(&mut **conn).await?.rows_affected())
            }
        }
    }

    pub(super) async fn fetch_all(
        &mut self,
        sql: Sql,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        match self {
            Self::Sqlite(conn) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), sqlite_args(args)?);
                let rows = query.fetch_all(conn).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), postgres_args(args)?);
                let rows = query.fetch_all(&mut **conn).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    pub(super) async fn fetch_optional(
        &mut self,
        sql: Sql,
        args: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        match self {
            Self::Sqlite(conn) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), sqlite_args(args)?);
                Ok(query.fetch_optional(conn).await?.map(Row::Sqlite))
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), postgres_args(args)?);
                Ok(query.fetch_optional(&mut **conn).await?.map(Row::Postgres))
            }
        }
    }

    /// Runs one or more statements without arguments; their rows are read and dropped.
    pub(super) async fn script(&mut self, sql: Sql) -> Result<(), Error> {
        match self {
            Self::Sqlite(conn) => {
                let mut results = sqlx::raw_sql(AssertSqlSafe(sql)).execute_many(conn);
                while let Some(result) = results.next().await {
                    result?;
                }
            }
            Self::Postgres(conn) => {
                let mut results = sqlx::raw_sql(AssertSqlSafe(sql)).execute_many(&mut **conn);
                while let Some(result) = results.next().await {
                    result?;
                }
            }
        }
        Ok(())
    }

    pub(super) const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    pub(super) async fn close(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(conn) => conn.close().await?,
            Self::Postgres(conn) => (*conn).close().await?,
        }
        Ok(())
    }
}

fn sqlite_args(args: Vec<Value>) -> Result<SqliteArguments, Error> {
    let mut bound = SqliteArguments::default();
    for value in args {
        match value {
            Value::Int(number) => bound.add(number),
            Value::Text(text) => bound.add(text),
            Value::Blob(bytes) => bound.add(bytes),
        }
        .map_err(encoding)?;
    }
    Ok(bound)
}

fn postgres_args(args: Vec<Value>) -> Result<PgArguments, Error> {
    let mut bound = PgArguments::default();
    for value in args {
        match value {
            Value::Int(number) => bound.add(number),
            Value::Text(text) => bound.add(text),
            Value::Blob(bytes) => bound.add(bytes),
        }
        .map_err(encoding)?;
    }
    Ok(bound)
}

fn encoding(source: sqlx::error::BoxDynError) -> Error {
    Error::from(sqlx::Error::Encode(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_database_is_prints_without_its_password() {
        let source = Source::postgres("postgres://ada:canary@localhost/x").unwrap();
        assert_eq!(format!("{source:?}"), "Postgres(..)");
    }
}
