//! Row 34: pathological patterns cost nothing.

use crate::support::patterns::Patterns;
use authsome::catalog;
use regex_automata::MatchKind;
use regex_automata::dfa::{StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use serde_json::json;

/// Memory of a pattern's full automaton, in bytes. With one, a match is one look into a table per byte of the
/// text, whatever the pattern.
const MEMORY: usize = 1 << 16;

fn fits(pattern: &str) -> bool {
    let settings = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .match_kind(MatchKind::All)
        .dfa_size_limit(Some(MEMORY));
    dense::Builder::new()
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .thompson(thompson::Config::new().utf8(false))
        .configure(settings)
        .build(&format!("^(?:{pattern})$"))
        .is_ok()
}

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
                // By itself and without the other caps of ours: it is small because it was made to be.
                assert!(fits(&pattern), "{pattern}");
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
        taken > 2_000 && refused > 1_000,
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

/// What remains to be seen is that a pattern is either refused, or gives an answer.
#[test]
fn a_hostile_pattern_is_refused_or_answers() {
    let key = "a".repeat(4096);
    for pattern in HOSTILE {
        let definition = json!({"name": "acme", "auth_type": "api_key", "api_url": "api.acme.example",
            "api_key": {"key_pattern": pattern}});
        match catalog::check(definition) {
            Ok(checked) => {
                assert!(fits(pattern), "{pattern}");
                drop(checked.provider.check_key(&key));
            }
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
