//! Patterns of definitions: for a whole key, or a whole host.
//!
//! Each is compiled to a full automaton of bounded size, so that a match is one look into a table per
//! byte of the text, whatever the pattern. What does not fit is refused when the definition is read.

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Longest pattern, in bytes.
pub const LONGEST_PATTERN: usize = 512;
/// Memory of one compiled pattern, in bytes, and of each step towards it; also what bounds the time of
/// compiling. The largest of the bundled ones takes a quarter.
const PATTERN_MEMORY: usize = 1 << 16;
/// Deepest nesting of groups.
const DEEPEST_PATTERN: u32 = 32;

/// A pattern that only ever matches a whole text. Bytes, not characters: keys and hosts are ASCII, and
/// `\w` stays small.
#[derive(Clone)]
pub struct WholePattern {
    written: Arc<str>,
    automaton: Arc<dense::DFA<Vec<u32>>>,
}

impl WholePattern {
    /// Compiles `pattern`, anchored at both ends whether or not it says so.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for the one who wrote it.
    pub fn compile(pattern: &str, ignore_case: bool) -> Result<Self, String> {
        if pattern.len() > LONGEST_PATTERN {
            return Err(format!("it is longer than {LONGEST_PATTERN} characters"));
        }
        // It is parsed alone first: `a)|(b` would otherwise climb out of the group that anchors it.
        regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .nest_limit(DEEPEST_PATTERN)
            .build()
            .parse(pattern)
            .map_err(|e| last_line(&e.to_string()))?;
        let automaton = builder(ignore_case)
            .build(&format!("^(?:{pattern})$"))
            .map_err(|e| plain(&e))?;
        Ok(Self {
            written: pattern.into(),
            automaton: Arc::new(automaton),
        })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Takes time linear in the length of `text`, whatever the pattern.
    pub fn is_match(&self, text: impl AsRef<[u8]>) -> bool {
        let input = Input::new(text.as_ref()).anchored(Anchored::Yes);
        // It fails for bytes at which such an automaton gives up, and ours has none.
        self.automaton
            .try_search_fwd(&input)
            .is_ok_and(|found| found.is_some())
    }
}

impl fmt::Debug for WholePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WholePattern").field(&self.written).finish()
    }
}

fn builder(ignore_case: bool) -> dense::Builder {
    let mut builder = dense::Builder::new();
    builder
        .syntax(
            syntax::Config::new()
                .unicode(false)
                .utf8(false)
                // The group that anchors it is one level more.
                .nest_limit(DEEPEST_PATTERN + 2)
                .case_insensitive(ignore_case),
        )
        .thompson(
            thompson::Config::new()
                .utf8(false)
                .which_captures(WhichCaptures::None)
                .nfa_size_limit(Some(2 * PATTERN_MEMORY)),
        )
        .configure(
            dense::Config::new()
                .start_kind(StartKind::Anchored)
                .match_kind(MatchKind::All)
                .dfa_size_limit(Some(PATTERN_MEMORY))
                .determinize_size_limit(Some(PATTERN_MEMORY)),
        );
    builder
}

fn plain(error: &dense::BuildError) -> String {
    // A limit of the program that comes before the automaton is told one level down.
    let before = error
        .source()
        .and_then(|source| source.downcast_ref::<thompson::BuildError>());
    let too_big = error.is_size_limit_exceeded()
        || before.is_some_and(|before| before.size_limit().is_some());
    if too_big {
        "it grows too big; use smaller repetition counts".to_owned()
    } else {
        last_line(&error.to_string())
    }
}

/// The last line of a syntax error says what is wrong; the lines above draw the pattern.
fn last_line(text: &str) -> String {
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(pattern: &str) -> WholePattern {
        WholePattern::compile(pattern, false).unwrap()
    }

    #[test]
    fn a_pattern_cannot_climb_out_of_its_anchors() {
        for bad in ["a)|(?:b", "a)|b|(c", "(?x)a#", "(", "a\\", "[a"] {
            assert!(WholePattern::compile(bad, false).is_err(), "{bad}");
        }
        assert!(!compiled("a|b").is_match("ax"));
        assert!(!compiled("(?m)a$").is_match("a\nb"));
        assert!(!compiled("(?m)^a").is_match("b\na"));
        assert!(!compiled("a").is_match("a\n"));
    }

    #[test]
    fn any_alternative_and_any_length_may_be_the_whole() {
        for (pattern, text) in [
            ("a|ab", "ab"),
            ("a*?", "aaa"),
            ("(?:ab?)+", "aba"),
            ("", ""),
            (r"a\b.*", "a-b"),
        ] {
            assert!(compiled(pattern).is_match(text), "{pattern} {text}");
        }
        assert!(WholePattern::compile("AbC", true).unwrap().is_match("aBc"));
        assert!(!compiled("AbC").is_match("aBc"));
        assert!(compiled(".*").is_match(b"\x80\xff"));
    }

    #[test]
    fn what_it_says_for_people_is_the_pattern() {
        let pattern = compiled("a{2,4}");
        assert_eq!(format!("{pattern:?}"), r#"WholePattern("a{2,4}")"#);
        assert_eq!(pattern.as_str(), "a{2,4}");
    }
}
