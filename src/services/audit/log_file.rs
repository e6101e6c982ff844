//! `audit.log`: every committed event as a line of JSON, for people with `tail` and for shippers.
//!
//! A copy. The database is the record: when this file cannot be written, that is said in the log of
//! the daemon and nothing waits for it.

use super::line::line;
use crate::files::RotatingFile;
use crate::model::AuditRecord;
use std::io::{self, Write};
use std::path::Path;

/// A file is set aside before it would pass this size, in bytes.
const LIMIT: u64 = 16 * 1024 * 1024;
/// How many set-aside files stay.
const KEEP: u32 = 5;

/// The open `audit.log`.
#[derive(Debug)]
pub struct AuditLogFile {
    file: RotatingFile,
}

impl AuditLogFile {
    /// Opens or creates it, 0600; a symbolic link is refused.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: RotatingFile::open(path, LIMIT, KEEP)?,
        })
    }

    /// Appends the events, one line each, in one write.
    pub fn append<R: AsRef<AuditRecord>>(&mut self, records: &[R]) -> io::Result<()> {
        let text: String = records.iter().map(|record| line(record.as_ref())).collect();
        self.file.write_all(text.as_bytes())
    }
}
