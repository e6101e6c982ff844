//! What a definition says of other sites than its usual one.
//!
//! Not wrong, but seldom meant: some of its URLs go with the site of a login and others do not. Those
//! that do not are left out at another site, for a token of one site is nothing for another.

use super::fields::{Fields, Findings};
use crate::model::site::BASE_URL;
use serde_json::Value;

/// The endpoints that are sent codes, tokens or keys.
const ENDPOINTS: &[&str] = &[
    "authorization_url",
    "token_url",
    "revocation_url",
    "device_authorization_url",
    "installation_token_url",
];

/// Warns of what is written out while the rest goes with the site; `base` is the usual site.
pub(super) fn check(root: Fields<'_>, base: Option<&str>, findings: &mut Findings<'_>) {
    let (Some(base), Some(oauth)) = (base, root.get("oauth")) else {
        return;
    };
    let userinfo = oauth.get("userinfo").and_then(|info| info.get("url"));
    let all: Vec<(String, &str)> = ENDPOINTS
        .iter()
        .map(|key| (format!("oauth.{key}"), oauth.get(key)))
        .chain([("oauth.userinfo.url".to_owned(), userinfo)])
        .filter_map(|(path, value)| Some((path, value?.as_str()?)))
        .collect();
    if !all.iter().any(|(_, text)| text.starts_with(BASE_URL)) {
        return;
    }
    for (path, text) in all.iter().filter(|(_, text)| !text.starts_with(BASE_URL)) {
        if !text.starts_with(base) {
            findings.warning(
                path,
                "it is used at the usual site alone; begin it with {base_url} for others",
            );
        }
    }
    let goes_along = |value: &Value| value.as_str().is_some_and(|t| t.starts_with(BASE_URL));
    let places = match root.get("api_url") {
        Some(Value::Array(list)) => list.iter().any(goes_along),
        Some(one) => goes_along(one),
        None => true,
    };
    if !places {
        findings.warning(
            "api_url",
            "nobody can log in at another site than the usual one; add {base_url} for that",
        );
    }
}
