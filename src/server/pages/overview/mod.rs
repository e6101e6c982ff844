//! The first page: what needs its person, who is at work, what happened, and how to begin.
//!
//! Lists are cut, with a link to the rest: the page stays as small for a thousand connections as for
//! ten.

mod agents;
mod attention;
mod events;
mod guide;
mod names;
mod page;

pub(super) use page::{home, show};
