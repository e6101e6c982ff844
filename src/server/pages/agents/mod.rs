//! The agents that act for a person: who they are, and the end of their access.

mod end;
mod list;

pub(super) use end::{ask_to_end, revoke};
pub(super) use list::show;
