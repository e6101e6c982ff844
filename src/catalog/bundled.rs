//! The definitions of `providers/`, embedded at build time and read when first asked for.

use crate::model::{Provider, ProviderName};
use std::sync::{Arc, LazyLock, OnceLock};

/// File name without `.json`, and text; sorted by name. Written by `build.rs`.
pub(super) const TEXTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// One slot for each text; most processes only ever read a few.
static READ: LazyLock<Vec<OnceLock<Option<Arc<Provider>>>>> =
    LazyLock::new(|| TEXTS.iter().map(|_| OnceLock::new()).collect());

pub(super) fn find(name: &ProviderName) -> Option<Arc<Provider>> {
    let at = TEXTS
        .binary_search_by(|(known, _)| (*known).cmp(name.as_str()))
        .ok()?;
    read(at)
}

/// Every bundled provider, sorted by name.
pub(super) fn all() -> impl Iterator<Item = Arc<Provider>> {
    (0..TEXTS.len()).filter_map(read)
}

/// The tests check every file with the whole parser, so that here the plain one is enough.
fn read(at: usize) -> Option<Arc<Provider>> {
    READ[at]
        .get_or_init(|| serde_json::from_str(TEXTS[at].1).ok().map(Arc::new))
        .clone()
}
