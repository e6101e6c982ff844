//! Typed access to the fields of an object, with a note of everything that does not fit.

use crate::catalog::problem::Problem;
use crate::catalog::source::Places;
use serde_json::{Map, Value};

/// Longest text of a known field, in bytes.
const LONGEST_TEXT: usize = 4096;
/// Most entries of a list.
const LONGEST_LIST: usize = 256;

/// Collects what is wrong and what is worth knowing.
pub(super) struct Findings<'a> {
    places: &'a Places,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(places: &'a Places) -> Self {
        Self {
            places,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn problem(&mut self, path: &str, message: impl Into<String>) {
        let problem = self.at(path, message.into());
        self.problems.push(problem);
    }

    pub(super) fn warning(&mut self, path: &str, message: impl Into<String>) {
        let warning = self.at(path, message.into());
        self.warnings.push(warning);
    }

    fn at(&self, path: &str, message: String) -> Problem {
        Problem {
            path: path.to_owned(),
            place: self.places.of(path),
            message,
        }
    }
}

/// One object of the definition and its path. `null` counts as absent everywhere.
#[derive(Clone, Copy)]
pub(super) struct Fields<'m> {
    path: &'m str,
    map: &'m Map<String, Value>,
}

impl<'m> Fields<'m> {
    pub(super) fn new(path: &'m str, map: &'m Map<String, Value>) -> Self {
        Self { path, map }
    }

    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'m Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'m str> {
        self.map.keys().map(String::as_str)
    }

    /// A text without control characters.
    pub(super) fn text(&self, findings: &mut Findings<'_>, key: &str) -> Option<&'m str> {
        let value = self.get(key)?;
        text(findings, &self.path_of(key), value)
    }

    /// A text that must be there and not be empty.
    pub(super) fn required(&self, findings: &mut Findings<'_>, key: &str) -> Option<&'m str> {
        let Some(value) = self.get(key) else {
            findings.problem(&self.path_of(key), "it is missing");
            return None;
        };
        let text = text(findings, &self.path_of(key), value)?;
        if text.trim().is_empty() {
            findings.problem(&self.path_of(key), "it must not be empty");
            return None;
        }
        Some(text)
    }

    pub(super) fn flag(&self, findings: &mut Findings<'_>, key: &str) {
        if self.get(key).is_some_and(|value| !value.is_boolean()) {
            findings.problem(&self.path_of(key), "write true or false");
        }
    }

    /// The texts of a list, each with its path.
    pub(super) fn texts(&self, findings: &mut Findings<'_>, key: &str) -> Vec<(String, &'m str)> {
        let path = self.path_of(key);
        match self.get(key) {
            None => Vec::new(),
            Some(Value::Array(list)) if list.len() <= LONGEST_LIST => list
                .iter()
                .enumerate()
                .filter_map(|(at, item)| {
                    let path = format!("{path}[{at}]");
                    text(findings, &path, item).map(|text| (path, text))
                })
                .collect(),
            Some(Value::Array(_)) => {
                findings.problem(&path, format!("at most {LONGEST_LIST} entries"));
                Vec::new()
            }
            Some(_) => {
                findings.problem(&path, "write a list of texts, as in [\"one\", \"two\"]");
                Vec::new()
            }
        }
    }

    /// An object inside this one.
    pub(super) fn object(
        &self,
        findings: &mut Findings<'_>,
        key: &str,
    ) -> Option<(String, &'m Map<String, Value>)> {
        let path = self.path_of(key);
        match self.get(key)? {
            Value::Object(map) if map.len() <= LONGEST_LIST => Some((path, map)),
            Value::Object(_) => {
                findings.problem(&path, format!("at most {LONGEST_LIST} entries"));
                None
            }
            _ => {
                findings.problem(&path, "write an object, as in {\"name\": \"value\"}");
                None
            }
        }
    }
}

pub(super) fn text<'m>(
    findings: &mut Findings<'_>,
    path: &str,
    value: &'m Value,
) -> Option<&'m str> {
    let Some(text) = value.as_str() else {
        findings.problem(path, "write a text in double quotes");
        return None;
    };
    if text.len() > LONGEST_TEXT {
        findings.problem(path, format!("at most {LONGEST_TEXT} bytes"));
        return None;
    }
    if text.chars().any(char::is_control) {
        findings.problem(
            path,
            "line breaks and other control characters are not allowed",
        );
        return None;
    }
    Some(text)
}
