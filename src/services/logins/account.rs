//! Whose account a token is for. Best effort: a login does not fail for want of a label.

use crate::model::connection::Account;
use crate::oauth::{Tokens, Transport};
use crate::services::endpoints::Endpoints;
use serde_json::Value;

/// Longest id or label that is kept, in characters.
const LONGEST: usize = 200;

/// Asks the provider's userinfo endpoint, where its definition names one.
pub(super) async fn look_up(
    transport: &Transport,
    endpoints: &Endpoints<'_>,
    tokens: &Tokens,
) -> Account {
    let (Some(info), Ok(Some(url))) = (&endpoints.settings().userinfo, endpoints.userinfo()) else {
        return Account::default();
    };
    match transport.userinfo(&url, &tokens.access_token).await {
        Ok(answer) => Account {
            id: field(&answer, info.id.as_deref()),
            label: field(&answer, info.label.as_deref()),
        },
        Err(error) => {
            tracing::info!(error.cause = %error, "the account of a new login is not known");
            Account::default()
        }
    }
}

/// The text or number at a JSON pointer (RFC 6901).
fn field(answer: &Value, pointer: Option<&str>) -> Option<String> {
    let text = match answer.pointer(pointer?)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let text: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_account_is_text_or_a_number_without_controls() {
        let answer = json!({"id": 583_231, "user": {"name": " octo\u{1b}[31mcat "}, "list": []});
        let at = |pointer: &str| field(&answer, Some(pointer));
        assert_eq!(at("/id").as_deref(), Some("583231"));
        assert_eq!(at("/user/name").as_deref(), Some("octo[31mcat"));
        assert_eq!(at("/list"), None);
        assert_eq!(at("/nothing"), None);
        assert_eq!(field(&answer, None), None);
    }
}
