//! The audit log: written with what it records, read newest first, counted by hour and day.

mod chart;
mod counts;
mod cursor;
mod filter;
mod find;
mod list;
mod write;

pub use chart::{AuditCounts, CountFilter, Span};
pub use cursor::{AuditCursor, BadCursor};
pub use filter::AuditFilter;
pub use list::{AuditPage, EXAMINED, MAX_PAGE};
