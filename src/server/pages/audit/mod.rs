//! The audit log as pages, for administrators: the list with its filter and chart, one event, and a copy
//! to take away.

mod chart;
mod event;
mod export;
mod filter;
mod list;
mod rows;

pub(super) use event::show as show_event;
pub(super) use export::export;
pub(super) use list::show;
