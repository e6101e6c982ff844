//! Taking over a home of the original program 0.5.
//!
//! What was read of it is compared with what is here, and the difference is written in one
//! transaction: all of it or nothing. What is here and equal is left alone, what is here and
//! differs is reported and overwritten only when that was asked for; a private key, a password and
//! the key of a registered identity are never overwritten. Afterwards everything is read back with
//! keys unlocked anew and compared again. Nothing here knows the old format; that is `legacy`.

mod accounts;
mod compare;
mod connections;
mod events;
mod identities;
mod keys;
mod master_key;
mod plan;
mod providers;
mod report;
mod service;
mod write;

pub use master_key::{Adopted, adopt as adopt_master_key};
pub use report::{Counts, Outcome, Remark, Report};
pub use service::{Import, Options};
