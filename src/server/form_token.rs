//! Binds a form of somebody who has no session yet to the browser that opened it.
//!
//! The browser keeps a random cookie, the form a digest of it; another site knows neither, and
//! learning the one from the page does not give the other.

use super::cookies::Cookie;
use super::error::ApiError;
use super::state::App;
use crate::model::ErrorCode;
use crate::secret::Token;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header;
use sha2::{Digest, Sha256};

/// The cookie's value, and whether the browser has it already.
#[derive(Debug)]
pub(super) struct FormToken {
    cookie: Token,
    is_new: bool,
}

impl FormToken {
    pub(super) const fn new(cookie: Token) -> Self {
        Self {
            cookie,
            is_new: false,
        }
    }

    /// The one the browser has, or a fresh one.
    pub(super) fn of(cookie: Option<Token>) -> Result<Self, ApiError> {
        if let Some(cookie) = cookie {
            return Ok(Self::new(cookie));
        }
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|_| {
            ApiError::new(ErrorCode::Internal, "the system gives no random numbers")
        })?;
        Ok(Self {
            cookie: Token::new(URL_SAFE_NO_PAD.encode(bytes)),
            is_new: true,
        })
    }

    /// What the form has to send back.
    pub(super) fn field(&self) -> Token {
        let digest = Sha256::new()
            .chain_update(b"authsome form 1\0")
            .chain_update(self.cookie.reveal())
            .finalize();
        Token::new(URL_SAFE_NO_PAD.encode(digest))
    }

    /// Gives a new cookie to the browser along with its page.
    pub(super) fn hand_out(&self, mut page: Response, app: &App) -> Response {
        let cookie = Cookie::Form.set_for_now(&app.origins, &self.cookie);
        if let (true, Some(cookie)) = (self.is_new, cookie) {
            page.headers_mut().append(header::SET_COOKIE, cookie);
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_belongs_to_one_browser() {
        let mine = FormToken::of(None).unwrap();
        let yours = FormToken::of(None).unwrap();
        assert!(!mine.field().matches(yours.field().reveal()));
        let again = FormToken::of(Some(mine.cookie.clone())).unwrap();
        assert!(again.field().matches(mine.field().reveal()));
        assert!(!mine.field().matches(mine.cookie.reveal()));
    }
}
