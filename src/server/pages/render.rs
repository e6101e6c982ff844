//! What every page needs: its head, its status, and a way to fail as a page.

use crate::model::{ErrorCode, Role};
use crate::server::error::{ApiError, Audience};
use crate::server::extract::Person;
use crate::server::headers;
use crate::services;
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use time::OffsetDateTime;
use time::macros::format_description;

pub(in crate::server) const HTML: HeaderValue =
    HeaderValue::from_static("text/html; charset=utf-8");

/// What a page handler gives back.
pub(super) type Page = Result<Response, PageError>;

/// A failure that a person reads.
#[derive(Debug)]
pub(in crate::server) struct PageError(ApiError);

impl PageError {
    pub(super) fn is_forbidden(&self) -> bool {
        self.0.code() == ErrorCode::Forbidden
    }
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<services::Error> for PageError {
    fn from(error: services::Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        self.0.into_response_for(Audience::Person)
    }
}

/// A page with forms on it.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Page {
    let text = template
        .render()
        .map_err(|_| ApiError::new(ErrorCode::Internal, "the page could not be written"))?;
    let mut response = (status, [(header::CONTENT_TYPE, HTML)], text).into_response();
    headers::with_form(response.headers_mut());
    Ok(response)
}

/// Lets the forms of a page lead on to another origin: browsers hold a form to its policy through the
/// redirects that follow it (CSP 3, `form-action`).
pub(super) fn leading_to(mut response: Response, origin: Option<&str>) -> Response {
    if let Some(origin) = origin {
        headers::allow_form_to(response.headers_mut(), origin);
    }
    response
}

/// `303 See Other` to a path of ours, or to a provider.
pub(super) fn see_other(path: &str) -> Page {
    let location = HeaderValue::try_from(path)
        .map_err(|_| ApiError::new(ErrorCode::Internal, "the next page has no address"))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// Adds a cookie to an answer.
pub(super) fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The head of a page for somebody who is signed in.
#[derive(Debug)]
pub(super) struct Nav {
    pub(super) at: &'static str,
    pub(super) name: String,
    pub(super) csrf: String,
    pub(super) is_admin: bool,
    pub(super) has_password: bool,
}

impl Nav {
    pub(super) fn of(person: &Person, at: &'static str) -> Self {
        let signed_in = &person.session.person;
        Self {
            at,
            name: signed_in
                .email
                .as_ref()
                .map_or_else(|| "this computer".to_owned(), ToString::to_string),
            csrf: person.session.csrf.reveal().to_owned(),
            is_admin: signed_in.role == Role::Admin,
            has_password: signed_in.email.is_some(),
        }
    }
}

/// `2026-11-21 01:35:45`, always UTC.
pub(super) fn moment(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    at.to_offset(time::UtcOffset::UTC)
        .format(&format)
        .unwrap_or_default()
}

/// `01:45 UTC`
pub(super) fn clock_time(at: OffsetDateTime) -> String {
    let format = format_description!("[hour]:[minute] UTC");
    at.to_offset(time::UtcOffset::UTC)
        .format(&format)
        .unwrap_or_default()
}
