//! The private keys of identities, which are files of the client.

use super::plan::{Draft, KeyWrite};
use super::report::Outcome;
use super::service::Import;
use crate::crypto::SigningKeyPair;
use crate::files;
use crate::legacy::{Kind, OldClaim, OldIdentity};
use crate::model::{Did, ErrorCode, Handle};
use crate::services::Error;
use serde_json::json;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

/// The longest `.key` that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// What is in the place of a key.
enum KeyHere {
    Nothing,
    Of(Did),
    Unreadable,
}

impl Import {
    /// A key that is here is never overwritten, whatever was asked for.
    pub(super) fn keys(&self, draft: &mut Draft<'_>) -> Result<(), Error> {
        let identities: BTreeMap<&Handle, &OldIdentity> = draft
            .old
            .identities
            .iter()
            .map(|one| (&one.handle, one))
            .collect();
        for old in &draft.old.keys {
            let registered = identities.get(&old.handle);
            if registered.is_some_and(|one| one.did != old.did) {
                let reason = "it is not the key that its handle is registered with";
                draft
                    .report
                    .tell(Kind::Keys, &old.handle, Outcome::Skipped, reason);
                continue;
            }
            match self.key_here(&old.handle)? {
                KeyHere::Of(did) if did == old.did => {
                    draft.report.add(Kind::Keys, Outcome::Unchanged);
                }
                KeyHere::Of(_) | KeyHere::Unreadable => {
                    let reason = "another key is in its place here, and stays";
                    draft
                        .report
                        .tell(Kind::Keys, &old.handle, Outcome::Differs, reason);
                }
                KeyHere::Nothing => {
                    draft.plan.keys.push(KeyWrite {
                        handle: old.handle.clone(),
                        did: old.did.clone(),
                        key: old.key.clone(),
                        is_claimed: registered
                            .is_some_and(|one| matches!(one.claim, OldClaim::Accepted { .. })),
                    });
                    draft.report.add(Kind::Keys, Outcome::Imported);
                }
            }
        }
        Ok(())
    }

    fn key_here(&self, handle: &Handle) -> Result<KeyHere, Error> {
        let path = self.key_path(handle, "key");
        match files::read_private(&path, LONGEST).map(Zeroizing::new) {
            Ok(bytes) => {
                let text = std::str::from_utf8(&bytes).unwrap_or_default();
                let pair = SigningKeyPair::from_hex(text);
                Ok(pair.map_or(KeyHere::Unreadable, |pair| KeyHere::Of(pair.did())))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(KeyHere::Nothing),
            Err(_) if path.symlink_metadata().is_ok() => Ok(KeyHere::Unreadable),
            Err(source) => Err(unwritable(&path, source)),
        }
    }

    fn key_path(&self, handle: &Handle, ending: &str) -> PathBuf {
        self.identities_dir.join(format!("{handle}.{ending}"))
    }

    /// Each file is whole or not there, the key last: where it is missing after a failure, both come
    /// with the next run.
    pub(super) fn write_keys(&self, keys: &[KeyWrite]) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let dir = &self.identities_dir;
        files::create_private_dir(dir).map_err(|source| unwritable(dir, source))?;
        let now = self.now.format(&Rfc3339).unwrap_or_default();
        for one in keys {
            let facts = json!({
                "handle": one.handle,
                "did": one.did,
                "identity_status": if one.is_claimed { "claimed" } else { "local" },
                "created_at": now,
                "updated_at": now,
            });
            let path = self.key_path(&one.handle, "json");
            files::replace_private(&path, format!("{facts:#}\n").as_bytes())
                .map_err(|source| unwritable(&path, source))?;
            let path = self.key_path(&one.handle, "key");
            let line = Zeroizing::new(format!("{}\n", one.key.reveal()));
            files::create_private(&path, line.as_bytes())
                .map_err(|source| unwritable(&path, source))?;
        }
        Ok(())
    }
}

fn unwritable(path: &Path, source: io::Error) -> Error {
    Error::new(
        ErrorCode::StoreUnavailable,
        format!("could not write the identity file {}", path.display()),
    )
    .hint("make the home writable and run the import again: it goes on where it stopped")
    .caused_by(source)
}
