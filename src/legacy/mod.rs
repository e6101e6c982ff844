//! Reads a home of the original program 0.5, and writes nothing.
//!
//! The databases are copied to a private temporary directory first and only the copies are opened,
//! so that not even a time stamp of the old home changes. Every value is hostile until it is
//! parsed: what does not read, does not open, or breaks a rule of ours is left out and named in
//! [`OldHome::skipped`]; what would make the whole reading unsafe (a link, no key that opens the
//! vault, a home that changes under the reader) is an [`Error`]. What is done with the values is
//! decided in `services`.

mod address;
mod client;
mod copy;
mod credentials;
mod error;
mod events;
mod home;
mod key;
mod people;
mod read;
mod sealed;
mod sqlite;
mod text;

pub use error::Error;
pub use home::{
    Candidate, Kind, OldAccount, OldClaim, OldClient, OldConnection, OldDefault, OldDefinition,
    OldHome, OldIdentity, OldKey, Opened, Owner, Skipped,
};
pub use read::read;
