//! The command line: one file per command.
//!
//! A command is arguments, one call of [`client`](crate::client), and an answer that is printed
//! either for people or as one JSON object. Nothing here decides what a caller may do, and no
//! secret is ever taken from an argument. `entry` is the way in, `args` the tree of commands,
//! `output` the only writer, `exit` the table of exit codes.

mod admin;
mod args;
mod browser;
mod claim;
mod clients;
mod completions;
mod context;
mod daemon;
mod demo;
mod doctor;
mod doctor_daemon;
mod done;
mod elsewhere;
mod entry;
mod error;
mod exit;
mod export;
mod get;
mod identities;
mod import_home;
mod in_run;
mod init;
mod inspect;
mod interrupt;
mod list;
mod log;
mod login;
mod login_answer;
mod login_wait;
mod logout;
mod moments;
mod nearest;
mod output;
mod paint;
mod people;
mod pick;
mod profile;
mod prompt;
mod provider;
mod register;
mod remove;
mod revoke;
mod run;
mod scan;
mod set_default;
mod table;
mod ui;
mod whoami;
mod wrap;

pub use args::command_tree;
pub use entry::main;
