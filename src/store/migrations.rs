//! The schema, step by step. One text for both databases; three words in it differ.
//!
//! Each step runs in a transaction of its own with the row that records it, so an interrupted
//! upgrade goes on where it stopped. Replicas that start together take turns by an advisory lock.
//! A step that was edited after it was applied, or a schema newer than this program, is refused.

use super::conn::Conn;
use super::value::{Value, args};
use super::{Error, Row};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use time::OffsetDateTime;

struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "initial",
        sql: include_str!("migrations/0001_initial.sql"),
    },
    Migration {
        version: 2,
        name: "refresh",
        sql: include_str!("migrations/0002_refresh.sql"),
    },
    Migration {
        version: 3,
        name: "activity",
        sql: include_str!("migrations/0003_activity.sql"),
    },
    Migration {
        version: 4,
        name: "audit",
        sql: include_str!("migrations/0004_audit.sql"),
    },
    Migration {
        version: 5,
        name: "person_logins",
        sql: include_str!("migrations/0005_person_logins.sql"),
    },
    Migration {
        version: 6,
        name: "signed_in",
        sql: include_str!("migrations/0006_signed_in.sql"),
    },
];

/// The schema this program knows.
pub(super) const LATEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// "authmigr" in ASCII.
const POSTGRES_BEGIN: &str = "BEGIN; SELECT pg_advisory_xact_lock(7022364302005987186)";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (\
     version BIGINT PRIMARY KEY NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, \
     applied_at BIGINT NOT NULL)";

/// Brings the schema up to date. `place` names the database in errors.
pub(super) async fn migrate(
    conn: &mut Conn,
    place: &str,
    now: OffsetDateTime,
) -> Result<(), Error> {
    while step(conn, place, now).await? {}
    Ok(())
}

/// Does the next step, if there is one; answers whether there was.
async fn step(conn: &mut Conn, place: &str, now: OffsetDateTime) -> Result<bool, Error> {
    let begin = if conn.is_sqlite() {
        "BEGIN IMMEDIATE"
    } else {
        POSTGRES_BEGIN
    };
    conn.script(begin.into()).await?;
    let result = step_inside(conn, place, now).await;
    let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = conn.script(end.into()).await;
    let more = result?;
    ended?;
    Ok(more)
}

async fn step_inside(conn: &mut Conn, place: &str, now: OffsetDateTime) -> Result<bool, Error> {
    conn.script(TABLE.into()).await?;
    let rows = conn
        .fetch_all(
            "SELECT version, name, checksum FROM schema_migrations ORDER BY version".into(),
            args![],
        )
        .await?;
    let Some(next) = check(&rows, place)? else {
        return Ok(false);
    };
    conn.script(text_for(conn, next).into()).await?;
    let values: Vec<Value> = args![next.version, next.name, checksum(next), now];
    conn.execute(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)"
            .into(),
        values,
    )
    .await?;
    if conn.is_sqlite() {
        conn.script(format!("PRAGMA user_version = {}", next.version).into())
            .await?;
    }
    Ok(true)
}

/// Compares what was applied with what we know; answers the first step still to do.
fn check(applied: &[Row], place: &str) -> Result<Option<&'static Migration>, Error> {
    let mut known = MIGRATIONS.iter();
    for row in applied {
        let mut c = row.columns("schema version");
        let (version, name, found) = (c.int()?, c.text()?, c.text()?);
        let Some(migration) = known.next().filter(|known| known.version == version) else {
            if version > LATEST {
                return Err(Error::NewerSchema {
                    place: place.to_owned(),
                    found: version,
                    known: LATEST,
                });
            }
            return Err(Error::Foreign {
                place: place.to_owned(),
                detail: format!("its schema has a step {version} `{name}` that this program lacks"),
            });
        };
        if found != checksum(migration) {
            return Err(Error::Foreign {
                place: place.to_owned(),
                detail: format!("step {version} of its schema is not the one this program knows"),
            });
        }
    }
    Ok(known.next())
}

fn checksum(migration: &Migration) -> String {
    let digest = Sha256::digest(migration.sql.as_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn text_for(conn: &Conn, migration: &Migration) -> String {
    let (blob, serial, clustered) = if conn.is_sqlite() {
        ("BLOB", "INTEGER PRIMARY KEY NOT NULL", "WITHOUT ROWID")
    } else {
        (
            "BYTEA",
            "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            "",
        )
    };
    migration
        .sql
        .replace("{{blob}}", blob)
        .replace("{{serial}}", serial)
        .replace("{{clustered}}", clustered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up_from_one() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version, i64::try_from(index).unwrap() + 1);
        }
    }
}
