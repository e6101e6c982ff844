//! The only reader of the environment and of configuration files.
//!
//! Values become types here, once: an empty variable is an unset one, and an error names the
//! variable and the fix but never the value of a secret one. `variables` is the one table that
//! the reader and `docs/environment.md` share. It starts nothing, and touches no file but the
//! client's `config.json`.

mod child;
mod client;
mod clients;
mod error;
mod home;
mod keys;
mod otel;
mod raw;
mod terminal;
mod values;
mod variables;
mod whole;

pub use child::ChildEnvironment;
pub use client::ClientConfig;
pub use error::Error;
pub use home::Home;
pub use otel::{OtelConfig, OtelProtocol};
pub use terminal::{TerminalHints, TerminalStyle};
pub use values::{Origin, PrivateHost};
pub use variables::{Reader, VARIABLES, Variable, environment_page};
pub use whole::Config;
