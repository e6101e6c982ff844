//! `api_url`: where the credential may go.

use super::fields::{Fields, Findings, text};
use crate::catalog::pattern::{Reach, reach};
use crate::model::api_url::{ApiUrl, HostMatch};
use serde_json::Value;
use std::net::IpAddr;

/// Most entries of `api_url`.
const MOST: usize = 32;

/// Checks every entry and gives those that are right.
pub(super) fn check(root: Fields<'_>, findings: &mut Findings<'_>) -> Vec<ApiUrl> {
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
            .filter_map(|(at, item)| entry(findings, &format!("api_url[{at}]"), item))
            .collect(),
        Some(Value::Array(_)) => {
            findings.problem("api_url", format!("write 1 to {MOST} entries"));
            Vec::new()
        }
        Some(one) => entry(findings, "api_url", one).into_iter().collect(),
    }
}

fn entry(findings: &mut Findings<'_>, path: &str, value: &Value) -> Option<ApiUrl> {
    let text = text(findings, path, value)?;
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
