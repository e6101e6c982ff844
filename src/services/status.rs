//! How the daemon is: health, readiness, and who is asking.

use super::setup::{Core, Mode};
use super::{Error, Providers, opening};
use crate::model::{Caller, Role, SignedIn};
use std::sync::Arc;

/// How many credentials of the caller a readiness check opens.
const OPENED: usize = 20;

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
    /// `sqlite` or `postgresql`.
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
    /// Empty when hosted: it is not the caller's.
    pub home: String,
    pub caller: Caller,
    pub daemon_url: String,
    pub encryption: Encryption,
}

/// What the page of settings tells of the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub version: &'static str,
    pub daemon_url: String,
    pub mode: Mode,
    /// What is for administrators.
    pub inside: Option<Inside>,
}

/// How the daemon is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    pub store_backend: &'static str,
    pub instance_id: String,
    pub encryption: Encryption,
    /// Which master key opens the store; not the key.
    pub key_id: String,
    /// At home alone.
    pub home: Option<String>,
    pub bundled_providers: usize,
    pub custom_providers: usize,
}

/// Answers the probes.
#[derive(Debug, Clone)]
pub struct Status {
    core: Arc<Core>,
    providers: Providers,
    /// What was noticed at the start.
    noticed: Vec<String>,
}

impl Status {
    pub(super) fn new(core: Arc<Core>, providers: Providers, noticed: Vec<String>) -> Self {
        Self {
            core,
            providers,
            noticed,
        }
    }

    /// Touches neither store nor vault: it answers while they are busy.
    pub fn health(&self) -> Health {
        Health {
            version: self.core.config.version,
            encryption: self.encryption(),
            store_backend: self.core.store.backend(),
            instance_id: self.core.store.instance_id().to_owned(),
        }
    }

    /// The caller's view, with issues in words.
    pub async fn ready(&self, caller: &Caller) -> Result<Readiness, Error> {
        let mut report = Report::default();
        report.check("spec_version", Ok(()));
        report.check("store", self.core.store.check().await.map_err(Error::from));
        report.check("identity", Ok(()));
        report.check("providers", self.providers.list().await.map(drop));
        for problem in self.providers.file_problems() {
            let file = problem.path.file_name().unwrap_or_default();
            let text = format!("providers/{}: {}", file.to_string_lossy(), problem.message);
            report.warnings.push(text);
        }
        report.warnings.extend(self.noticed.iter().cloned());
        report.check("connections", self.can_list(caller).await);
        report.check("vault", self.core.vaults.check().await.map_err(Error::from));
        report.check("integrity", self.can_open(caller).await);
        Ok(Readiness {
            checks: report.checks,
            issues: report.issues,
            warnings: report.warnings,
            encryption: self.encryption(),
        })
    }

    async fn can_list(&self, caller: &Caller) -> Result<(), Error> {
        let mut reader = self.core.store.read().await?;
        reader.list_connections(&caller.vault).await?;
        Ok(())
    }

    async fn can_open(&self, caller: &Caller) -> Result<(), Error> {
        let mut reader = self.core.store.read().await?;
        let stored = reader.list_sealed_connections(&caller.vault).await?;
        drop(reader);
        let sealed = stored.iter().filter(|found| found.sealed.is_some());
        for found in sealed.take(OPENED) {
            opening::try_open(&self.core, found).await?;
        }
        Ok(())
    }

    /// The orchestrator's view: whether everything works.
    pub async fn probe(&self) -> Result<bool, Error> {
        self.core.store.check().await?;
        Ok(self.core.vaults.check().await.is_ok())
    }

    pub fn whoami(&self, caller: &Caller) -> Whoami {
        let config = &self.core.config;
        let home = if self.core.is_local() {
            config.home.display().to_string()
        } else {
            String::new()
        };
        Whoami {
            version: config.version,
            home,
            caller: caller.clone(),
            daemon_url: config.base_url.clone(),
            encryption: self.encryption(),
        }
    }

    /// What this person may know of the daemon.
    pub async fn about(&self, person: &SignedIn) -> Result<About, Error> {
        let config = &self.core.config;
        let inside = match person.role {
            Role::Admin => Some(self.inside().await?),
            Role::User => None,
        };
        Ok(About {
            version: config.version,
            daemon_url: config.base_url.clone(),
            mode: config.mode,
            inside,
        })
    }

    async fn inside(&self) -> Result<Inside, Error> {
        let providers = self.providers.list().await?;
        let home = self.core.config.home.display();
        Ok(Inside {
            store_backend: self.core.store.backend(),
            instance_id: self.core.store.instance_id().to_owned(),
            encryption: self.encryption(),
            key_id: self.core.vaults.key_id(),
            home: self.core.is_local().then(|| home.to_string()),
            bundled_providers: providers.bundled.len(),
            custom_providers: providers.custom.len(),
        })
    }

    fn encryption(&self) -> Encryption {
        let status = self.core.vaults.status();
        Encryption {
            configured_mode: status.configured_mode.to_owned(),
            effective_source: status.effective_source.to_owned(),
            backend: status.backend.clone(),
        }
    }
}

#[derive(Default)]
struct Report {
    checks: Vec<Check>,
    issues: Vec<String>,
    warnings: Vec<String>,
}

impl Report {
    fn check(&mut self, name: &'static str, result: Result<(), Error>) {
        self.checks.push(Check {
            name,
            ok: result.is_ok(),
        });
        if let Err(failed) = result {
            self.issues.push(format!("{name}: {failed}"));
        }
    }
}
