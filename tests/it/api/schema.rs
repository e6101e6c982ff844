//! The part of JSON Schema (2020-12) that our OpenAPI document uses, enough to check an answer.

use serde_json::Value;

/// An OpenAPI document, to check answers against.
#[derive(Debug)]
pub(crate) struct Document(pub(crate) Value);

impl Document {
    /// Fails the test unless the body of `status` at `method path` has the described shape.
    #[track_caller]
    pub(crate) fn check(&self, method: &str, template: &str, status: u16, body: &Value) {
        let operation = &self.0["paths"][template][method.to_ascii_lowercase()];
        assert!(!operation.is_null(), "{method} {template} is not described");
        let response = &operation["responses"][status.to_string()];
        assert!(
            !response.is_null(),
            "{method} {template} does not describe {status}"
        );
        let schema = &response["content"]["application/json"]["schema"];
        if let Err(wrong) = self.fits(schema, body, "$") {
            panic!("{method} {template} {status}: {wrong}\n{body:#}");
        }
    }

    /// Every `$ref` in the document, so that a test can follow them all.
    pub(crate) fn references(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.0, &mut found);
        found
    }

    pub(crate) fn resolve(&self, reference: &str) -> &Value {
        let pointer = reference.strip_prefix('#').unwrap_or_default();
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    fn fits(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.fits(self.resolve(reference), value, at);
        }
        for part in list(schema, "allOf") {
            self.fits(part, value, at)?;
        }
        for key in ["oneOf", "anyOf"] {
            let choices = list(schema, key);
            let any = choices.iter().any(|c| self.fits(c, value, at).is_ok());
            if !choices.is_empty() && !any {
                return Err(format!("{at}: fits none of {key}"));
            }
        }
        let known = list(schema, "enum");
        if !known.is_empty() && !known.contains(value) {
            return Err(format!("{at}: {value} is none of {known:?}"));
        }
        self.fits_type(schema, value, at)
    }

    fn fits_type(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return Ok(()),
        };
        if !kinds.iter().any(|kind| is(kind, value)) {
            return Err(format!("{at}: {value} is not {kinds:?}"));
        }
        if let Some(fields) = value.as_object() {
            for name in list(schema, "required") {
                let name = name.as_str().unwrap_or_default();
                if !fields.contains_key(name) {
                    return Err(format!("{at}: `{name}` is missing"));
                }
            }
            for (name, field) in fields {
                let described = &schema["properties"][name];
                self.fits(described, field, &format!("{at}.{name}"))?;
            }
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            self.fits(&schema["items"], item, &format!("{at}[{index}]"))?;
        }
        Ok(())
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}

fn list<'a>(schema: &'a Value, key: &str) -> &'a [Value] {
    schema[key].as_array().map_or(&[], Vec::as_slice)
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(
                fields
                    .get("$ref")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            fields.values().for_each(|field| collect(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

#[test]
fn a_wrong_shape_is_noticed() {
    let document = Document(serde_json::json!({
        "components": {"schemas": {"A": {"type": "object", "required": ["x"],
            "properties": {"x": {"type": ["string", "null"]}}}}}
    }));
    let a = serde_json::json!({"$ref": "#/components/schemas/A"});
    let fits = |value| document.fits(&a, &value, "$").is_ok();
    assert!(fits(serde_json::json!({"x": "text"})));
    assert!(fits(serde_json::json!({"x": null})));
    assert!(!fits(serde_json::json!({"x": 1})));
    assert!(!fits(serde_json::json!({})));
    assert!(!fits(serde_json::json!([])));
}
