//! The identities of this home: `identities/<handle>.key` (0600, hexadecimal and a newline) and
//! `<handle>.json` beside it. A key is made once, never overwritten and never printed.

use super::error::CliError;
use crate::client::{Identity, IdentityError, now};
use crate::config::{ClientConfig, Config};
use crate::files;
use crate::model::{ErrorCode, Handle};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// The longest `.key` or `.json` that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The public facts of an identity, beside its key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) handle: Handle,
    pub(crate) did: String,
    #[serde(default)]
    pub(crate) identity_status: Option<String>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    created_at: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    updated_at: Option<OffsetDateTime>,
    /// Instances of the daemon at which it is claimed, so that a command need not ask.
    #[serde(default)]
    claimed_at: BTreeSet<String>,
    #[serde(flatten)]
    unknown: BTreeMap<String, serde_json::Value>,
}

/// Reads and makes identities.
#[derive(Debug)]
pub(crate) struct Identities<'a> {
    config: &'a Config,
}

impl<'a> Identities<'a> {
    pub(crate) const fn of(config: &'a Config) -> Self {
        Self { config }
    }

    /// The identity that commands act as, or `None` where none was ever made.
    pub(crate) fn active(&self) -> Result<Option<Identity>, CliError> {
        if let Some(key) = &self.config.identity_private_key {
            return self.brought(key.reveal()).map(Some);
        }
        if let Some(handle) = &self.config.identity {
            return self.load(handle).map(Some);
        }
        let settings = ClientConfig::load(&self.config.home)?;
        if let Some(handle) = &settings.active_identity {
            return self.load(handle).map(Some);
        }
        match self.handles()?.as_slice() {
            [] => Ok(None),
            [only] => self.load(only).map(Some),
            many => Err(CliError::usage(format!(
                "this home has {} identities and none is active",
                many.len()
            ))
            .hint("choose one with `authsome profile use HANDLE`")),
        }
    }

    pub(crate) fn active_or_new(&self) -> Result<Identity, CliError> {
        if let Some(identity) = self.active()? {
            return Ok(identity);
        }
        let _alone = self.lock()?;
        // Another command may have been faster.
        if let Some(identity) = self.active()? {
            return Ok(identity);
        }
        let identity = self.create_locked(None)?;
        self.activate(identity.handle())?;
        Ok(identity)
    }

    /// Makes an identity; the handle must be free in this home.
    pub(crate) fn create(&self, handle: Option<Handle>) -> Result<Identity, CliError> {
        let _alone = self.lock()?;
        self.create_locked(handle)
    }

    fn create_locked(&self, handle: Option<Handle>) -> Result<Identity, CliError> {
        let identity = Identity::generate(handle)
            .map_err(|source| CliError::internal("could not make an identity", source))?;
        let handle = identity.handle();
        if self.key_path(handle).is_some() {
            return Err(CliError::new(
                ErrorCode::IdentityRegistration,
                format!("this home already has an identity `{handle}`"),
            )
            .hint(format!("use it with `authsome profile use {handle}`")));
        }
        let path = self.config.home.identity_key(handle);
        let content = zeroize::Zeroizing::new(format!("{}\n", *identity.key_hex()));
        files::create_private(&path, content.as_bytes())
            .map_err(|source| unwritable(&path, source))?;
        self.write_facts(&Self::fresh_facts(&identity))?;
        Ok(identity)
    }

    /// Makes `handle` the identity of later commands.
    pub(crate) fn activate(&self, handle: &Handle) -> Result<(), CliError> {
        let mut settings = ClientConfig::load(&self.config.home)?;
        settings.active_identity = Some(handle.clone());
        Ok(settings.save(&self.config.home)?)
    }

    /// Every identity with a key in this home, in order.
    pub(crate) fn handles(&self) -> Result<Vec<Handle>, CliError> {
        let home = &self.config.home;
        let mut found = BTreeSet::new();
        for dir in [home.identities_dir(), home.legacy_identities_dir()] {
            let entries = match std::fs::read_dir(&dir) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(source) => return Err(unreadable(&dir, source)),
            };
            for entry in entries.flatten() {
                let path = entry.path();
                let stem = path.file_stem().and_then(|name| name.to_str());
                if path.extension().is_some_and(|e| e == "key")
                    && let Some(handle) = stem.and_then(|name| name.parse().ok())
                {
                    found.insert(handle);
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Reads the key of one identity.
    pub(crate) fn load(&self, handle: &Handle) -> Result<Identity, CliError> {
        let Some(path) = self.key_path(handle) else {
            return Err(CliError::new(
                ErrorCode::IdentityNotFound,
                format!("this home has no key of the identity `{handle}`"),
            )
            .hint("see what there is with `authsome profile list`, or make it with `authsome profile create HANDLE`"));
        };
        let bytes = files::read_private(&path, LONGEST)
            .map(zeroize::Zeroizing::new)
            .map_err(|source| unreadable(&path, source))?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        Identity::from_hex(handle.clone(), text).map_err(|source| bad_key(&path, source))
    }

    fn brought(&self, key: &str) -> Result<Identity, CliError> {
        let Some(handle) = &self.config.identity else {
            return Err(CliError::usage(
                "AUTHSOME_IDENTITY_PRIVATE_KEY is set but AUTHSOME_IDENTITY is not",
            )
            .hint("set AUTHSOME_IDENTITY to the handle this key belongs to"));
        };
        Identity::from_hex(handle.clone(), key).map_err(|source| {
            CliError::usage("AUTHSOME_IDENTITY_PRIVATE_KEY is not a private key").caused_by(source)
        })
    }

    /// Whether the identity comes from the environment and has no file here.
    pub(crate) const fn is_from_environment(&self) -> bool {
        self.config.identity_private_key.is_some()
    }

    pub(crate) fn facts(&self, handle: &Handle) -> Option<Facts> {
        let home = &self.config.home;
        let legacy = home.legacy_identities_dir().join(format!("{handle}.json"));
        [home.identity_json(handle), legacy]
            .iter()
            .find_map(|path| files::read_private(path, LONGEST).ok())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
    }

    /// Whether an earlier command saw the identity claimed at this instance.
    pub(crate) fn is_known_claimed(&self, identity: &Identity, instance: &str) -> bool {
        !self.is_from_environment()
            && self.facts(identity.handle()).is_some_and(|facts| {
                facts.claimed_at.contains(instance) && facts.did == identity.did().as_str()
            })
    }

    /// Notes for later commands where the identity stands. A home that cannot be written is asked again.
    pub(crate) fn note_status(&self, identity: &Identity, instance: &str, status: &str) {
        if self.is_from_environment() {
            return;
        }
        let mut facts = self
            .facts(identity.handle())
            .unwrap_or_else(|| Self::fresh_facts(identity));
        status.clone_into(facts.identity_status.get_or_insert_default());
        facts.updated_at = Some(now());
        if status == "claimed" {
            facts.claimed_at.insert(instance.to_owned());
        } else {
            facts.claimed_at.remove(instance);
        }
        drop(self.write_facts(&facts));
    }

    fn fresh_facts(identity: &Identity) -> Facts {
        Facts {
            handle: identity.handle().clone(),
            did: identity.did().to_string(),
            identity_status: Some("local".to_owned()),
            created_at: Some(now()),
            updated_at: Some(now()),
            claimed_at: BTreeSet::new(),
            unknown: BTreeMap::new(),
        }
    }

    fn write_facts(&self, facts: &Facts) -> Result<(), CliError> {
        let path = self.config.home.identity_json(&facts.handle);
        let mut bytes = serde_json::to_vec_pretty(facts)
            .map_err(|source| CliError::internal("could not write JSON", source))?;
        bytes.push(b'\n');
        files::replace_private(&path, &bytes).map_err(|source| unwritable(&path, source))
    }

    fn key_path(&self, handle: &Handle) -> Option<PathBuf> {
        let home = &self.config.home;
        let legacy = home.legacy_identities_dir().join(format!("{handle}.key"));
        [home.identity_key(handle), legacy]
            .into_iter()
            .find(|path| path.symlink_metadata().is_ok())
    }

    /// Makes the home and keeps other commands from making an identity at the same time.
    fn lock(&self) -> Result<nix::fcntl::Flock<std::fs::File>, CliError> {
        self.config.home.prepare()?;
        let dir = self.config.home.identities_dir();
        files::create_private_dir(&dir).map_err(|source| unwritable(&dir, source))?;
        let path = dir.join(".lock");
        let file = files::open_private(&path).map_err(|source| unwritable(&path, source))?;
        nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusive)
            .map_err(|(_, errno)| unwritable(&path, errno.into()))
    }
}

fn unwritable(path: &Path, source: std::io::Error) -> CliError {
    let is_full = matches!(
        source.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    );
    let code = if is_full {
        ErrorCode::StoreUnavailable
    } else {
        ErrorCode::InvalidInput
    };
    CliError::new(code, format!("could not write {}", path.display()))
    .hint("make the home writable, choose another with AUTHSOME_HOME, or bring an identity with AUTHSOME_IDENTITY and AUTHSOME_IDENTITY_PRIVATE_KEY")
    .caused_by(source)
}

fn unreadable(path: &Path, source: std::io::Error) -> CliError {
    CliError::new(
        ErrorCode::InvalidInput,
        format!("could not read {}", path.display()),
    )
    .hint("it must be a plain file that you own; `authsome doctor` looks at all of them")
    .caused_by(source)
}

fn bad_key(path: &Path, source: IdentityError) -> CliError {
    CliError::new(
        ErrorCode::StoreUnavailable,
        format!("{} does not hold a private key", path.display()),
    )
    .hint("restore it from a backup, or make another identity with `authsome profile create`")
    .caused_by(source)
}
