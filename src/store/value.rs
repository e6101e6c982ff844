//! What goes into a statement and what comes out of it, the same for both databases.
//!
//! Four shapes are all there is: whole numbers, text, bytes and their absence. Booleans are 0 and
//! 1, times are Unix milliseconds. A NULL keeps its shape because `PostgreSQL` asks for it.

use super::Error;
use crate::clock::{from_unix_millis, to_unix_millis};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use std::str::FromStr;
use time::OffsetDateTime;

/// One argument of a statement.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
}

/// The arguments of a statement, `$1` first.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::value::Value::from($value)),*] };
}
pub(super) use args;

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Int(Some(i64::from(yes)))
    }
}

impl From<OffsetDateTime> for Value {
    fn from(at: OffsetDateTime) -> Self {
        Self::Int(Some(to_unix_millis(at)))
    }
}

impl From<Option<OffsetDateTime>> for Value {
    fn from(at: Option<OffsetDateTime>) -> Self {
        Self::Int(at.map(to_unix_millis))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Blob(Some(bytes.to_vec()))
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(Some(bytes))
    }
}

impl From<Option<&[u8]>> for Value {
    fn from(bytes: Option<&[u8]>) -> Self {
        Self::Blob(bytes.map(<[u8]>::to_vec))
    }
}

/// A row of either database.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// Reads the columns one after the other, in the order of the SELECT.
    pub(super) const fn columns(&self, what: &'static str) -> Columns<'_> {
        Columns {
            row: self,
            next: 0,
            what,
        }
    }
}

/// A walk over the columns of a row.
pub(super) struct Columns<'r> {
    row: &'r Row,
    next: usize,
    what: &'static str,
}

macro_rules! column {
    ($($name:ident -> $type:ty),+ $(,)?) => {$(
        pub(super) fn $name(&mut self) -> Result<$type, Error> {
            let index = self.next;
            self.next += 1;
            match self.row {
                Row::Sqlite(row) => row.try_get(index),
                Row::Postgres(row) => row.try_get(index),
            }
            .map_err(|_| self.bad())
        }
    )+};
}

impl Columns<'_> {
    column! {
        int -> i64,
        opt_int -> Option<i64>,
        text -> String,
        opt_text -> Option<String>,
        blob -> Vec<u8>,
        opt_blob -> Option<Vec<u8>>,
    }

    pub(super) fn flag(&mut self) -> Result<bool, Error> {
        Ok(self.int()? != 0)
    }

    pub(super) fn time(&mut self) -> Result<OffsetDateTime, Error> {
        self.int().map(from_unix_millis)
    }

    pub(super) fn opt_time(&mut self) -> Result<Option<OffsetDateTime>, Error> {
        Ok(self.opt_int()?.map(from_unix_millis))
    }

    /// A checked name, checked again on the way out.
    pub(super) fn name<T: FromStr>(&mut self) -> Result<T, Error> {
        let text = self.text()?;
        text.parse().map_err(|_| self.bad())
    }

    pub(super) fn opt_name<T: FromStr>(&mut self) -> Result<Option<T>, Error> {
        match self.opt_text()? {
            Some(text) => text.parse().map(Some).map_err(|_| self.bad()),
            None => Ok(None),
        }
    }

    /// A word of a closed set.
    pub(super) fn word<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Error> {
        let text = self.text()?;
        read(&text).ok_or_else(|| self.bad())
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Error> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|_| self.bad())
    }

    pub(super) fn opt_json<T: serde::de::DeserializeOwned>(&mut self) -> Result<Option<T>, Error> {
        match self.opt_text()? {
            Some(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|_| self.bad()),
            None => Ok(None),
        }
    }

    pub(super) const fn bad(&self) -> Error {
        Error::BadRecord { what: self.what }
    }
}

/// A value as the JSON text it is stored as.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::BadRecord { what: "JSON value" })
}
