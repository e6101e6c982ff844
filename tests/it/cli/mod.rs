//! The command line as a person, a script and a hostile argument meet it.

mod documentation;
mod offline;
mod somebody_else;
mod transcript;
