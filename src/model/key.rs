//! Whether a key that a person pasted can be one of this provider's.

use super::injection::sendable;
use super::pattern::WholePattern;
use super::provider::Provider;

/// Longest key, in bytes; some services hand out whole JWTs.
pub const LONGEST_KEY: usize = 16 * 1024;

/// Why a key was not taken. Never holds the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    #[error("no key was given")]
    Empty,
    #[error("the key is longer than {LONGEST_KEY} characters; paste only the key")]
    TooLong,
    #[error(
        "the key has a blank, a line break or another character that no key has; copy it again"
    )]
    Characters,
    #[error("this does not look like a key of {provider}{}", hint.as_ref().map(|h| format!(": {h}")).unwrap_or_default())]
    Pattern {
        provider: String,
        hint: Option<String>,
    },
}

impl Provider {
    /// Checks a pasted key, white space around it removed by the caller, against what can be sent
    /// and against `key_pattern`.
    pub fn check_key(&self, key: &str) -> Result<(), KeyProblem> {
        if key.is_empty() {
            return Err(KeyProblem::Empty);
        }
        if key.len() > LONGEST_KEY {
            return Err(KeyProblem::TooLong);
        }
        if !sendable(key) || key.contains(' ') {
            return Err(KeyProblem::Characters);
        }
        let settings = self.api_key.as_ref();
        let Some(pattern) = settings.and_then(|s| s.key_pattern.as_deref()) else {
            return Ok(());
        };
        // A pattern that does not compile was refused when the definition was read.
        if WholePattern::compile(pattern, false).is_ok_and(|pattern| pattern.is_match(key)) {
            return Ok(());
        }
        Err(KeyProblem::Pattern {
            provider: self.display_name.clone(),
            hint: settings.and_then(|s| s.key_pattern_hint.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn provider(pattern: &str) -> Provider {
        serde_json::from_value(json!({"name": "acme", "display_name": "Acme",
            "auth_type": "api_key", "flow": "api_key", "api_url": "api.acme.example",
            "api_key": {"key_pattern": pattern, "key_pattern_hint": "it starts with ak-"}}))
        .unwrap()
    }

    #[test]
    fn a_pattern_holds_for_the_whole_key_with_or_without_anchors() {
        for pattern in ["^ak-[a-z]+$", "ak-[a-z]+"] {
            let p = provider(pattern);
            assert_eq!(p.check_key("ak-x"), Ok(()));
            for bad in ["ak-X", "xak-x", "ak-x1", "ak-"] {
                let error = p.check_key(bad).unwrap_err().to_string();
                assert!(error.ends_with("it starts with ak-"), "{error}");
                assert!(!error.contains(&format!("{bad} ")));
            }
        }
    }

    #[test]
    fn a_key_is_one_line_of_visible_characters() {
        let p = provider(".*");
        assert_eq!(p.check_key(""), Err(KeyProblem::Empty));
        assert_eq!(
            p.check_key(&"a".repeat(LONGEST_KEY + 1)),
            Err(KeyProblem::TooLong)
        );
        for bad in ["a\nb", "a\r", "a\0", "é", "two words"] {
            assert_eq!(p.check_key(bad), Err(KeyProblem::Characters), "{bad:?}");
        }
    }
}
