//! What the services are told at start, and the bundle of them that the server holds.

use super::{Accounts, Audit, Connections, Identities, Logins, Providers, Resolver, Status};
use std::path::PathBuf;

/// Who may use this daemon, and so how identities are claimed and people sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Loopback only; the person at the keyboard is the administrator.
    Local,
    /// Reached over a network; nothing happens without a sign-in.
    Hosted,
}

/// What the composition root knows and the services need.
#[derive(Debug, Clone)]
pub struct ServicesConfig {
    pub mode: Mode,
    /// The origin of our own pages, without a slash at the end: `http://127.0.0.1:7998`.
    pub base_url: String,
    /// Origins a full-URL proof may name: the base URL, loopback spellings, allowed origins.
    pub proof_origins: Vec<String>,
    /// Take the path-only proofs of 0.5 clients.
    pub legacy_proof: bool,
    /// `$AUTHSOME_HOME`, shown by `whoami`.
    pub home: PathBuf,
    /// `$AUTHSOME_HOME/providers`.
    pub providers_dir: PathBuf,
    /// `$AUTHSOME_HOME/server/bind.secret`; unused when hosted.
    pub bind_secret: PathBuf,
    pub version: &'static str,
}

/// Every use case, ready to run. Cheap to clone behind an `Arc`.
#[derive(Debug)]
pub struct Services {
    pub identities: Identities,
    pub accounts: Accounts,
    pub logins: Logins,
    pub connections: Connections,
    pub resolver: Resolver,
    pub providers: Providers,
    pub audit: Audit,
    pub status: Status,
}
