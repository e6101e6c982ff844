//! What breaks around the daemon, and what goes on all the same: the table of faults in
//! `docs/security.md`.

mod database_restart;
mod descriptors;
mod disk;
mod locked;
mod stop;
mod token_endpoint;
