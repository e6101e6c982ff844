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

/// Tables of which nobody keeps a copy between two requests. Everything else is in someone's cache,
/// or may be tomorrow.
const NEVER_KEPT: [&str; 13] = [
    "audit_counted",
    "audit_counts",
    "audit_counts_each",
    "audit_events",
    "browser_sessions",
    "connection_uses",
    "identity_seen",
    "login_sessions",
    "one_time_tokens",
    "refresh_leases",
    "sign_in_attempts",
    "sign_ins",
    "used_proofs",
];

/// Whether one or more statements may make a cached row untrue. One that is spelt in an unknown way does.
pub(super) fn changes_what_is_kept(statements: &str) -> bool {
    statements.split("; ").any(changes_kept)
}

fn changes_kept(statement: &str) -> bool {
    let mut words = statement.split(|c: char| c.is_ascii_whitespace() || c == '(');
    let table = match words.next() {
        Some("SELECT" | "BEGIN" | "COMMIT") => return false,
        Some("UPDATE") => words.next(),
        Some("INSERT" | "DELETE") => words
            .any(|word| matches!(word, "INTO" | "FROM"))
            .then(|| words.next())
            .flatten(),
        _ => None,
    };
    table.is_none_or(|table| !NEVER_KEPT.contains(&table))
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
    fn what_nobody_keeps_is_told_from_what_somebody_may() {
        for harmless in [
            "SELECT handle FROM identities",
            "INSERT OR FAIL INTO used_proofs (key, expires_at) VALUES (?,?)",
            "INSERT INTO audit_events(seq) VALUES ($1)",
            "UPDATE browser_sessions SET seen_at = $2",
            "DELETE FROM sign_in_attempts WHERE key = $1",
            "BEGIN IMMEDIATE; INSERT INTO used_proofs (key) VALUES (?); COMMIT",
        ] {
            assert!(!changes_what_is_kept(harmless), "{harmless}");
        }
        for change in [
            "UPDATE claims SET state = 'revoked'",
            "DELETE FROM connections WHERE provider = $1",
            "INSERT INTO identities (handle) SELECT id FROM login_sessions",
            "UPDATE used_proofs_of_others SET key = $1",
            "WITH gone AS (DELETE FROM claims) DELETE FROM used_proofs",
            "update claims set state = 'revoked'",
            "BEGIN; INSERT INTO used_proofs (key) VALUES (?); UPDATE claims SET state = ?; COMMIT",
            "",
        ] {
            assert!(changes_what_is_kept(change), "{change}");
        }
    }

    #[test]
    fn rows_number_their_placeholders_through() {
        assert_eq!(rows(2, 2), "($1,$2),($3,$4)");
        assert_eq!(anonymous_rows(2, 2), "(?,?),(?,?)");
    }
}
