//! Where a definition sends secrets, for whoever has to agree to it.

use serde_json::Value;

/// Every host and endpoint of a definition: the name of its field, and what stands there.
pub fn places(definition: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(definition, "", &mut found);
    found
}

fn collect(value: &Value, name: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) if is_place(name, text) => found.push((name.to_owned(), text.clone())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| collect(value, name, found)),
        _ => {}
    }
}

fn is_place(name: &str, text: &str) -> bool {
    name != "docs_url"
        && (text.contains("://")
            || matches!(
                name,
                "api_url" | "hosts" | "domains" | "base_url" | "entry_url" | "validate_url"
            ))
}
