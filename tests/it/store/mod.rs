//! The store on real databases: every story on SQLite and on PostgreSQL.

mod accounts;
mod audit;
mod audit_search;
mod connections;
mod crash;
pub(crate) mod database;
mod disk;
mod file;
mod leases;
mod lock;
mod outage;
mod proofs;
mod schema;
mod writer;
