//! Definitions that are wrong or mean ill: each refused, by the field that is at fault.

use super::{checked, refused, with};
use crate::catalog::{LARGEST, check, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One line each: the path that must be named, and what is laid over a definition that is right.
const REFUSED: &str = include_str!("refused.jsonl");

#[test]
fn each_bad_field_is_refused_by_its_path() {
    for line in REFUSED.lines() {
        let (path, more): (String, Value) = serde_json::from_str(line).unwrap();
        let invalid = refused(more);
        let paths: Vec<_> = invalid.problems().iter().map(|p| p.path.as_str()).collect();
        assert!(paths.contains(&path.as_str()), "{line}: {invalid}");
        assert!(invalid.problems().iter().all(|p| !p.message.is_empty()));
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for text in [
        "",
        " ",
        "[]",
        "7",
        "null",
        "\"acme\"",
        "{",
        "{}{}",
        "{'name': 1}",
        "{name: 1}",
        "{\"a\" 1}",
        "{\"a\": 0x1}",
        "{\"name\": \"\\ud800\"}",
        "\0",
        "{\"a\":1 \"b\":2}",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_field_written_twice_is_refused_where_readers_would_differ() {
    let text = r#"{"name": "acme", "auth_type": "api_key", "api_url": "good.acme.example", "api_url": "evil.example"}"#;
    let invalid = parse(text).unwrap_err();
    assert_eq!(invalid.problems()[0].path, "api_url");
    assert!(invalid.problems()[0].place.is_some());
}

#[test]
fn size_and_depth_have_a_bound() {
    let long = "x".repeat(LARGEST);
    assert!(parse(&format!("{{\"name\": \"{long}\"}}")).is_err());
    assert!(check(with(json!({"later": long}))).is_err());
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(parse(&format!("{{\"later\": {deep}}}")).is_err());
    let nested = (0..40).fold(json!(1), |inner, _| json!([inner]));
    assert!(check(with(json!({"later": nested}))).is_err());
    let shallow = (0..10).fold(json!(1), |inner, _| json!([inner]));
    checked(json!({"later": shallow}));
    let many: Vec<String> = (0..40).map(|n| format!("h{n}.acme.example")).collect();
    refused(json!({"api_url": many}));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_text_in_a_field_makes_the_checks_panic_or_the_rest_disagree(
        text in ".{0,60}",
        field in prop::sample::select(vec!["name", "display_name", "api_url", "docs_url", "placeholder", "flow", "type"]),
    ) {
        if let Ok(checked) = check(with(json!({field: text}))) {
            let again = serde_json::to_value(&checked.provider).unwrap();
            prop_assert_eq!(check(again).unwrap().provider, checked.provider);
        }
    }

    #[test]
    fn a_taken_place_is_https_or_this_machine(text in "(https?|ftp)?(://)?[a-z0-9.@:/%-]{1,30}") {
        if let Ok(checked) = check(with(json!({"api_url": text}))) {
            let place: crate::model::api_url::ApiUrl = checked.provider.api_url[0].parse().unwrap();
            prop_assert!(place.tls || place.is_loopback());
        }
    }
}
