//! Why a definition is not taken, and what would be. Pure.

use crate::catalog::{self, Broken, Conflict, Invalid};
use crate::model::{ErrorCode, Provider, ProviderName};
use crate::services::Error;
use serde_json::Value;

/// Refuses a definition with a control character in any text or name of a field.
pub(super) fn control_characters(definition: &Value) -> Result<(), Error> {
    let found = catalog::hidden_characters(definition);
    if found.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = found.iter().map(ToString::to_string).collect();
    Err(Error::invalid(format!(
        "the definition holds control characters: {}",
        list.join("; ")
    )))
}

/// Fields whose value is refused as malformed input, before any question of schema.
const PLAIN_INPUT: &[&str] = &["name", "display_name", "docs_url"];

pub(super) fn invalid(wrong: &Invalid) -> Error {
    let malformed = wrong
        .problems()
        .iter()
        .any(|problem| PLAIN_INPUT.contains(&problem.path.as_str()));
    let code = if malformed {
        ErrorCode::InvalidInput
    } else {
        ErrorCode::InvalidProviderSchema
    };
    Error::new(code, wrong.to_string()).operation("register")
}

/// Refuses to take a bundled provider's name or host unless somebody confirms it.
pub(super) fn conflicts(provider: &Provider, conflicts: &[Conflict]) -> Result<(), Error> {
    let Some(first) = conflicts
        .iter()
        .find(|conflict| matches!(conflict, Conflict::Host { .. }))
        .or(conflicts.first())
    else {
        return Ok(());
    };
    let code = match first {
        Conflict::Host { .. } => ErrorCode::Conflict,
        Conflict::Name { .. } => ErrorCode::ProviderAlreadyRegistered,
    };
    Err(Error::new(code, first.to_string())
        .hint("if that is what you want, say so with `--force`")
        .provider(&provider.name)
        .operation("register"))
}

pub(super) fn exists(name: &ProviderName) -> Error {
    Error::new(
        ErrorCode::ProviderAlreadyRegistered,
        format!("a provider `{name}` is registered already"),
    )
    .hint("replace it with `--force`")
    .provider(name)
    .operation("register")
}

pub(super) fn not_found(name: &ProviderName) -> Error {
    Error::new(
        ErrorCode::ProviderNotFound,
        format!("no provider is called `{name}`"),
    )
    .hint("`authsome list` shows them all; `authsome register` adds one")
    .provider(name)
}

/// A name whose file cannot be used. What else is called so could send the credential elsewhere.
pub(super) fn broken_file(name: &ProviderName, broken: Broken) -> Error {
    Error::new(
        ErrorCode::InvalidProviderSchema,
        format!("the file that defines `{name}` in the daemon's home cannot be used"),
    )
    .hint("`authsome doctor` says what is wrong with it; mend it, or take it away")
    .provider(name)
    .caused_by(broken)
}

pub(super) fn defined_by_file(name: &ProviderName) -> Error {
    Error::new(
        ErrorCode::OperationNotAllowed,
        format!("`{name}` is defined by a file in the daemon's home"),
    )
    .hint(format!("delete providers/{name}.json there"))
    .provider(name)
    .operation("remove")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_control_character_anywhere_is_found() {
        for hostile in [
            json!({"name": "a\nb"}),
            json!({"a": [{"b": "x\u{1b}[2J"}]}),
            json!({"a\r": 1}),
            json!("\u{0}"),
        ] {
            let refused = control_characters(&hostile).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::InvalidInput, "{hostile}");
        }
        assert!(control_characters(&json!({"name": "acme", "n": [1, null, true]})).is_ok());
    }
}
