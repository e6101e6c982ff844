//! The order of an import: compare, write, read back.

use super::plan::{Draft, Plan};
use super::report::Report;
use crate::catalog::Catalog;
use crate::clock::{from_unix_millis, to_unix_millis};
use crate::legacy::OldHome;
use crate::model::{ErrorCode, MasterKeySource, ProviderName};
use crate::services::Error;
use crate::store::Store;
use crate::vault::Vaults;
use std::collections::BTreeSet;
use std::path::PathBuf;
use time::OffsetDateTime;

/// What the person who imports decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Overwrite what differs here.
    pub force: bool,
    /// Write nothing.
    pub dry_run: bool,
}

/// Takes an old home over into the home of this store.
#[derive(Debug)]
pub struct Import {
    pub(super) store: Store,
    pub(super) vaults: Vaults,
    pub(super) catalog: Catalog,
    pub(super) identities_dir: PathBuf,
    /// A laptop's home, which has an administrator of its own.
    pub(super) is_local: bool,
    /// One time for everything that is written, to the millisecond.
    pub(super) now: OffsetDateTime,
    /// Definitions of one's own that the store holds already.
    pub(super) registered: BTreeSet<ProviderName>,
}

impl Import {
    pub async fn new(
        store: Store,
        vaults: Vaults,
        catalog: Catalog,
        identities_dir: PathBuf,
        is_local: bool,
    ) -> Result<Self, Error> {
        let now = from_unix_millis(to_unix_millis(store.clock().now()));
        let rows = store.read().await?.list_custom_providers().await?;
        Ok(Self {
            registered: rows.into_iter().map(|row| row.name).collect(),
            store,
            vaults,
            catalog,
            identities_dir,
            is_local,
            now,
        })
    }

    /// Writes what is missing (and with `force` what differs) in one transaction, then reads
    /// everything back with keys unlocked anew from `source`. A home that has it all is not touched.
    pub async fn run(
        mut self,
        old: &OldHome,
        options: Options,
        source: MasterKeySource,
    ) -> Result<Report, Error> {
        let (mut plan, report) = self.compare(old, options.force).await?;
        if options.dry_run {
            return Ok(report);
        }
        let keys = std::mem::take(&mut plan.keys);
        if !plan.store_is_complete() {
            self.write(plan, &report).await?;
        }
        self.write_keys(&keys)?;
        self.vaults = Vaults::unlock(&self.store, source).await?;
        self.verify(old, options.force, &report).await?;
        Ok(report)
    }

    /// What is to be written so that everything of the old home is here.
    async fn compare(&self, old: &OldHome, force: bool) -> Result<(Plan, Report), Error> {
        let mut draft = Draft::new(old, force);
        draft.report.skipped(&old.skipped);
        let mut reader = self.store.read().await?;
        self.accounts(&mut reader, &mut draft).await?;
        self.identities(&mut reader, &mut draft).await?;
        self.definitions(&mut reader, &mut draft).await?;
        self.clients(&mut reader, &mut draft).await?;
        self.connections(&mut reader, &mut draft).await?;
        self.events(&mut reader, &mut draft).await?;
        drop(reader);
        self.keys(&mut draft)?;
        let Draft {
            plan, mut report, ..
        } = draft;
        report.remarks.sort();
        Ok((plan, report))
    }

    /// Compares again: now nothing may be missing, and nothing may differ that did not before.
    async fn verify(&self, old: &OldHome, force: bool, before: &Report) -> Result<(), Error> {
        let (left, after) = self.compare(old, force).await?;
        let known = before.differing();
        let differs = after
            .differing()
            .into_iter()
            .find(|one| !known.contains(one));
        if left.store_is_complete() && left.keys.is_empty() && differs.is_none() {
            return Ok(());
        }
        let what = differs.map_or_else(
            || "something is missing".to_owned(),
            |one| format!("{} {}: {}", one.kind.as_str(), one.name, one.reason),
        );
        Err(Error::new(
            ErrorCode::StoreUnavailable,
            format!("what was written does not read back ({what}); the old home is untouched"),
        )
        .hint("run the import again; if it fails again, check the disk of this home"))
    }

    /// Never a number that a row of this place had before.
    pub(super) fn next_version(&self, stored: Option<i64>) -> i64 {
        (stored.unwrap_or(0) + 1).max(to_unix_millis(self.now))
    }
}
