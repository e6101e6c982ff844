//! What is wrong with a definition, where, and what would be right.

use std::fmt;

/// One thing that is wrong, or worth knowing, about a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field, such as `api_key.header_name` or `api_url[1]`; empty for the whole definition.
    pub path: String,
    /// Line and column, from 1, where the definition was a text.
    pub place: Option<(usize, usize)>,
    /// What would be right, for people.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`", self.path)?;
        }
        if let Some((line, column)) = self.place {
            let space = if self.path.is_empty() { "" } else { " " };
            write!(f, "{space}(line {line}, column {column})")?;
        }
        if !self.path.is_empty() || self.place.is_some() {
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// A definition that was refused, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    problems: Vec<Problem>,
}

impl Invalid {
    /// `problems` must not be empty.
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    pub(super) fn whole(message: impl Into<String>, place: Option<(usize, usize)>) -> Self {
        Self::new(vec![Problem {
            path: String::new(),
            place,
            message: message.into(),
        }])
    }

    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl std::error::Error for Invalid {}

/// All of it on one line; a list for people is [`Invalid::problems`].
impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the provider definition is not valid: ")?;
        for (at, problem) in self.problems.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}
