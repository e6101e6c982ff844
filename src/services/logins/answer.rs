//! What a person answered, made ready to be stored. Pure.

use crate::model::Provider;
use crate::model::key::KeyProblem;
use crate::secret::ApiKey;

/// The key without the white space that copying brings along, if it can be one of this provider.
pub(in crate::services) fn checked_key(
    provider: &Provider,
    typed: &ApiKey,
) -> Result<ApiKey, KeyProblem> {
    let key = typed.reveal().trim();
    provider.check_key(key)?;
    Ok(ApiKey::new(key))
}

/// Whether no service could ever hand out such a key: malformed rather than wrong.
pub(super) const fn is_malformed(problem: &KeyProblem) -> bool {
    match problem {
        KeyProblem::TooLong | KeyProblem::Characters => true,
        KeyProblem::Empty | KeyProblem::Pattern { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn white_space_around_a_key_is_not_part_of_it() {
        let provider: Provider = serde_json::from_value(json!({
            "name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": "api_key",
            "api_url": "api.acme.example", "api_key": {"key_pattern": "sk-[0-9]"},
        }))
        .unwrap();
        let check = |typed| checked_key(&provider, &ApiKey::new(typed));
        assert_eq!(check(" \tsk-1\r\n").unwrap().reveal(), "sk-1");
        assert_eq!(check("  ").unwrap_err(), KeyProblem::Empty);
        assert!(is_malformed(&check("sk-1\nsk-2").unwrap_err()));
        assert!(!is_malformed(&check("sk-x").unwrap_err()));
    }
}
