//! From text (JSON, comments and trailing commas allowed) to a value with the place of each field.

use super::check::{Checked, run};
use super::problem::{Invalid, Problem};
use crate::model::Provider;
use crate::model::provider::text_dialect;
use jsonc_parser::ast::{self, ObjectPropName};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, parse_to_ast};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// Longest definition, in bytes of its text.
pub const LARGEST: usize = 64 * 1024;
/// Deepest nesting of lists and objects.
const DEEPEST: usize = 16;

/// Where in the text each field is, by its path.
#[derive(Debug, Default)]
pub(super) struct Places {
    text: String,
    offsets: BTreeMap<String, usize>,
}

impl Places {
    /// The places of what is inside one field, by their paths within it.
    fn within(self, field: &str) -> Self {
        let inside = |(path, offset): (String, usize)| {
            let rest = path.strip_prefix(field)?;
            let rest = rest.strip_prefix('.').unwrap_or(rest);
            Some((rest.to_owned(), offset))
        };
        Self {
            text: self.text,
            offsets: self.offsets.into_iter().filter_map(inside).collect(),
        }
    }

    /// Line and column of `path`, or of the nearest field around it.
    pub(super) fn of(&self, path: &str) -> Option<(usize, usize)> {
        let mut path = path;
        loop {
            if let Some(offset) = self.offsets.get(path) {
                return Some(line_and_column(&self.text, *offset));
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|c| *c == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// Reads and checks a definition as it stands in a file.
pub fn parse(text: &str) -> Result<Checked, Invalid> {
    let (value, places) = read(text)?;
    run(value, &places)
}

/// Reads and checks a definition that is to be registered, bare or as the `definition` of an object
/// as the API takes it, by the rules of both: nothing that the daemon would refuse is taken.
pub fn parse_registration(text: &str) -> Result<(Value, Checked), Invalid> {
    let (mut value, mut places) = read(text)?;
    if let Some(inner @ Value::Object(_)) = value.get_mut("definition") {
        value = inner.take();
        places = places.within("definition");
    }
    let checked = run(value.clone(), &places);
    let mut hidden = hidden_characters(&value);
    for problem in &mut hidden {
        problem.place = places.of(&problem.path);
    }
    match checked {
        Ok(checked) if hidden.is_empty() => Ok((value, checked)),
        Ok(_) => Err(Invalid::new(hidden)),
        Err(invalid) => {
            let mut problems = invalid.problems().to_vec();
            let known = |one: &Problem| problems.iter().all(|other| other.path != one.path);
            let new: Vec<_> = hidden.into_iter().filter(known).collect();
            problems.extend(new);
            Err(Invalid::new(problems))
        }
    }
}

/// Every text, and every name of a field, that holds a control character: nothing of ours needs
/// one, and terminals, headers and logs read them as commands.
pub fn hidden_characters(definition: &Value) -> Vec<Problem> {
    let mut found = Vec::new();
    collect_hidden(definition, "", &mut found);
    found
}

fn collect_hidden(value: &Value, path: &str, found: &mut Vec<Problem>) {
    let has = |text: &str| text.chars().any(char::is_control);
    let problem = |message: &str| Problem {
        path: path.to_owned(),
        place: None,
        message: message.to_owned(),
    };
    match value {
        Value::String(text) if has(text) => {
            found.push(problem(
                "line breaks and other control characters are not allowed",
            ));
        }
        Value::Array(list) => {
            for (at, item) in list.iter().enumerate() {
                collect_hidden(item, &format!("{path}[{at}]"), found);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                if has(name) {
                    found.push(problem("a name in it holds a control character"));
                } else {
                    collect_hidden(item, &inner(path, name), found);
                }
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn inner(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// The value of a text, and where each field of it stands.
fn read(text: &str) -> Result<(Value, Places), Invalid> {
    if text.len() > LARGEST {
        return Err(too_large());
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parsed =
        parse_to_ast(text, &CollectOptions::default(), &text_dialect()).map_err(|error| {
            let place = (error.line_display(), error.column_display());
            Invalid::whole(format!("this is not JSON: {}", error.kind()), Some(place))
        })?;
    let Some(root) = parsed.value else {
        return Err(Invalid::whole(
            "the file is empty; write one JSON object",
            None,
        ));
    };
    let mut reader = Reader {
        places: Places {
            text: text.to_owned(),
            offsets: BTreeMap::new(),
        },
        problems: Vec::new(),
    };
    let value = reader.value(root, "", 0);
    if reader.problems.is_empty() {
        Ok((value, reader.places))
    } else {
        Err(Invalid::new(reader.problems))
    }
}

/// Checks a definition that came as a JSON value, as from the API.
pub fn check(definition: Value) -> Result<Checked, Invalid> {
    if depth(&definition) > DEEPEST {
        return Err(too_deep());
    }
    if definition.to_string().len() > LARGEST {
        return Err(too_large());
    }
    run(definition, &Places::default())
}

/// The text of a definition file as the bundled ones are written: two spaces, one line end.
pub fn to_file_text(provider: &Provider) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(provider)?;
    text.push('\n');
    Ok(text)
}

fn too_large() -> Invalid {
    Invalid::whole(format!("it is larger than {} KiB", LARGEST / 1024), None)
}

fn too_deep() -> Invalid {
    Invalid::whole(format!("it is nested deeper than {DEEPEST} levels"), None)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

struct Reader {
    places: Places,
    problems: Vec<Problem>,
}

impl Reader {
    fn problem(&mut self, path: &str, offset: usize, message: &str) {
        self.problems.push(Problem {
            path: path.to_owned(),
            place: Some(line_and_column(&self.places.text, offset)),
            message: message.to_owned(),
        });
    }

    fn value(&mut self, node: ast::Value<'_>, path: &str, depth: usize) -> Value {
        let offset = node.range().start;
        self.places.offsets.insert(path.to_owned(), offset);
        if depth > DEEPEST {
            self.problem(path, offset, "it is nested too deep; at most 16 levels");
            return Value::Null;
        }
        match node {
            ast::Value::StringLit(text) => Value::String(text.value.into_owned()),
            ast::Value::BooleanLit(flag) => Value::Bool(flag.value),
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::NumberLit(number) => number
                .value
                .parse::<Number>()
                .map_or(Value::Null, Value::Number),
            ast::Value::Array(list) => Value::Array(
                list.elements
                    .into_iter()
                    .enumerate()
                    .map(|(at, item)| self.value(item, &format!("{path}[{at}]"), depth + 1))
                    .collect(),
            ),
            ast::Value::Object(object) => self.object(object, path, depth),
        }
    }

    fn object(&mut self, object: ast::Object<'_>, path: &str, depth: usize) -> Value {
        let mut map = Map::new();
        for property in object.properties {
            let offset = property.range.start;
            let name = match property.name {
                ObjectPropName::String(text) => text.value.into_owned(),
                ObjectPropName::Word(word) => word.value.to_owned(),
            };
            let inner = inner(path, &name);
            if map.contains_key(&name) {
                self.problem(&inner, offset, "it is written twice; keep one");
            }
            let value = self.value(property.value, &inner, depth + 1);
            map.insert(name, value);
        }
        Value::Object(map)
    }
}
