//! Row 34: pathological patterns cost nothing.

use crate::support::patterns::Patterns;
use authsome::catalog;
use regex::bytes::RegexBuilder;
use serde_json::json;

/// Memory that a pattern may take when it is compiled, in bytes. Matching takes time in proportion to that and
/// to the length of the text, whatever the pattern; that is what the `regex` crate promises.
const MEMORY: usize = 1 << 17;

#[test]
fn ten_thousand_hostile_patterns_are_refused_or_small() {
    let text = "a".repeat(4_096);
    let (mut taken, mut refused) = (0, 0);
    for pattern in Patterns::seeded(34).take(10_000) {
        let definition = json!({"name": "acme", "auth_type": "api_key", "api_url": "api.acme.example",
            "api_key": {"key_pattern": pattern}});
        match catalog::check(definition) {
            Ok(checked) => {
                taken += 1;
                // By itself and without the cap of ours: it is small because it was made to be.
                let compiled = RegexBuilder::new(&format!("^(?:{pattern})$"))
                    .unicode(false)
                    .size_limit(MEMORY)
                    .build();
                assert!(compiled.is_ok(), "{pattern}");
                drop(checked.provider.check_key(&text));
            }
            Err(invalid) => {
                refused += 1;
                assert_eq!(
                    invalid.problems()[0].path,
                    "api_key.key_pattern",
                    "{pattern}"
                );
            }
        }
    }
    // Neither everything nor nothing: both ways are looked at.
    assert!(
        taken > 3_000 && refused > 1_000,
        "{taken} taken, {refused} refused"
    );
}

/// What makes a backtracking matcher run for ever, or a compiler run out of memory.
const HOSTILE: &[&str] = &[
    "(a+)+$",
    "(a|a)*b",
    "(.*a){99}",
    "((a{99}){99}){99}",
    "(?:a?){200}a{200}",
    r"(\w{500}){500}",
    "[^b]{100000}",
    "(x+x+)+y",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "a)|(?:.*",
    r"(a)\1",
    "(?=a)b",
];

/// Matching is linear in the text for a program of bounded size, so that what remains to be seen is
/// that a pattern is either refused, or fits its bound and gives an answer.
#[test]
fn a_hostile_pattern_is_refused_or_answers() {
    let key = "a".repeat(4096);
    for pattern in HOSTILE {
        let definition = json!({"name": "acme", "auth_type": "api_key", "api_url": "api.acme.example",
            "api_key": {"key_pattern": pattern}});
        match catalog::check(definition) {
            Ok(checked) => drop(checked.provider.check_key(&key)),
            Err(invalid) => assert_eq!(invalid.problems()[0].path, "api_key.key_pattern"),
        }
    }
}

#[test]
fn a_hostile_host_pattern_never_takes_a_strangers_host() {
    for pattern in HOSTILE {
        let definition = json!({"name": "acme", "auth_type": "api_key",
            "api_url": format!("regex:{pattern}")});
        let Ok(checked) = catalog::check(definition) else {
            continue;
        };
        let place: authsome::model::api_url::ApiUrl = checked.provider.api_url[0].parse().unwrap();
        for host in [
            "stranger.example",
            "api.openai.com",
            "10.0.0.1",
            "localhost",
        ] {
            assert!(!place.matches_host(host), "{pattern} takes {host}");
        }
    }
}
