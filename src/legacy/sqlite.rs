//! Reading tables of a copied database whose schema nobody vouches for.
//!
//! Only real columns of real tables are read: a view or a computed column would run what its author
//! wrote. A cell is its bytes, whatever type it claims to be.

use super::Error;
use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};
use std::path::Path;

/// Largest cell that is read (bytes).
const LARGEST_CELL: usize = 1 << 20;
/// Most that is read of one table (bytes).
const LARGEST_TABLE: usize = 1 << 28;

/// One copied database.
#[derive(Debug)]
pub(super) struct Database {
    conn: SqliteConnection,
    file: &'static str,
}

/// A table to read. The names are ours, never the old home's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    /// What comes first where there are more rows than are read.
    pub(super) order: &'static str,
    pub(super) most: usize,
}

/// What was read of a table.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// How many more there are than are read.
    pub(super) left_out: u64,
}

/// The cells of a row in the order that was asked for.
#[derive(Debug)]
pub(super) struct Row(Vec<Cell>);

#[derive(Debug)]
enum Cell {
    Absent,
    Bytes(Vec<u8>),
    TooLarge,
}

impl Row {
    /// The text of a column; `None` for none, for bytes that are no text, and for too much of it.
    pub(super) fn text(&self, column: usize) -> Option<&str> {
        match self.0.get(column) {
            Some(Cell::Bytes(bytes)) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    fn size(&self) -> usize {
        let size = |cell: &Cell| match cell {
            Cell::Bytes(bytes) => bytes.len(),
            Cell::Absent | Cell::TooLarge => 0,
        };
        self.0.iter().map(size).sum()
    }

    /// What to call the row when it is left out.
    pub(super) fn name(&self) -> &str {
        self.text(0).unwrap_or("(a row without a name)")
    }

    pub(super) fn is_null(&self, column: usize) -> bool {
        matches!(self.0.get(column), None | Some(Cell::Absent))
    }
}

impl Database {
    /// Opens the copy; the write-ahead log beside it is taken into account.
    pub(super) async fn open(copy: &Path, file: &'static str) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(copy)
            .create_if_missing(false)
            .foreign_keys(false)
            .pragma("trusted_schema", "OFF")
            .pragma("cell_size_check", "ON")
            .pragma("mmap_size", "0")
            .pragma("query_only", "ON")
            .disable_statement_logging();
        let damaged = |source| Error::Damaged { file, source };
        let mut conn = options.connect().await.map_err(damaged)?;
        // The first look at the file: what is none is told here.
        sqlx::query("SELECT COUNT(*) FROM sqlite_master")
            .execute(&mut conn)
            .await
            .map_err(damaged)?;
        Ok(Self { conn, file })
    }

    pub(super) async fn close(self) {
        // The copy goes away; nothing depends on how it was closed.
        let _ = self.conn.close().await;
    }

    /// Everything in a table; nothing where there is no such table.
    pub(super) async fn rows(&mut self, table: Table) -> Result<Rows, Error> {
        let file = self.file;
        let damaged = |source| Error::Damaged { file, source };
        let there = self.real_columns(table.name).await.map_err(damaged)?;
        if there.is_empty() {
            return Ok(Rows::default());
        }
        let statement = select(table, &there);
        let mut rows = Vec::new();
        let mut size = 0;
        let mut has_more = false;
        let mut found = sqlx::query(AssertSqlSafe(statement)).fetch(&mut self.conn);
        while let Some(row) = found.try_next().await.map_err(damaged)? {
            has_more = rows.len() == table.most;
            if has_more {
                break;
            }
            let row = read_row(&row, table.columns.len()).map_err(damaged)?;
            size += row.size();
            if size > LARGEST_TABLE {
                let said = format!("`{}` holds more than 256 MiB", table.name);
                return Err(damaged(sqlx::Error::Protocol(said)));
            }
            rows.push(row);
        }
        drop(found);
        let mut left_out = 0;
        if has_more {
            let all = self.count(table.name).await.map_err(damaged)?;
            left_out = all.saturating_sub(u64::try_from(table.most).unwrap_or(u64::MAX));
        }
        Ok(Rows { rows, left_out })
    }

    async fn count(&mut self, table: &str) -> Result<u64, sqlx::Error> {
        let statement = format!("SELECT COUNT(*) FROM \"{table}\"");
        let row = sqlx::query(AssertSqlSafe(statement))
            .fetch_one(&mut self.conn)
            .await?;
        let count: i64 = row.try_get_unchecked(0)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The stored columns of an ordinary table; none for a view or a virtual table.
    async fn real_columns(&mut self, table: &str) -> Result<Vec<String>, sqlx::Error> {
        let ordinary = sqlx::query(
            "SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND name = $1 AND type = 'table'",
        )
        .bind(table)
        .fetch_optional(&mut self.conn)
        .await?;
        if ordinary.is_none() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query("SELECT name FROM pragma_table_xinfo($1) WHERE hidden = 0")
            .bind(table)
            .fetch_all(&mut self.conn)
            .await?;
        rows.iter().map(|row| row.try_get_unchecked(0)).collect()
    }
}

/// Sizes are looked at before content, which is always taken as bytes.
fn select(table: Table, there: &[String]) -> String {
    let is_there = |column: &str| there.iter().any(|name| name == column);
    let cells: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            if is_there(column) {
                format!(
                    "CASE WHEN octet_length(\"{column}\") <= {LARGEST_CELL} THEN CAST(\"{column}\" AS BLOB) END, \
                     octet_length(\"{column}\")"
                )
            } else {
                "NULL, NULL".to_owned()
            }
        })
        .collect();
    let most = table.most.saturating_add(1);
    // What is sorted is short, whatever a cell holds: sorting whole rows could fill a disk.
    let from = if is_there(table.order) {
        format!(
            "(SELECT rowid AS at FROM \"{0}\" \
             ORDER BY CASE WHEN octet_length(\"{1}\") <= 64 THEN \"{1}\" END DESC LIMIT {most}) AS first \
             CROSS JOIN \"{0}\" ON \"{0}\".rowid = first.at",
            table.name, table.order
        )
    } else {
        format!("\"{}\"", table.name)
    };
    format!("SELECT {} FROM {from} LIMIT {most}", cells.join(", "))
}

fn read_row(row: &sqlx::sqlite::SqliteRow, columns: usize) -> Result<Row, sqlx::Error> {
    let mut cells = Vec::with_capacity(columns);
    for column in 0..columns {
        let bytes: Option<Vec<u8>> = row.try_get_unchecked(column * 2)?;
        let length: Option<i64> = row.try_get_unchecked(column * 2 + 1)?;
        cells.push(match (bytes, length) {
            (Some(bytes), _) => Cell::Bytes(bytes),
            (None, None) => Cell::Absent,
            (None, Some(_)) => Cell::TooLarge,
        });
    }
    Ok(Row(cells))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = Table {
        name: "things",
        columns: &["name", "added_later", "value"],
        order: "name",
        most: 3,
    };

    async fn database(statements: &str) -> (tempfile::TempDir, Database) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true);
        let mut conn = options.connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
            .execute(&mut conn)
            .await
            .unwrap();
        conn.close().await.unwrap();
        let database = Database::open(&path, "x.db").await.unwrap();
        (dir, database)
    }

    #[tokio::test]
    async fn a_cell_is_its_bytes_whatever_it_claims_to_be() {
        let (_dir, mut database) = database(
            "CREATE TABLE things (name, value);
             INSERT INTO things VALUES ('c', x'ff'), ('b', 7), ('a', NULL);",
        )
        .await;
        let read = database.rows(TABLE).await.unwrap();
        assert_eq!(read.left_out, 0);
        let texts: Vec<_> = read.rows.iter().map(|row| row.text(2)).collect();
        assert_eq!(texts, [None, Some("7"), None]);
        let absent: Vec<_> = read.rows.iter().map(|row| row.is_null(2)).collect();
        assert_eq!(absent, [false, false, true]);
        assert!(read.rows.iter().all(|row| row.is_null(1)), "no such column");
    }

    #[tokio::test]
    async fn too_much_is_left_out_and_counted() {
        let (_dir, mut database) = database(
            "CREATE TABLE things (name, value);
             INSERT INTO things VALUES ('a', 'x'), ('b', 'x'), ('c', 'x'), ('d', 'x'), ('e', zeroblob(2000000));",
        )
        .await;
        let read = database.rows(TABLE).await.unwrap();
        let names: Vec<_> = read.rows.iter().map(Row::name).collect();
        assert_eq!((names, read.left_out), (vec!["e", "d", "c"], 2));
        let large = &read.rows[0];
        assert!(large.text(2).is_none() && !large.is_null(2));
    }

    #[tokio::test]
    async fn only_stored_columns_of_ordinary_tables_are_read() {
        for statements in [
            "CREATE VIEW things AS SELECT 'a' AS name, 'b' AS value;",
            "CREATE VIRTUAL TABLE things USING fts5(name, value);",
            "CREATE TABLE others (x);",
        ] {
            let (_dir, mut database) = database(statements).await;
            let read = database.rows(TABLE).await.unwrap();
            assert!(read.rows.is_empty(), "{statements}");
        }
        let (_dir, mut database) = database(
            "CREATE TABLE things (name, value AS (upper(name)));
             INSERT INTO things VALUES ('a');",
        )
        .await;
        let read = database.rows(TABLE).await.unwrap();
        assert!(read.rows[0].is_null(2), "a computed column is not run");
    }
}
