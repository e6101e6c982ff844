//! The operating system's keyring: service `authsome`, user `master_key`, as in 0.5.
//!
//! Built in by the feature `keyring`; without it, asking for it says so. Blocks; call it from a
//! blocking task. The library's errors can carry the secret's bytes, so only their kind is kept.

use super::Error;
use crate::secret::MasterKey;

#[cfg(feature = "keyring")]
const SERVICE: &str = "authsome";
#[cfg(feature = "keyring")]
const USER: &str = "master_key";

/// The stored master key, if there is one.
#[cfg(feature = "keyring")]
pub(super) fn load() -> Result<Option<MasterKey>, Error> {
    match entry()?.get_password() {
        Ok(text) => Ok(Some(MasterKey::new(text))),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(refused(&error)),
    }
}

/// Stores a new master key and reads it back.
#[cfg(feature = "keyring")]
pub(super) fn create(key: &MasterKey) -> Result<(), Error> {
    let entry = entry()?;
    entry
        .set_password(key.reveal())
        .map_err(|error| refused(&error))?;
    let read = entry.get_password().map_err(|error| refused(&error))?;
    if key.matches(&read) {
        Ok(())
    } else {
        Err(Error::Keyring {
            detail: "it does not keep what it is given".to_owned(),
        })
    }
}

#[cfg(feature = "keyring")]
fn entry() -> Result<keyring::Entry, Error> {
    if let Err(error) = keyring::Entry::store_status() {
        return Err(refused(error));
    }
    keyring::Entry::new(SERVICE, USER).map_err(|error| refused(&error))
}

#[cfg(feature = "keyring")]
fn refused(error: &keyring::Error) -> Error {
    use keyring::Error as Cause;
    let detail = match error {
        Cause::PlatformFailure(cause) | Cause::NoStorageAccess(cause) => cause.to_string(),
        Cause::NoEntry => "the entry vanished".to_owned(),
        Cause::BadEncoding(_) | Cause::BadDataFormat(..) => {
            "the entry does not hold text".to_owned()
        }
        Cause::Ambiguous(_) => "there are several entries authsome/master_key".to_owned(),
        Cause::NoDefaultStore => "no keyring service is running".to_owned(),
        _ => "it refused the request".to_owned(),
    };
    Error::Keyring { detail }
}

#[cfg(not(feature = "keyring"))]
pub(super) fn load() -> Result<Option<MasterKey>, Error> {
    Err(Error::KeyringNotBuilt)
}

#[cfg(not(feature = "keyring"))]
pub(super) fn create(_: &MasterKey) -> Result<(), Error> {
    Err(Error::KeyringNotBuilt)
}
