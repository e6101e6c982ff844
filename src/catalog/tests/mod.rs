//! What the parser takes and refuses, and what the catalog holds.

mod bundled;
mod definitions;
mod files;
mod hostile;
mod patterns;

use super::{Checked, Invalid, check};
use serde_json::{Value, json};

/// A small definition that is right, with `more` laid over it; `null` in `more` removes nothing.
fn with(more: Value) -> Value {
    let mut all = json!({"name": "acme", "display_name": "Acme", "auth_type": "api_key",
        "flow": "api_key", "api_url": "api.acme.example"});
    if let Value::Object(more) = more {
        all.as_object_mut().unwrap().extend(more);
    }
    all
}

fn checked(more: Value) -> Checked {
    check(with(more)).unwrap()
}

fn refused(more: Value) -> Invalid {
    let shown = more.to_string();
    check(with(more))
        .err()
        .unwrap_or_else(|| panic!("taken: {shown}"))
}
