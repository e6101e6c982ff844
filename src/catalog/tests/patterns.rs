//! Patterns that mean ill (row 34): refused at compile time, or bounded by what was compiled.

use crate::model::api_url::HostPattern;
use crate::model::pattern::{LONGEST_PATTERN, WholePattern};

/// Well-known ways to make a backtracking matcher run for ever, or a compiler run out of memory.
const CORES: &[&str] = &[
    "(a+)+",
    "(a|a)*",
    "(a|aa)+",
    "(.*)*",
    "(.*a){N}",
    "([a-z]+)*",
    "(x+x+)+y",
    "((a{N}){N}){N}",
    "(?:a?){N}a{N}",
    "\\w{N}",
    "\\pL{N}",
    "(\\PN){N}",
    ".{N}.{N}.{N}",
    "[^b]{N}b",
    "(?i)\\w{N}s",
    "((((((((((a*)*)*)*)*)*)*)*)*)*)*",
    "(?:(?:(?:a|b)|c)|d)*e",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(a?b?c?d?e?f?){N}",
    "(?s:.)*x{N}",
];

fn hostile() -> impl Iterator<Item = String> {
    (0..10_000_usize).map(|n| {
        let core = CORES[n % CORES.len()].replace('N', &(1 + n * 7).to_string());
        match n % 4 {
            0 => core,
            1 => format!("^{core}$"),
            2 => format!("{core}|{core}"),
            _ => format!(".*{core}\\.acme\\.example"),
        }
    })
}

#[test]
fn ten_thousand_hostile_patterns_are_refused_or_match_in_bounded_memory() {
    // A match is one look into a table per byte of the host: what is left to show is that nothing
    // larger than the bound is ever compiled, and that hosts are short.
    let (mut taken, mut refused) = (0, 0);
    let longest_host = format!("{}.example", "a".repeat(245));
    for pattern in hostile() {
        match HostPattern::compile(&pattern) {
            Ok(compiled) => {
                taken += 1;
                assert!(pattern.len() <= LONGEST_PATTERN);
                let _ = compiled.is_match(&longest_host);
            }
            Err(why) => {
                refused += 1;
                assert!(!why.is_empty());
            }
        }
    }
    assert_eq!(taken + refused, 10_000);
    assert!(taken > 0 && refused > 0, "{taken} taken, {refused} refused");
}

#[test]
fn what_cannot_be_linear_is_no_pattern_here() {
    for bad in [r"(a)\1", "(?=a)b", "(?!a)b", "(?<=a)b", "(?>a)"] {
        assert!(WholePattern::compile(bad, false).is_err(), "{bad}");
    }
}

#[test]
fn a_pattern_too_long_or_too_big_is_refused() {
    assert!(WholePattern::compile(&"a".repeat(LONGEST_PATTERN + 1), false).is_err());
    for big in [
        "(a{1000}){1000}",
        r"[^a]{5000}\w{5000}",
        "((a{99}){99}){99}",
    ] {
        let why = WholePattern::compile(big, true).unwrap_err();
        assert!(why.contains("smaller"), "{big}: {why}");
    }
    let deep = format!("{}a{}", "(".repeat(200), ")".repeat(200));
    assert!(WholePattern::compile(&deep, false).is_err());
}
