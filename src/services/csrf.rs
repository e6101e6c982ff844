//! The token that must come back with a form: derived from the session's own secret, so that it is
//! bound to that session, needs no storage, and ends with it.

use crate::secret::Token;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The token for forms of the session that `secret` opens; `place` keeps kinds of forms apart.
pub(super) fn token(secret: &Token, place: &str) -> Option<Token> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).ok()?;
    mac.update(b"authsome csrf 1\0");
    mac.update(place.as_bytes());
    Some(Token::new(
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()),
    ))
}

/// Whether `given` is that token.
pub(super) fn matches(secret: &Token, place: &str, given: &str) -> bool {
    token(secret, place).is_some_and(|right| right.matches(given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_belongs_to_one_session_and_one_place() {
        let session = Token::new("a-session");
        let right = token(&session, "ui").unwrap();
        assert!(matches(&session, "ui", right.reveal()));
        assert!(!matches(&session, "login", right.reveal()));
        assert!(!matches(&Token::new("another"), "ui", right.reveal()));
        assert!(!matches(&session, "ui", ""));
    }
}
