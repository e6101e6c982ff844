//! Reads, checks and embeds the provider definitions.
//!
//! [`parse`] takes a whole definition or refuses it with everything that is wrong, each with its
//! place and what would be right. [`Catalog`] holds the bundled definitions and those of the home's
//! `providers/`, which win. It refuses to guess: a definition that could send a credential to a
//! host nobody named is not taken, and hosts of bundled providers belong to them (see
//! [`Catalog::conflicts`]). It fetches nothing and stores nothing.

mod bundled;
mod check;
mod conflict;
mod home;
mod index;
mod pattern;
mod places;
mod problem;
mod source;

pub use check::Checked;
pub use conflict::Conflict;
pub use home::{Broken, FileProblem};
pub use index::{Catalog, Listing};
pub use places::places;
pub use problem::{Invalid, Problem};
pub use source::{LARGEST, check, hidden_characters, parse, parse_registration, to_file_text};

#[cfg(test)]
mod tests;
