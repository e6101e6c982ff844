//! A definition from the few fields that a service with an API key needs.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The simple form, as it was filled in.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) display_name: String,
    #[serde(default)]
    pub(super) api_url: String,
    #[serde(default)]
    pub(super) header_name: String,
    #[serde(default)]
    pub(super) header_prefix: String,
    #[serde(default)]
    pub(super) env_var: String,
}

/// Where each field stands in a definition.
const PLACES: &[(&str, &str)] = &[
    ("name", "name"),
    ("display_name", "display_name"),
    ("api_url", "api_url"),
    ("api_key.header_name", "header_name"),
    ("api_key.header_prefix", "header_prefix"),
    ("api_key.env_var", "env_var"),
];

impl Typed {
    /// The form of somebody who has typed nothing yet.
    pub(super) fn usual() -> Self {
        Self {
            header_name: "Authorization".to_owned(),
            header_prefix: "Bearer".to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.name.is_empty() && self.display_name.is_empty() && self.api_url.is_empty()
    }

    /// The definition that says the same.
    pub(super) fn text(&self) -> String {
        let word = |text: &str| Value::from(text.trim());
        let mut key = Map::new();
        key.insert("header_name".to_owned(), word(&self.header_name));
        key.insert("header_prefix".to_owned(), word(&self.header_prefix));
        if !self.env_var.trim().is_empty() {
            key.insert("env_var".to_owned(), word(&self.env_var));
        }
        let hosts: Vec<Value> = self.api_url.split_whitespace().map(Value::from).collect();
        let fields = [
            ("name", word(&self.name)),
            ("display_name", word(&self.display_name)),
            ("auth_type", Value::from("api_key")),
            ("flow", Value::from("api_key")),
            ("api_url", Value::from(hosts)),
            ("api_key", Value::from(key)),
        ];
        let fields = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let definition = Value::Object(fields.collect());
        serde_json::to_string_pretty(&definition).unwrap_or_default()
    }
}

/// The field of the form that a path of a definition stands for.
pub(super) fn field_of(path: &str) -> Option<&'static str> {
    let path = path.split('[').next().unwrap_or(path);
    let found = PLACES.iter().find(|(place, _)| *place == path);
    found.map(|(_, field)| *field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simple_fields_are_a_definition() {
        let typed = Typed {
            name: " acme".to_owned(),
            display_name: "Acme \"Labs\"".to_owned(),
            api_url: "api.acme.example\r\neu.acme.example".to_owned(),
            ..Typed::usual()
        };
        let read: Value = serde_json::from_str(&typed.text()).unwrap();
        assert_eq!(read["name"], "acme");
        assert_eq!(read["display_name"], "Acme \"Labs\"");
        assert_eq!(read["api_url"][1], "eu.acme.example");
        assert_eq!(read["api_key"]["header_prefix"], "Bearer");
        assert!(read["api_key"].get("env_var").is_none());
        assert_eq!(field_of("api_url[1]"), Some("api_url"));
        assert_eq!(field_of("api_key.header_name"), Some("header_name"));
        assert_eq!(field_of("injections[0].name"), None);
    }
}
