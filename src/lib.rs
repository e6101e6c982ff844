//! Authsome: a credential broker for AI agents.
//!
//! A person logs in to a service once; the daemon keeps the credential encrypted and releases it
//! only to callers that prove an identity. `docs/architecture.md` is the map; a module imports only
//! from modules above it here, which `tests/it/architecture.rs` enforces.

pub mod secret;

pub mod clock;

pub mod files;

pub mod telemetry;

pub mod model;

pub mod config;

pub mod api;

pub mod catalog;

pub mod scan;

pub mod browsers;

pub mod crypto;

pub mod store;

pub mod oauth;

pub mod vault;

pub mod legacy;

pub mod client;

pub mod services;

pub mod server;

pub mod proxy;

pub mod daemon;

pub mod cli;
