//! Finds credentials that lie about in plain text on this machine.
//!
//! It looks into `.env` files up the tree, the process environment and the well-known files of
//! other tools, and says which of what it sees may be a credential and where it stands. It talks to
//! no daemon, prints nothing and shows no value. Files are anybody's: one that is huge, binary, a
//! pipe, a loop of links or another's is named and skipped. The one thing it changes is a value of
//! a `.env` file, in place, when it is told to.

mod dotenv;
mod env_file;
mod finder;
mod known;
mod known_text;
mod likely;
mod places;
mod reading;

pub use dotenv::Quote;
pub use env_file::{Change, EnvFile};
pub use finder::{Find, Finds, Source, What, find, is_in_run};
pub use reading::Skipped;
