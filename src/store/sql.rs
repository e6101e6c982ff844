//! Small parts of statements that are put together at run time; never a value.

use super::tx::Tx;
use std::fmt::Write as _;

/// `($1,$2),($3,$4)…`: placeholders for `rows` rows of `columns` columns.
pub(super) fn rows(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..columns {
            let number = row * columns + column + 1;
            let comma = if column == 0 { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(text, "{comma}${number}");
        }
        text.push(')');
    }
    text
}

/// `(?,?),(?,?)…`
fn anonymous_rows(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}

/// What the merged statements of the hot path are spelt with. The meaning is the same on both
/// databases; `SQLite` spends a fifth of its time otherwise.
impl Tx {
    /// A failed INSERT always undoes the whole savepoint or transaction here, so `SQLite` need not
    /// keep a journal of the one statement.
    pub(super) fn insert(&self) -> &'static str {
        if self.is_sqlite() {
            "INSERT OR FAIL"
        } else {
            "INSERT"
        }
    }

    /// `SQLite` looks numbered placeholders up one by one, which is quadratic in a long statement.
    pub(super) fn rows(&self, count: usize, columns: usize) -> String {
        if self.is_sqlite() {
            anonymous_rows(count, columns)
        } else {
            rows(count, columns)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_number_their_placeholders_through() {
        assert_eq!(rows(2, 2), "($1,$2),($3,$4)");
        assert_eq!(anonymous_rows(2, 2), "(?,?),(?,?)");
    }
}
