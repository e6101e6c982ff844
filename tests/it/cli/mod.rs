//! The command line as a person, a script and a hostile argument meet it.

mod documentation;
mod logins;
mod narrow;
mod next_steps;
mod offline;
mod online;
mod people;
mod provider;
mod roots;
mod scan;
mod somebody_else;
mod terminal;
mod this_machine;
pub(crate) mod transcript;
