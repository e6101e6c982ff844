//! What people type when they sign up: checked for shape, told what would do. Pure.

use crate::model::{Email, ErrorCode};
use crate::secret::Password;
use crate::services::Error;

const SHORTEST: usize = 8;
/// In bytes; more would only cost time.
const LONGEST: usize = 1024;

pub(super) fn email(typed: &str) -> Result<Email, Error> {
    Email::from_typed(typed).map_err(|_| {
        Error::new(
            ErrorCode::AuthenticationFailed,
            "this is not an e-mail address",
        )
        .hint("write it as you@example.com")
    })
}

/// Whether a new password will do; its length is counted in letters.
pub(super) fn new_password(typed: &Password, email: Option<&Email>) -> Result<(), Error> {
    let text = typed.reveal();
    let problem = if text.chars().count() < SHORTEST {
        "the password is too short; use at least 8 characters"
    } else if text.len() > LONGEST {
        "the password is too long; use at most 1,024 characters"
    } else if email.is_some_and(|email| email.as_str().eq_ignore_ascii_case(text)) {
        "the password must not be the e-mail address"
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorCode::AuthenticationFailed, problem))
}

/// One that could never have been set need not be hashed to know that it is wrong.
pub(super) fn could_be_a_password(typed: &Password) -> bool {
    typed.reveal().len() <= LONGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_eight_letters_or_more_and_is_not_the_address() {
        let check = |text: &str| new_password(&Password::new(text), None).is_ok();
        assert!(check("8 chars!"));
        assert!(check("pässwörd"));
        assert!(!check("7 chars"));
        assert!(!check(&"x".repeat(1025)));
        let address = email("Owner@Example.test").unwrap();
        assert!(new_password(&Password::new("owner@example.test"), Some(&address)).is_err());
    }

    #[test]
    fn an_address_is_told_from_what_is_none() {
        assert!(email(" You@Example.com ").is_ok());
        for text in [
            "",
            "you",
            "you@",
            "a@b@c",
            "you@x\r\ny",
            "<you@example.com>",
        ] {
            assert!(email(text).is_err(), "{text:?}");
        }
    }
}
