//! The one scrubber before every log line and every exporter.
//!
//! Secrets have types that do not print, so nothing should be left to find here; this is the
//! second lock. It goes by the name of a field and by the shape of a value.

use opentelemetry::{KeyValue, Value};
use std::borrow::Cow;

/// What stands where something was taken out.
pub(super) const FILTERED: &str = "[filtered]";
const LONGEST_VALUE: usize = 2048;
/// A run of token characters this long, of mixed case and with a digit, is taken for a secret.
const TOKEN_LENGTH: usize = 40;

const SECRET_WORDS: &[&str] = &[
    "authorization",
    "body",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "header",
    "headers",
    "jwt",
    "passphrase",
    "password",
    "pem",
    "proof",
    "query",
    "secret",
    "token",
    "tokens",
];

/// Whether a field's name says that its value must not be shown: one of its words is a secret's,
/// or it is a key (`api_key`, `master.key`).
pub(super) fn is_secret_name(name: &str) -> bool {
    let mut words = name.split(['.', '_', '-']).peekable();
    while let Some(word) = words.next() {
        let word = word.to_ascii_lowercase();
        let last = words.peek().is_none();
        if SECRET_WORDS.contains(&word.as_str())
            || (last && matches!(word.as_str(), "key" | "keys"))
        {
            return true;
        }
    }
    false
}

/// `text` without credentials, without the query and user of URLs, and of bounded length.
pub fn clean(text: &str) -> Cow<'_, str> {
    let cut = cut_at(text, LONGEST_VALUE);
    if !is_suspicious(cut) {
        return Cow::Borrowed(cut);
    }
    let mut out = String::with_capacity(cut.len());
    let mut after_scheme = false;
    for piece in cut
        .split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`'))
    {
        let word = piece.trim_end_matches(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`')
        });
        if after_scheme && !word.is_empty() {
            out.push_str(FILTERED);
        } else {
            out.push_str(&clean_word(word));
        }
        out.push_str(&piece[word.len()..]);
        after_scheme = is_auth_scheme(word) || (after_scheme && word.is_empty());
    }
    Cow::Owned(out)
}

/// Cheap test that lets ordinary text through untouched.
fn is_suspicious(text: &str) -> bool {
    text.len() >= TOKEN_LENGTH
        || text.contains(['?', '@', '#'])
        || text.split_ascii_whitespace().any(is_auth_scheme)
}

fn is_auth_scheme(word: &str) -> bool {
    let word = word.rsplit([':', '=', '(', '[']).next().unwrap_or(word);
    ["bearer", "basic", "pop", "digest"]
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

fn clean_word(word: &str) -> String {
    let without_query = match word.find(['?', '#']) {
        Some(at) if word[..at].contains('/') => &word[..at],
        _ => word,
    };
    mask_tokens(&without_user(without_query))
}

/// `https://user:password@host/` becomes `https://host/`.
fn without_user(word: &str) -> Cow<'_, str> {
    let Some((before, after)) = word.split_once("://") else {
        return Cow::Borrowed(word);
    };
    let authority_end = after.find('/').unwrap_or(after.len());
    match after[..authority_end].rfind('@') {
        Some(at) => Cow::Owned(format!("{before}://{}", &after[at + 1..])),
        None => Cow::Borrowed(word),
    }
}

fn mask_tokens(word: &str) -> String {
    let is_token_byte = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '=');
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let run = rest.find(|c| !is_token_byte(c)).unwrap_or(rest.len());
        let (token, after) = rest.split_at(run);
        let is_did = out.ends_with("did:key:");
        out.push_str(if looks_secret(token) && !is_did {
            FILTERED
        } else {
            token
        });
        let gap = after.find(is_token_byte).unwrap_or(after.len());
        out.push_str(&after[..gap]);
        rest = &after[gap..];
    }
    out
}

fn looks_secret(run: &str) -> bool {
    run.len() >= TOKEN_LENGTH
        && run.bytes().any(|b| b.is_ascii_digit())
        && run.bytes().any(|b| b.is_ascii_uppercase())
        && run.bytes().any(|b| b.is_ascii_lowercase())
        || run.starts_with("eyJ") && run.len() >= 16
}

fn cut_at(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// Cleans one OTLP attribute in place.
pub(super) fn clean_attribute(attribute: &mut KeyValue) {
    if is_secret_name(attribute.key.as_str()) {
        attribute.value = Value::String(FILTERED.into());
    } else if let Value::String(text) = &attribute.value
        && let Cow::Owned(cleaned) = clean_or_cut(text.as_str())
    {
        attribute.value = Value::String(cleaned.into());
    }
}

fn clean_or_cut(text: &str) -> Cow<'_, str> {
    match clean(text) {
        Cow::Borrowed(kept) if kept.len() < text.len() => Cow::Owned(kept.to_owned()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_and_names_of_facts_are_not() {
        for name in [
            "authorization",
            "http.request.header.cookie",
            "access_token",
            "api_key",
            "master.key",
            "request.body",
            "client-secret",
            "url.query",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "provider.name",
            "key.id",
            "http.route",
            "connection.name",
            "error",
            "message",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn a_url_loses_its_query_its_fragment_and_its_user() {
        assert_eq!(
            clean("GET https://a.example/x?code=abc done"),
            "GET https://a.example/x done"
        );
        assert_eq!(
            clean("/auth/callback/oauth?state=s"),
            "/auth/callback/oauth"
        );
        assert_eq!(
            clean("postgres://me:pw@db.example/a"),
            "postgres://db.example/a"
        );
        assert_eq!(
            clean("\"https://a.example/#frag\""),
            "\"https://a.example/\""
        );
    }

    #[test]
    fn credentials_after_a_scheme_are_taken_out() {
        assert_eq!(
            clean("sent Bearer abc123 to it"),
            "sent Bearer [filtered] to it"
        );
        assert_eq!(
            clean("Authorization:PoP x.y.z"),
            "Authorization:PoP [filtered]"
        );
        assert_eq!(clean("basic  dXNlcg=="), "basic  [filtered]");
    }

    #[test]
    fn long_mixed_runs_are_taken_out_and_dids_are_kept() {
        let token = "aB3".repeat(15);
        assert_eq!(clean(&format!("/claim/{token}")), "/claim/[filtered]");
        let did = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        assert_eq!(clean(did), did);
        let digest = "0123456789abcdef".repeat(4);
        assert_eq!(clean(&digest), digest);
        assert_eq!(
            clean("token eyJhbGciOiJFZERTQSJ9.e30.c2ln? yes /a"),
            "token [filtered].e30.c2ln? yes /a"
        );
    }

    #[test]
    fn ordinary_text_is_borrowed_and_huge_text_is_cut() {
        assert!(matches!(
            clean("the daemon listens on 127.0.0.1:7998"),
            Cow::Borrowed(_)
        ));
        assert!(clean(&"ä".repeat(5000)).len() <= LONGEST_VALUE);
    }
}
