//! How the daemon is: health, readiness, and who is asking.
#![expect(
    clippy::unused_async,
    unused_variables,
    reason = "the signatures land first; the bodies follow"
)]

use super::Error;
use crate::model::{Caller, ErrorCode};

/// The three encryption fields of the wire contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    pub configured_mode: String,
    pub effective_source: String,
    pub backend: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub version: &'static str,
    pub encryption: Encryption,
    /// `sqlite` or `postgres`.
    pub store_backend: &'static str,
    pub instance_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// `spec_version`, `store`, `identity`, `providers`, `connections`, `vault` or `integrity`.
    pub name: &'static str,
    pub ok: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    pub checks: Vec<Check>,
    pub issues: Vec<String>,
    pub warnings: Vec<String>,
    pub encryption: Encryption,
}

impl Readiness {
    pub fn is_ready(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whoami {
    pub version: &'static str,
    pub home: String,
    pub caller: Caller,
    pub daemon_url: String,
    pub encryption: Encryption,
}

/// Answers the probes.
#[derive(Debug, Clone)]
pub struct Status {}

impl Status {
    /// Touches neither store nor vault: it answers while they are busy.
    pub fn health(&self) -> Health {
        Health {
            version: "",
            encryption: no_encryption(),
            store_backend: "sqlite",
            instance_id: String::new(),
        }
    }

    /// The caller's view, with issues in words.
    pub async fn ready(&self, caller: &Caller) -> Result<Readiness, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// The orchestrator's view: whether everything works.
    pub async fn probe(&self) -> Result<bool, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    pub fn whoami(&self, caller: &Caller) -> Whoami {
        Whoami {
            version: "",
            home: String::new(),
            caller: caller.clone(),
            daemon_url: String::new(),
            encryption: no_encryption(),
        }
    }
}

fn no_encryption() -> Encryption {
    Encryption {
        configured_mode: String::new(),
        effective_source: String::new(),
        backend: String::new(),
    }
}
