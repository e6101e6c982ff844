//! Our OAuth clients at providers, from the environment: `AUTHSOME_GITHUB_CLIENT_ID` and
//! `AUTHSOME_GITHUB_CLIENT_SECRET`, or the names that a definition gives.

use crate::secret::Typed;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// The ends of names that a client is read from. No other variable is kept, so that no definition
/// can ask for a password of another program.
const ENDS: [&str; 2] = ["_CLIENT_ID", "_CLIENT_SECRET"];
const OURS: &str = "AUTHSOME_";

/// Every variable that may be the id or secret of a client, by its name.
pub(super) fn read(
    pairs: impl IntoIterator<Item = (OsString, OsString)>,
) -> BTreeMap<String, Typed> {
    pairs
        .into_iter()
        .filter_map(|(name, value)| {
            let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
            let value = value.trim();
            let is_one = ENDS.iter().any(|end| name.ends_with(end)) && !value.is_empty();
            is_one.then(|| (name, Typed::new(value)))
        })
        .collect()
}

/// Whether a variable is for the daemon alone.
pub(super) fn is_ours(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| name.starts_with(OURS) && ENDS.iter().any(|end| name.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_clients_are_kept_and_no_value_is_printed() {
        let pairs = [
            ("AUTHSOME_GITHUB_CLIENT_ID", "id"),
            ("ACME_CLIENT_SECRET", " canary "),
            ("EMPTY_CLIENT_ID", " "),
            ("DATABASE_URL", "postgres://canary"),
        ]
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let read = read(pairs);
        let names: Vec<&str> = read.keys().map(String::as_str).collect();
        assert_eq!(names, ["ACME_CLIENT_SECRET", "AUTHSOME_GITHUB_CLIENT_ID"]);
        assert_eq!(read["ACME_CLIENT_SECRET"].reveal(), "canary");
        assert!(!format!("{read:?}").contains("canary"));
        assert!(is_ours(OsStr::new("AUTHSOME_GITHUB_CLIENT_ID")));
        assert!(!is_ours(OsStr::new("ACME_CLIENT_SECRET")));
    }
}
