//! The command line as a person, a script and a hostile argument meet it.

mod documentation;
mod next_steps;
mod offline;
mod online;
mod people;
mod provider;
mod scan;
mod somebody_else;
mod terminal;
pub(crate) mod transcript;
