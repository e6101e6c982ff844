//! Every file of `providers/`: right by the whole parser, and by what only we promise.

use crate::catalog::bundled::{TEXTS, all};
use crate::catalog::{Catalog, parse, to_file_text};
use crate::model::Provider;

#[test]
fn every_file_is_right_without_a_warning_and_named_after_its_provider() {
    assert!(TEXTS.len() >= 48, "{} files", TEXTS.len());
    for (name, text) in TEXTS {
        let checked = parse(text).unwrap_or_else(|e| panic!("{name}.json: {e}"));
        assert!(
            checked.warnings.is_empty(),
            "{name}.json: {:?}",
            checked.warnings
        );
        assert_eq!(checked.provider.name.as_str(), *name);
        assert!(
            checked.provider.unknown.is_empty(),
            "{name}.json has fields nobody reads"
        );
    }
    assert_eq!(all().count(), TEXTS.len());
}

fn written(text: &str) -> String {
    to_file_text(&parse(text).unwrap().provider).unwrap()
}

#[test]
fn every_file_is_written_the_one_way() {
    for (name, text) in TEXTS {
        assert!(
            *text == written(text),
            "{name}.json: write it with `cargo test --lib write_provider_files -- --ignored`"
        );
    }
}

#[test]
#[ignore = "writes providers/*.json anew"]
fn write_provider_files() {
    for (name, text) in TEXTS {
        let path = format!("{}/providers/{name}.json", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, written(text)).unwrap();
    }
}

#[test]
fn every_provider_says_where_a_key_is_made_and_what_stands_for_it() {
    for provider in all() {
        let name = &provider.name;
        assert!(provider.docs_url.is_some(), "{name}");
        assert!(provider.kind.is_some(), "{name}");
        assert!(!provider.api_url.is_empty(), "{name}");
        assert!(!provider.variables().is_empty(), "{name}");
        let key = provider.api_key.as_ref();
        if key.is_some_and(|k| k.key_pattern.is_some()) {
            assert!(
                key.is_some_and(|k| k.key_pattern_hint.is_some()),
                "{name} has no hint"
            );
            assert!(
                provider.placeholder.is_some(),
                "{name} has no placeholder of that shape"
            );
        }
    }
}

/// Those whose tokens have no shape that their service promises (or one too short to be a placeholder):
/// programs take any, and get the name and 40 random characters.
const WITHOUT_SHAPE: &[&str] = &[
    "ahrefs",
    "atlassian",
    "buffer",
    "confluence",
    "hubspot",
    "ipinfo",
    "jira",
    "kagi",
    "klaviyo-oauth",
    "lemonsqueezy",
    "linkedin-browser",
    "mention-me",
    "microsoft",
    "microsoft-app",
    "microsoft-calendar",
    "microsoft-outlook",
    "microsoft-word",
    "minimax",
    "monday",
    "notion-mcp",
    "qdrant",
    "reddit",
    "spotify",
    "turso",
    "weaviate",
    "x-browser",
    "you-com",
    "zapier",
    "zoom",
];

#[test]
fn a_definition_without_a_placeholder_is_without_one_on_purpose() {
    let without = all().filter(|provider| provider.placeholder.is_none());
    let mut names: Vec<_> = without.map(|provider| provider.name.to_string()).collect();
    names.sort();
    assert_eq!(names, WITHOUT_SHAPE);
}

fn bundled(name: &str) -> Provider {
    let name = name.parse().unwrap();
    Provider::clone(&Catalog::bundled().find_bundled(&name).unwrap())
}

#[test]
fn keys_of_today_and_of_yesterday_fit_their_patterns() {
    let hex = "0123456789abcdef0123456789abcdef";
    let long = "AbCdEf0123456789_-AbCdEf0123456789_-AbCdEf0123456789";
    for (name, key) in [
        ("openai", "sk-fixture0000000000000000000001".to_owned()),
        ("openai", format!("sk-proj-{long}T3BlbkFJ{long}")),
        ("openai", format!("sk-svcacct-{long}")),
        ("anthropic", format!("sk-ant-api03-{long}AA")),
        (
            "cloudflare",
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0-_9".to_owned(),
        ),
        ("cloudflare", format!("cfut_{}", "a".repeat(48))),
        ("cloudflare-mcp", format!("cfat_{}", "a".repeat(48))),
        ("github-pat", format!("github_pat_{}", "a1_".repeat(27))),
        ("github-pat", format!("ghp_{}", "a".repeat(36))),
        ("github-pat", format!("{hex}01234567")),
        ("groq", format!("gsk_{}", "a".repeat(52))),
        ("mailchimp", format!("{hex}-us21")),
        ("openrouter", format!("sk-or-v1-{hex}{hex}")),
        ("postmark", "POSTMARK_API_TEST".to_owned()),
        ("sendgrid", "SG.abc_-123.def_-456".to_owned()),
        (
            "slack-mcp",
            "xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx".to_owned(),
        ),
        ("slack-mcp", "xoxe.xoxp-1-Mi0yLTEy".to_owned()),
        ("stripe-mcp", "rk_live_51Abc".to_owned()),
        ("stripe-mcp", "sk_test_51Abc".to_owned()),
        ("bedrock", "ABSKQmVkcm9ja0FQSUtleS0x+/=".to_owned()),
    ] {
        assert_eq!(bundled(name).check_key(&key), Ok(()), "{name} {key}");
    }
}

#[test]
fn a_key_of_another_service_or_kind_is_told_apart() {
    for (name, key) in [
        ("openai", "sk-short"),
        ("anthropic", "sk-proj-abcdefghijklmnopqrstuvwxyz"),
        ("bedrock", "AKIAIOSFODNN7EXAMPLE"),
        ("brevo", "xsmtpsib-abc-def"),
        ("mailchimp", "0123456789abcdef0123456789abcdef"),
        ("github-pat", "glpat-abcdefghijklmnopqrst"),
    ] {
        let problem = bundled(name).check_key(key).unwrap_err().to_string();
        assert!(problem.contains(": "), "{name}: {problem}");
    }
}
