//! Who runs on a home, asked from outside.

use crate::config::Home;
use crate::store::{self, Holder};

/// The daemon that holds `home` now, if one does.
///
/// A lock that cannot be read counts as free: whoever starts a daemon is told what is wrong with it.
pub fn holder(home: &Home) -> Option<Holder> {
    store::find_holder(&home.daemon_lock())
        .ok()
        .flatten()
        .flatten()
}

/// Blocks until nobody holds `home`.
pub fn wait_until_released(home: &Home) {
    store::wait_until_free(&home.daemon_lock());
}
