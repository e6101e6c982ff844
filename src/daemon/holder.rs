//! Who runs on a home, asked from outside.

use super::Error;
use crate::config::Home;
use crate::store::{self, Holder, LockError};

/// The daemon that holds `home` now, if one does.
///
/// A lock that cannot be read counts as free: whoever starts a daemon is told what is wrong with it.
pub fn holder(home: &Home) -> Option<Holder> {
    store::find_holder(&home.daemon_lock())
        .ok()
        .flatten()
        .flatten()
}

/// The same for whoever must know: a lock that cannot be read, and a holder that is not named, are errors.
pub fn find_holder(home: &Home) -> Result<Option<Holder>, Error> {
    let path = home.daemon_lock();
    match store::find_holder(&path)? {
        None => Ok(None),
        Some(Some(holder)) => Ok(Some(holder)),
        Some(None) => Err(LockError::Held { path, holder: None }.into()),
    }
}

/// Blocks until nobody holds `home`.
pub fn wait_until_released(home: &Home) {
    store::wait_until_free(&home.daemon_lock());
}
