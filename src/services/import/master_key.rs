//! The master key of an empty home becomes that of the old one.

use crate::files;
use crate::legacy::OldHome;
use crate::model::{ErrorCode, MasterKeySource};
use crate::services::Error;
use crate::store::Store;
use serde::Serialize;
use zeroize::Zeroizing;

/// What became of the old master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Adopted {
    /// It is this home's master key from now on.
    Imported,
    /// It is the one of this home already, or its source serves both.
    Unchanged,
    /// This home has a key of its own, under which everything is sealed anew.
    NotNeeded,
}

/// Puts the key into `server/master.key` where this home has neither key nor data. A key that was
/// kept apart from the old home is not laid beside the data of this one. Blocks.
pub async fn adopt(
    store: &Store,
    source: &MasterKeySource,
    old: &OldHome,
    dry_run: bool,
) -> Result<Adopted, Error> {
    let Some(opened) = &old.opened else {
        return Ok(Adopted::NotNeeded);
    };
    if let Some(here) = crate::vault::load_master_key(source)? {
        return Ok(if here.matches(opened.key.reveal()) {
            Adopted::Unchanged
        } else {
            Adopted::NotNeeded
        });
    }
    let is_empty = store.read().await?.list_kek_slots().await?.is_empty();
    let MasterKeySource::HomeFile(path) = source else {
        return Ok(Adopted::NotNeeded);
    };
    if !is_empty || !opened.is_of_home {
        return Ok(Adopted::NotNeeded);
    }
    if !dry_run {
        let line = Zeroizing::new(format!("{}\n", opened.key.reveal()));
        files::create_private(path, line.as_bytes()).map_err(|source| {
            Error::new(
                ErrorCode::StoreUnavailable,
                format!("could not write the master key to {}", path.display()),
            )
            .hint("check that the directory can be written")
            .caused_by(source)
        })?;
    }
    Ok(Adopted::Imported)
}
