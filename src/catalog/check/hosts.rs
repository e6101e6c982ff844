//! `api_url`: where the credential may go.

use super::fields::{Fields, Findings, text};
use crate::catalog::pattern::{Reach, reach};
use crate::model::api_url::{ApiUrl, HostMatch};
use crate::model::site::BASE_URL;
use serde_json::Value;
use std::net::IpAddr;

/// Most entries of `api_url`.
const MOST: usize = 32;

/// The entries that are right.
#[derive(Debug, Default)]
pub(super) struct Places {
    list: Vec<ApiUrl>,
    /// Whether one of them is wherever the site of a login is.
    pub(super) has_site: bool,
    /// The host of the usual site, where one of them is there.
    pub(super) usual_host: Option<String>,
}

impl Places {
    pub(super) fn has_host(&self, host: &str) -> bool {
        self.list.iter().any(|place| place.matches_host(host))
    }
}

/// Checks every entry; `base` is the usual site, where there is one.
pub(super) fn check(root: Fields<'_>, base: Option<&str>, findings: &mut Findings<'_>) -> Places {
    let mut places = Places::default();
    for (path, text) in entries(root, findings) {
        let Some(rest) = text.strip_prefix(BASE_URL) else {
            places.list.extend(entry(findings, &path, text));
            continue;
        };
        places.has_site = true;
        let site = base.unwrap_or("https://site.example").trim_end_matches('/');
        if !rest.is_empty() && !rest.starts_with('/') {
            findings.problem(&path, format!("write {BASE_URL} alone, or with a path"));
            continue;
        }
        match format!("{site}{rest}").parse::<ApiUrl>() {
            // One site's host says nothing of another's.
            Ok(place) if base.is_some() => {
                places.usual_host = place.exact_host().map(str::to_owned);
                places.list.push(place);
            }
            Ok(_) => {}
            Err(error) => findings.problem(&path, error.to_string()),
        }
    }
    places
}

fn entries<'m>(root: Fields<'m>, findings: &mut Findings<'_>) -> Vec<(String, &'m str)> {
    match root.get("api_url") {
        None => {
            findings.warning(
                "api_url",
                "it is missing, so no request gets the credential",
            );
            Vec::new()
        }
        Some(Value::Array(list)) if (1..=MOST).contains(&list.len()) => list
            .iter()
            .enumerate()
            .filter_map(|(at, item)| {
                let path = format!("api_url[{at}]");
                text(findings, &path, item).map(|text| (path, text))
            })
            .collect(),
        Some(Value::Array(_)) => {
            findings.problem("api_url", format!("write 1 to {MOST} entries"));
            Vec::new()
        }
        Some(one) => {
            let one = text(findings, "api_url", one);
            one.map(|text| ("api_url".to_owned(), text))
                .into_iter()
                .collect()
        }
    }
}

fn entry(findings: &mut Findings<'_>, path: &str, text: &str) -> Option<ApiUrl> {
    match text.parse::<ApiUrl>() {
        Err(error) => {
            findings.problem(path, error.to_string());
            None
        }
        Ok(parsed) => {
            match &parsed.host {
                HostMatch::Exact(host) => exact(findings, path, host, parsed.is_loopback()),
                HostMatch::Pattern(pattern) => {
                    let source = text.strip_prefix("regex:").unwrap_or_default();
                    match reach(source, |host| pattern.is_match(host)) {
                        Reach::Bounded => {}
                        Reach::Wide(why) => findings.warning(path, why),
                        Reach::Unbounded(why) => findings.problem(path, why),
                    }
                }
            }
            Some(parsed)
        }
    }
}

fn exact(findings: &mut Findings<'_>, path: &str, host: &str, loopback: bool) {
    if loopback {
        return;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        if is_private(address) {
            findings.warning(
                path,
                "it is a private address; logging in there by OAuth needs it named in AUTHSOME_PRIVATE_HOSTS",
            );
        }
    } else if !host.contains('.') {
        findings.warning(path, format!("`{host}` is not the whole name of a host"));
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => ip.is_private() || (ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64),
        IpAddr::V6(ip) => ip.is_unique_local(),
    }
}
