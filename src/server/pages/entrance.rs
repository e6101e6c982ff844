//! What the pages share at which a person types a password: their fields, the cookie that binds a form
//! to the browser which opened it, trying again, and coming in.
//!
//! The sign-in and sign-up forms have no session to bind their token to, so a cookie of their own
//! binds them.

use super::render::{Page, PageError, see_other, with_cookie};
use crate::api::paths;
use crate::model::ErrorCode;
use crate::server::cookies::Cookie;
use crate::server::error::ApiError;
use crate::server::extract::{Cookies, check_csrf};
use crate::server::form_token::FormToken;
use crate::server::next::Next;
use crate::server::state::App;
use crate::services::{self, NewSession};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Coming {
    #[serde(default)]
    pub(super) next: String,
    #[serde(default)]
    pub(super) token: String,
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    pub(super) csrf: String,
    #[serde(default)]
    pub(super) next: String,
    #[serde(default)]
    pub(super) token: String,
    pub(super) email: String,
    pub(super) password: String,
}

/// What a form page shows beside its empty fields.
#[derive(Debug, Default)]
pub(super) struct Attempt<'a> {
    pub(super) email: &'a str,
    pub(super) problem: Option<String>,
}

/// Sets the session cookie and goes on.
pub(super) fn enter(app: &App, opened: &NewSession, next: &Next) -> Page {
    let cookie = Cookie::Session.set(&app.origins, &opened.token, "/", opened.session.expires_at);
    let target = if next.is_home() {
        paths::DASHBOARD
    } else {
        next.as_str()
    };
    Ok(with_cookie(see_other(target)?, cookie))
}

pub(super) fn check_form(app: &App, cookies: &Cookies, sent: &str) -> Result<(), ApiError> {
    let Some(cookie) = cookies.find(Cookie::Form, app) else {
        return Err(ApiError::forbidden("this form came without its cookie")
            .hint("allow cookies for this site and open the page again"));
    };
    check_csrf(&FormToken::new(cookie).field(), sent)
}

/// A failure the form can show, so that the person tries again.
pub(super) struct Problem(ApiError);

impl Problem {
    /// What is wrong; and after too many tries, how long to wait.
    pub(super) fn text(&self) -> String {
        let message = self.0.message();
        match self.0.next_step() {
            Some(hint) if self.0.code() == ErrorCode::TooManyRequests => {
                format!("{message}; {hint}")
            }
            _ => message.to_owned(),
        }
    }

    /// Says when to come back, where that is known.
    pub(super) fn delay(&self, mut response: Response) -> Response {
        if let Some(seconds) = self.0.comes_back() {
            let headers = response.headers_mut();
            headers.insert(http::header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Which failures are the form again, and with which status; the rest are pages of their own.
pub(super) fn again(error: services::Error) -> Result<(StatusCode, Problem), PageError> {
    let error = ApiError::from(error);
    match error.code() {
        ErrorCode::AuthenticationFailed
        | ErrorCode::InvalidInput
        | ErrorCode::Conflict
        | ErrorCode::OperationNotAllowed => Ok((StatusCode::BAD_REQUEST, Problem(error))),
        ErrorCode::TooManyRequests => Ok((StatusCode::TOO_MANY_REQUESTS, Problem(error))),
        _ => Err(error.into()),
    }
}
