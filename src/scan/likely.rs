//! What may be a credential: by the name of its variable, or by its shape.

use crate::catalog::Catalog;
use crate::model::key::LONGEST_KEY;
use crate::model::pattern::WholePattern;
use crate::model::{Provider, ProviderName};
use std::collections::HashSet;
use std::sync::Arc;

/// The shortest text that is judged by its shape.
const SHORTEST: usize = 16;
/// How much of its beginning has to be the provider's own, in characters.
const LEAST_MARK: usize = 3;

/// What a variable's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// A definition that we have names it.
    Known,
    /// It is called like a secret: a definition of the daemon may name it.
    LikeASecret,
    Other,
}

/// The definitions this machine has: bundled ones, and those of the home's files.
#[derive(Debug)]
pub(super) struct Likely {
    variables: HashSet<String>,
    patterns: Vec<(ProviderName, WholePattern)>,
}

impl Likely {
    pub(super) fn of(catalog: &Catalog) -> Self {
        let listing = catalog.list();
        let all: Vec<Arc<Provider>> = listing.custom.into_iter().chain(listing.bundled).collect();
        let secret = |provider: &Arc<Provider>| {
            let variables = provider.variables().into_iter();
            variables.filter_map(|(name, source)| source.is_secret().then_some(name))
        };
        let pattern = |provider: &Arc<Provider>| {
            let pattern = provider.api_key.as_ref()?.key_pattern.as_deref()?;
            Some((
                provider.name.clone(),
                WholePattern::compile(pattern, false).ok()?,
            ))
        };
        Self {
            variables: all.iter().flat_map(secret).collect(),
            patterns: all.iter().filter_map(pattern).collect(),
        }
    }

    pub(super) fn named(&self, variable: &str) -> Named {
        const ENDINGS: [&str; 9] = [
            "_KEY",
            "_TOKEN",
            "_SECRET",
            "_PASSWORD",
            "_PAT",
            "_APIKEY",
            "_COOKIE",
            "_CREDENTIAL",
            "_CREDENTIALS",
        ];
        // What is Authsome's own opens other doors.
        if variable.starts_with("AUTHSOME_") {
            return Named::Other;
        }
        if self.variables.contains(variable) {
            return Named::Known;
        }
        let upper = variable.to_ascii_uppercase();
        let is_like = ENDINGS.iter().any(|ending| upper.ends_with(ending));
        if is_like && !upper.ends_with("PUBLIC_KEY") {
            Named::LikeASecret
        } else {
            Named::Other
        }
    }

    /// Whose key has this shape: those of whom the most of its beginning is.
    pub(super) fn shaped(&self, value: &str) -> Vec<ProviderName> {
        let fits = (SHORTEST..=LONGEST_KEY).contains(&value.len())
            && value.bytes().all(|c| c.is_ascii_graphic());
        if !fits {
            return Vec::new();
        }
        let marks = self.patterns.iter().filter_map(|(name, pattern)| {
            let length = mark(pattern, value.as_bytes());
            (length >= LEAST_MARK).then_some((length, name))
        });
        let marks: Vec<_> = marks.collect();
        let longest = marks.iter().map(|(length, _)| *length).max();
        let best = marks.iter().filter(|(length, _)| Some(*length) == longest);
        best.map(|(_, name)| (*name).clone()).collect()
    }
}

/// How many of the first characters have to be what they are, as `ghp_` has: a pattern that any
/// other letters fit as well says nothing about whose key it is.
fn mark(pattern: &WholePattern, value: &[u8]) -> usize {
    if !pattern.is_match(value) {
        return 0;
    }
    let mut changed = value.to_vec();
    let is_fixed = |at: &usize| {
        let was = changed[*at];
        changed[*at] = neighbour(was);
        let fixed = !pattern.is_match(&changed);
        changed[*at] = was;
        fixed
    };
    (0..value.len()).take_while(is_fixed).count()
}

/// Another character of the same kind; a hexadecimal digit stays one.
const fn neighbour(c: u8) -> u8 {
    match c {
        b'f' => b'a',
        b'z' => b'g',
        b'F' => b'A',
        b'Z' => b'G',
        b'9' => b'0',
        b'-' | b'_' => b'.',
        b'.' => b',',
        other if other.is_ascii_alphanumeric() => other + 1,
        _ => b'!',
    }
}

/// Whether a value is there to be replaced, or refers to another: nobody's secret.
pub(super) fn is_dummy(value: &str) -> bool {
    const WORDS: [&str; 13] = [
        "your-",
        "your_",
        "-here",
        "_here",
        "changeme",
        "change-me",
        "change_me",
        "placeholder",
        "replace-me",
        "replace_me",
        "example",
        "dummy",
        "redacted",
    ];
    let lower = value.to_ascii_lowercase();
    let mut letters = lower.chars();
    let first = letters.next();
    value.starts_with('$')
        || (value.starts_with('<') && value.ends_with('>'))
        || letters.all(|c| Some(c) == first)
        || WORDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaped(value: &str) -> Vec<String> {
        let likely = Likely::of(&Catalog::bundled());
        let names = likely.shaped(value).into_iter();
        names.map(String::from).collect()
    }

    #[test]
    fn a_key_is_known_by_the_beginning_that_is_its_own() {
        let rest = "abcdefghijklmnopqrstuvwxyz0123456789ABCD";
        assert_eq!(shaped(&format!("sk-proj-{rest}")), ["openai"]);
        assert_eq!(shaped(&format!("sk-ant-api03-{rest}")), ["anthropic"]);
        assert_eq!(shaped(&format!("ghp_{rest}")), ["github-mcp", "github-pat"]);
        assert_eq!(shaped(&format!("pypi-{rest}")), ["pypi"]);
    }

    #[test]
    fn what_could_be_anybodys_is_nobodys() {
        for value in [
            "0123456789abcdef0123456789abcdef01234567",
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN",
            "/usr/local/share/applications/thing",
            "sk-short",
            "sk-with a blank abcdefghijklmnop",
            "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        ] {
            assert!(shaped(value).is_empty(), "{value}: {:?}", shaped(value));
        }
    }

    #[test]
    fn names_are_known_or_look_like_secrets() {
        let likely = Likely::of(&Catalog::bundled());
        assert_eq!(likely.named("OPENAI_API_KEY"), Named::Known);
        assert_eq!(likely.named("ACME_TOKEN"), Named::LikeASecret);
        for other in [
            "PATH",
            "AUTHSOME_MASTER_KEY",
            "DEPLOY_PUBLIC_KEY",
            "OPENAI_BASE_URL",
        ] {
            assert_eq!(likely.named(other), Named::Other, "{other}");
        }
    }

    #[test]
    fn values_to_be_replaced_are_nobodys_secret() {
        for dummy in [
            "x",
            "xxxxxxxx",
            "****",
            "<your key>",
            "your-api-key",
            "sk-your-key-here",
            "CHANGEME",
            "${OPENAI_API_KEY}",
            "$KEY",
            "sk-example",
        ] {
            assert!(is_dummy(dummy), "{dummy}");
        }
        assert!(!is_dummy("sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"));
    }
}
