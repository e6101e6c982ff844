//! The store on real databases: every story on SQLite and on PostgreSQL.

mod accounts;
mod connections;
pub(crate) mod database;
mod proofs;
