//! How far a `regex:` of `api_url` reaches.
//!
//! A pattern decides where a credential goes, so it must end in a domain that somebody owns. What a
//! pattern can end in is read from its syntax, not guessed by trying hosts.

use regex_syntax::hir::literal::{ExtractKind, Extractor};

/// What is to be said about a pattern that compiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// It ends in domains of two labels or more, at a label's start.
    Bounded,
    /// Works, but also for hosts that the writer hardly meant.
    Wide(String),
    /// Everything, or everything below a top-level domain.
    Unbounded(String),
}

/// Hosts of nobody a provider could mean; a pattern that takes one of them takes everything.
const STRANGERS: &[&str] = &[
    "stranger.example",
    "a.b.stranger.test",
    "x",
    "127.0.0.1",
    "stranger-0.invalid",
    "xn--strnger-5za.example",
];

/// Second-level labels under which countries let anybody register.
const PUBLIC_SECOND: &[&str] = &[
    "ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org",
];

/// One text that a whole match ends in; `whole` where nothing can come before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) text: String,
    pub(super) whole: bool,
}

/// Every text a match can end in; `None` where it can end in anything.
pub(super) fn endings(pattern: &str) -> Option<Vec<Ending>> {
    let hir = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .nest_limit(32)
        .build()
        .parse(pattern)
        .ok()?;
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Suffix);
    let found = extractor.extract(&hir);
    let endings = found.literals()?.iter().map(|literal| {
        let text = std::str::from_utf8(literal.as_bytes()).ok()?;
        Some(Ending {
            text: text.to_ascii_lowercase(),
            whole: literal.is_exact(),
        })
    });
    endings.collect()
}

/// Judges a pattern that compiles.
pub(super) fn reach(pattern: &str, is_match: impl Fn(&str) -> bool) -> Reach {
    if let Some(stranger) = STRANGERS.iter().find(|host| is_match(host)) {
        return Reach::Unbounded(format!(
            "it matches any host, `{stranger}` for one; end it with your domain, as in regex:.*\\.example\\.com"
        ));
    }
    let Some(endings) = endings(pattern).filter(|all| !all.is_empty()) else {
        return Reach::Wide(
            "it does not end in a domain, so whoever registers a host that fits gets the credential; end it with your domain, as in regex:.*\\.example\\.com".to_owned(),
        );
    };
    let mut reach = Reach::Bounded;
    for ending in &endings {
        match judge(ending) {
            Reach::Bounded => {}
            Reach::Unbounded(why) => return Reach::Unbounded(why),
            Reach::Wide(why) => reach = Reach::Wide(why),
        }
    }
    reach
}

fn judge(ending: &Ending) -> Reach {
    let text = ending.text.as_str();
    // What comes before the first dot is the end of a label only, unless nothing can precede it.
    let below = text.split_once('.').map_or("", |(_, rest)| rest);
    if (ending.whole && is_registrable(text)) || is_registrable(below) {
        return Reach::Bounded;
    }
    if is_registrable(text) {
        return Reach::Wide(format!(
            "it also matches `other{text}`, which is another domain; write `\\.` before `{text}`"
        ));
    }
    Reach::Unbounded(format!(
        "it ends in `{text}`, which anybody can register under; end it with your domain, as in regex:.*\\.example\\.com"
    ))
}

/// Whether `domain` has a label that somebody registered before its public end.
fn is_registrable(domain: &str) -> bool {
    let labels: Vec<&str> = domain.rsplit('.').collect();
    if labels.iter().any(|label| label.is_empty()) {
        return false;
    }
    match labels.as_slice() {
        [top, second] => top.len() > 2 || !PUBLIC_SECOND.contains(second),
        [_, _, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::api_url::HostPattern;

    fn judged(pattern: &str) -> Reach {
        let compiled = HostPattern::compile(pattern).unwrap();
        reach(pattern, |host| compiled.is_match(host))
    }

    #[test]
    fn a_pattern_that_ends_in_an_owned_domain_is_bounded() {
        for good in [
            r".*\.linear\.app",
            r"^[a-z0-9-]+\.zendesk\.com$",
            r"(us|eu)\.api\.example\.com",
            r"^(www\.linkedin\.com|linkedin\.com)",
            r"bedrock-runtime\.[a-z]{2}-[a-z]+-[0-9]\.amazonaws\.com",
            r".*\.EXAMPLE\.co\.uk",
        ] {
            assert_eq!(judged(good), Reach::Bounded, "{good}");
        }
    }

    #[test]
    fn a_pattern_for_everything_or_a_public_ending_is_unbounded() {
        for bad in [
            ".*",
            "",
            ".+",
            r"[^/]*",
            r".*\..*",
            r".*\.com",
            r".*com",
            r"(.*\.acme\.com|.*)",
            r".*\.co\.uk",
            r"(?i).*\.IO",
            r"[a-z.]+",
            r".*\.(com|acme\.com)",
            r"\w+\.dev",
        ] {
            assert!(
                matches!(judged(bad), Reach::Unbounded(_)),
                "{bad}: {:?}",
                judged(bad)
            );
        }
    }

    #[test]
    fn a_pattern_that_takes_in_neighbours_is_wide() {
        for wide in [
            r".*githubusercontent\.com$",
            r".*googleapis.*",
            r"api\.acme\..*",
        ] {
            assert!(
                matches!(judged(wide), Reach::Wide(_)),
                "{wide}: {:?}",
                judged(wide)
            );
        }
    }
}
