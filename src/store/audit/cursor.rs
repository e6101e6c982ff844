//! A place in the newest-first list.

use std::fmt;
use std::str::FromStr;

/// A place in the newest-first list; its text form travels over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditCursor {
    pub(super) at: i64,
    pub(super) seq: i64,
}

impl fmt::Display for AuditCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.seq)
    }
}

/// A cursor that none of our pages gave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of an earlier page")]
pub struct BadCursor;

impl FromStr for AuditCursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (at, seq) = text.split_once('.').ok_or(BadCursor)?;
        let number = |part: &str| match part.parse::<i64>() {
            Ok(number) if number >= 0 => Ok(number),
            _ => Err(BadCursor),
        };
        Ok(Self {
            at: number(at)?,
            seq: number(seq)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_a_made_up_one_does_not() {
        let cursor = AuditCursor { at: 12, seq: 3 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in [
            "",
            ".",
            "1",
            "1.",
            "-1.2",
            "1.2.3",
            "1.99999999999999999999",
        ] {
            assert_eq!(text.parse::<AuditCursor>(), Err(BadCursor), "{text}");
        }
    }
}
