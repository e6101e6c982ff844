//! A home of 0.5 taken over, offline: under the lock of this home, without a daemon.

use super::compose::open_store;
use super::life::{LAST_WORDS, open_audit_log, prepare_home, this_process};
use super::{Error, trails};
use crate::catalog::Catalog;
use crate::clock::SystemClock;
use crate::config::{ClientConfig, Config};
use crate::legacy::{self, Candidate, OldHome};
use crate::model::{Handle, MasterKeySource};
use crate::services::{Adopted, Import, ImportOptions, ImportReport, adopt_master_key};
use crate::store::{HomeLock, Location, Store};
use crate::vault::Vaults;
use crate::{telemetry, vault};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was done.
#[derive(Debug)]
pub struct Imported {
    pub report: ImportReport,
    /// Where the key was that opened the old vault; `None` where there was no vault.
    pub opened_with: Option<String>,
    pub master_key: Adopted,
    /// Commands act as this identity from now on, as they did before.
    pub active_identity: Option<Handle>,
}

/// Takes the home of 0.5 at `from` over into the home of `config`. `key_file` holds the old master
/// key where the old home and the environment do not.
pub async fn import(
    config: &Config,
    from: &Path,
    key_file: Option<&Path>,
    options: ImportOptions,
) -> Result<Imported, Error> {
    config.check_daemon()?;
    // Where the system refuses it, the import still works.
    let _ = telemetry::forbid_core_dumps();
    let candidates = candidates(config, key_file).await?;
    let is_new = config.database_url.is_none() && !config.home.store_db().exists();
    if options.dry_run && is_new {
        let old = legacy::read(from, candidates).await?;
        return on_scratch(config, &old, options).await;
    }
    // A home that cannot be read leaves no trace in this one.
    let old = legacy::read(from, candidates).await?;
    prepare_home(config)?;
    let _lock = HomeLock::take(&config.home.daemon_lock(), this_process())?;
    let store = open_store(config).await?;
    let done = on_store(config, &store, &old, options).await;
    store.close().await;
    done
}

async fn on_store(
    config: &Config,
    store: &Store,
    old: &OldHome,
    options: ImportOptions,
) -> Result<Imported, Error> {
    if options.dry_run && store.read().await?.list_kek_slots().await?.is_empty() {
        return on_scratch(config, old, options).await;
    }
    let mut copies = trails::follow(store, open_audit_log(config)?, None);
    let done = take_over(config, store, &config.master_key, old, options).await;
    store.close().await;
    let all = async { while copies.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, all).await.is_err() {
        tracing::warn!("audit.log is behind; the database has every event");
    }
    let mut done = done?;
    if !options.dry_run {
        done.active_identity = keep_active(config, old)?;
    }
    Ok(done)
}

/// A home that has nothing yet stays so in a rehearsal: an empty one stands in for it.
async fn on_scratch(
    config: &Config,
    old: &OldHome,
    options: ImportOptions,
) -> Result<Imported, Error> {
    let failed = |source| Error::Directory {
        path: std::env::temp_dir(),
        source,
    };
    let scratch = tempfile::tempdir().map_err(failed)?;
    let at = |name: &str| -> PathBuf { scratch.path().join(name) };
    let store = Store::open(Location::Sqlite(at("store.db")), Arc::new(SystemClock)).await?;
    let key = MasterKeySource::HomeFile(at("master.key"));
    let done = take_over(config, &store, &key, old, options).await;
    store.close().await;
    done
}

async fn take_over(
    config: &Config,
    store: &Store,
    key: &MasterKeySource,
    old: &OldHome,
    options: ImportOptions,
) -> Result<Imported, Error> {
    let adopting = adopt_master_key(store, &config.master_key, old, options.dry_run);
    let master_key = adopting.await.map_err(Error::Import)?;
    let vaults = Vaults::unlock(store, key.clone()).await?;
    let import = Import::new(
        store.clone(),
        vaults,
        Catalog::with_custom(config.home.providers_dir()),
        config.home.identities_dir(),
        !config.is_hosted(),
    )
    .await
    .map_err(Error::Import)?;
    let report = import.run(old, options, key.clone()).await;
    let report = report.map_err(Error::Import)?;
    Ok(Imported {
        report,
        opened_with: old.opened.as_ref().map(|opened| opened.origin.clone()),
        master_key,
        active_identity: None,
    })
}

/// The master keys that may open the old vault, beside its own file.
async fn candidates(config: &Config, key_file: Option<&Path>) -> Result<Vec<Candidate>, Error> {
    let named = key_file.map(|path| MasterKeySource::File(path.to_owned()));
    let sources: Vec<(String, MasterKeySource)> = named
        .into_iter()
        .map(|source| ("--master-key-file".to_owned(), source))
        .chain([(
            config.master_key.name().to_owned(),
            config.master_key.clone(),
        )])
        .collect();
    let loading = tokio::task::spawn_blocking(move || {
        sources
            .into_iter()
            .filter_map(|(origin, source)| match vault::load_master_key(&source) {
                // This home has no key yet.
                Ok(None) => None,
                Ok(Some(key)) => Some(Candidate {
                    origin,
                    key: Ok(key),
                    is_of_home: false,
                }),
                Err(error) => Some(Candidate {
                    origin,
                    key: Err(error.to_string()),
                    is_of_home: false,
                }),
            })
            .collect()
    });
    loading
        .await
        .map_err(|_| Error::Legacy(legacy::Error::Aborted))
}

/// Commands go on as the identity they acted as, where they act as none here.
fn keep_active(config: &Config, old: &OldHome) -> Result<Option<Handle>, Error> {
    let Some(active) = &old.active else {
        return Ok(None);
    };
    let mut settings = ClientConfig::load(&config.home)?;
    let is_here = config.home.identity_key(active).exists();
    if settings.active_identity.is_some() || !is_here {
        return Ok(None);
    }
    settings.active_identity = Some(active.clone());
    settings.save(&config.home)?;
    Ok(Some(active.clone()))
}
