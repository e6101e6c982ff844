//! What a person filled in, in a form or at a terminal, by the names of its fields. Pure.

use crate::secret::Typed;
use std::collections::BTreeMap;

/// Fields and what was typed there; any of it may be a secret.
#[derive(Debug, Default)]
pub struct Answers(BTreeMap<String, Typed>);

impl Answers {
    pub fn new(fields: impl IntoIterator<Item = (String, Typed)>) -> Self {
        Self(fields.into_iter().collect())
    }

    /// An answer without the white space that copying brings along; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |typed| typed.reveal().trim())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The same where something was typed.
    pub(super) fn some(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// The answer under whichever of the names is there.
    pub(super) fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.some(name))
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &Typed)> {
        self.0.iter().map(|(name, typed)| (name.as_str(), typed))
    }
}

/// Why an answer cannot be taken, for people; never repeats what was typed.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) text: String,
    pub(super) kind: ProblemKind,
}

/// What is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProblemKind {
    /// The answer, as far as anybody can tell.
    Wrong,
    /// The answer: no service could ever give such a thing.
    Malformed,
    /// The way to the provider, which has not seen the answer.
    OutOfReach,
}

impl Problem {
    pub(super) fn wrong(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            kind: ProblemKind::Wrong,
        }
    }

    pub(super) fn malformed(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            kind: ProblemKind::Malformed,
        }
    }

    pub(super) fn out_of_reach(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            kind: ProblemKind::OutOfReach,
        }
    }
}
