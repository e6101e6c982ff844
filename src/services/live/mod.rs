//! Tells open pages that something happened; what it was they ask for themselves.
//!
//! A page that is open takes a seat. The audit log is followed only while somebody sits: in this
//! process as it is written, and, where other processes write too, by a look at it once a second.

mod hub;
mod service;

pub use hub::{Seat, Word};
pub use service::Live;
