//! Hosts of bundled providers are theirs: who else claims one must say so twice.

use super::pattern::{Ending, endings};
use crate::model::api_url::{ApiUrl, HostMatch};
use crate::model::{Provider, ProviderName};

/// Why a custom definition needs an administrator's confirmation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    #[error("a bundled provider is called `{name}`; yours would take its place")]
    Name { name: ProviderName },
    #[error(
        "`{entry}` is a host of the bundled provider `{owner}`; credentials meant for it would come from yours"
    )]
    Host { entry: String, owner: ProviderName },
}

/// Every way in which `custom` touches what `bundled` owns.
pub(super) fn between(custom: &Provider, bundled: &Provider) -> Vec<Conflict> {
    if custom.name == bundled.name {
        return vec![Conflict::Name {
            name: custom.name.clone(),
        }];
    }
    let bundled_at = bundled.at_site(None);
    custom
        .at_site(None)
        .api_url
        .iter()
        .filter(|entry| bundled_at.api_url.iter().any(|own| overlap(entry, own)))
        .map(|entry| Conflict::Host {
            entry: entry.clone(),
            owner: bundled.name.clone(),
        })
        .collect()
}

/// Whether some host fits both; path and port do not make a host somebody else's.
fn overlap(one: &str, other: &str) -> bool {
    let (Ok(a), Ok(b)) = (one.parse::<ApiUrl>(), other.parse::<ApiUrl>()) else {
        return false;
    };
    match (&a.host, &b.host) {
        (HostMatch::Exact(host), _) => b.matches_host(host),
        (_, HostMatch::Exact(host)) => a.matches_host(host),
        (HostMatch::Pattern(_), HostMatch::Pattern(_)) => patterns_overlap(one, other),
    }
}

/// Two patterns overlap unless their endings rule it out.
fn patterns_overlap(one: &str, other: &str) -> bool {
    let all = |entry: &str| endings(entry.strip_prefix("regex:").unwrap_or(entry));
    let (Some(a), Some(b)) = (all(one), all(other)) else {
        return true;
    };
    a.iter()
        .any(|x| b.iter().any(|y| ends_like(x, y) || ends_like(y, x)))
}

fn ends_like(long: &Ending, short: &Ending) -> bool {
    if short.whole {
        long.text == short.text
    } else {
        long.text.ends_with(&short.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_overlap_whatever_their_spelling_path_or_port() {
        for (one, other) in [
            ("api.openai.com", "API.OPENAI.COM."),
            ("https://api.openai.com/mine", "api.openai.com"),
            ("https://api.openai.com:8443", "api.openai.com"),
            (r"regex:api\.open.*", "api.openai.com"),
            ("x.linear.app", r"regex:.*\.linear\.app"),
            (r"regex:api\.linear\.app", r"regex:.*\.linear\.app"),
            (r"regex:.*", r"regex:.*\.linear\.app"),
        ] {
            assert!(overlap(one, other), "{one} {other}");
            assert!(overlap(other, one), "{other} {one}");
        }
    }

    #[test]
    fn neighbours_do_not_overlap() {
        for (one, other) in [
            ("api.openai.com", "openai.com"),
            ("api.openai.com.acme.example", "api.openai.com"),
            (r"regex:.*\.acme\.com", r"regex:.*\.linear\.app"),
            (r"regex:.*\.acme\.com", "acme.com"),
        ] {
            assert!(!overlap(one, other), "{one} {other}");
            assert!(!overlap(other, one), "{other} {one}");
        }
    }
}
