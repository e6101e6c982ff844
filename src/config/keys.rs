//! Which one source the master key has.

use super::raw::Raw;
use super::{Error, Home, values};
use crate::model::MasterKeySource;
use crate::secret::MasterKey;

pub(super) fn read(raw: &Raw, home: &Home) -> Result<MasterKeySource, Error> {
    let mut set = Vec::new();
    if let Some(key) = &raw.authsome_master_key {
        set.push(MasterKeySource::Env(MasterKey::new(key.as_str())));
    }
    if let Some(file) = values::path(
        "AUTHSOME_MASTER_KEY_FILE",
        raw.authsome_master_key_file.as_deref(),
    )? {
        set.push(MasterKeySource::File(file));
    }
    if let Some(phrase) = &raw.authsome_passphrase {
        set.push(MasterKeySource::Passphrase(MasterKey::new(phrase.as_str())));
    }
    if values::flag("AUTHSOME_KEYRING", raw.authsome_keyring.as_deref())? {
        set.push(MasterKeySource::Keyring);
    }
    if let [first, second, ..] = set.as_slice() {
        return Err(Error::TwoMasterKeys {
            first: first.name().to_owned(),
            second: second.name().to_owned(),
        });
    }
    Ok(set
        .pop()
        .unwrap_or_else(|| MasterKeySource::HomeFile(home.master_key())))
}
