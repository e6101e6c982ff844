//! The use cases on real databases: every story on SQLite and on PostgreSQL.

mod accounts;
mod activity;
mod audit;
mod claims;
mod clients;
mod connections;
mod forms;
pub(crate) mod house;
mod identities;
mod live;
mod logins;
mod people;
mod person_logins;
mod properties;
mod providers;
mod refresh;
mod refresh_faults;
mod refresh_moments;
mod refresh_refused;
mod refresh_waits;
mod renewal;
mod resolver;
mod scans;
