//! What a person may answer in a login form or at the terminal. Pure.

use crate::model::provider::{ApiKeySettings, Provider};
use crate::secret::ApiKey;
use regex::RegexBuilder;

/// The longest key taken, in bytes.
pub(super) const LONGEST_KEY: usize = 64 * 1024;
/// The most memory one compiled pattern may take, in bytes.
const PATTERN_SIZE: usize = 256 * 1024;

/// Why a key was not taken; none of the texts repeats it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("no key was given")]
    Empty,
    #[error("the key is longer than 64 KiB")]
    TooLong,
    #[error("the key holds a line end, a control character or a letter outside ASCII")]
    Characters,
    #[error("this does not look like a key of this service{}", .hint.as_ref().map(|h| format!(": {h}")).unwrap_or_default())]
    Pattern { hint: Option<String> },
}

impl Refused {
    /// Whether no form of this service could ever send such a key: malformed rather than wrong.
    pub(super) const fn is_malformed(&self) -> bool {
        matches!(self, Self::TooLong | Self::Characters)
    }
}

/// The key without the white space around it, if it can be one of this provider.
pub(super) fn checked_key(provider: &Provider, typed: &ApiKey) -> Result<ApiKey, Refused> {
    if typed.reveal().len() > LONGEST_KEY {
        return Err(Refused::TooLong);
    }
    let text = typed.reveal().trim();
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    if !text.bytes().all(|c| c.is_ascii_graphic() || c == b' ') {
        return Err(Refused::Characters);
    }
    match &provider.api_key {
        Some(settings) if !fits(settings, text) => Err(Refused::Pattern {
            hint: settings.key_pattern_hint.clone(),
        }),
        _ => Ok(ApiKey::new(text)),
    }
}

/// A pattern that does not compile was refused when the definition was read; here it fits nothing.
fn fits(settings: &ApiKeySettings, text: &str) -> bool {
    let Some(pattern) = &settings.key_pattern else {
        return true;
    };
    RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
        .size_limit(PATTERN_SIZE)
        .dfa_size_limit(PATTERN_SIZE)
        .build()
        .is_ok_and(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn provider(pattern: Option<&str>) -> Provider {
        serde_json::from_value(json!({
            "name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": "api_key",
            "api_key": {"key_pattern": pattern, "key_pattern_hint": "it starts with sk-"},
        }))
        .unwrap()
    }

    fn check(pattern: Option<&str>, typed: &str) -> Result<String, Refused> {
        checked_key(&provider(pattern), &ApiKey::new(typed)).map(|key| key.reveal().to_owned())
    }

    #[test]
    fn white_space_around_a_key_is_not_part_of_it() {
        assert_eq!(check(None, " \tsk-1\r\n").as_deref(), Ok("sk-1"));
        assert_eq!(check(None, "  "), Err(Refused::Empty));
    }

    #[test]
    fn the_pattern_speaks_of_the_whole_key_even_without_anchors() {
        assert!(check(Some("sk-[a-z]+"), "sk-abc").is_ok());
        assert!(check(Some("^sk-[a-z]+$"), "sk-abc").is_ok());
        assert!(check(Some("sk-[a-z]+"), "xsk-abc").is_err());
        assert!(check(Some("sk-[a-z]+|pk-.*"), "sk-abc pk-1").is_err());
        let hint = check(Some("sk-.+"), "nope").unwrap_err().to_string();
        assert!(hint.ends_with("it starts with sk-"), "{hint}");
        assert!(!hint.contains("nope"));
    }

    #[test]
    fn a_key_that_could_break_a_header_is_refused() {
        for hostile in ["a\r\nb", "a\nb", "a\0b", "a\u{7f}b", "clé", "a\u{2028}b"] {
            assert_eq!(
                check(None, hostile),
                Err(Refused::Characters),
                "{hostile:?}"
            );
        }
        let long = "a".repeat(LONGEST_KEY + 1);
        assert_eq!(check(None, &long), Err(Refused::TooLong));
    }
}
