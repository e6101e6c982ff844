//! What every page needs: its head, its status, and a way to fail as a page.

use super::names;
use crate::api::paths;
use crate::model::{ErrorCode, Role};
use crate::server::error::{ApiError, Audience};
use crate::server::extract::Person;
use crate::server::headers;
use crate::services;
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
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
    /// What this page knows already, for the stream of `/ui/live`.
    pub(super) latest: String,
}

/// A page that the head leads to.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) href: &'static str,
}

impl Nav {
    /// Where this person may go.
    pub(super) fn places(&self) -> Vec<Place> {
        let place = |name, href| Place { name, href };
        let mut places = vec![
            place("Overview", paths::DASHBOARD),
            place("Providers", "/ui/providers"),
            place("Agents", "/ui/agents"),
        ];
        if self.is_admin {
            places.push(place("Audit", paths::AUDIT_PAGE));
            places.push(place("People", "/ui/people"));
        }
        places.push(place("Settings", "/ui/settings"));
        places
    }

    /// `at` is the name of one of [`places`](Self::places), or of none.
    pub(super) fn of(person: &Person, at: &'static str) -> Self {
        let signed_in = &person.session.person;
        Self {
            at,
            name: names::account(signed_in.email.as_ref()),
            csrf: person.session.csrf.reveal().to_owned(),
            is_admin: signed_in.role == Role::Admin,
            has_password: signed_in.email.is_some(),
            latest: person.session.latest.clone(),
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

/// A moment on a page: how long ago in words, and when exactly for who wants to know.
#[derive(Debug, Clone)]
pub(super) struct When {
    /// RFC 3339, for the script.
    pub(super) iso: String,
    pub(super) exact: String,
    pub(super) relative: String,
}

impl When {
    pub(super) fn new(at: OffsetDateTime, now: OffsetDateTime) -> Self {
        Self {
            iso: at.format(&Rfc3339).unwrap_or_default(),
            exact: format!("{} UTC", moment(at)),
            relative: relative(at, now),
        }
    }
}

/// `3 min ago`, `in 2 h`; a date when it is further away than a month. The script says the same.
fn relative(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let (minute, hour, day) = (60, 3_600, 86_400);
    let seconds = (at - now).whole_seconds();
    let size = seconds.unsigned_abs();
    let text = match size {
        0..45 if seconds > 0 => return "in a moment".to_owned(),
        0..45 => return "just now".to_owned(),
        _ if size > 30 * day => return moment(at).split(' ').next().unwrap_or_default().to_owned(),
        _ if size >= 2 * day => format!("{} days", size / day),
        _ if size >= day => "1 day".to_owned(),
        _ if size >= hour => format!("{} h", size / hour),
        _ => format!("{} min", (size / minute).max(1)),
    };
    if seconds > 0 {
        format!("in {text}")
    } else {
        format!("{text} ago")
    }
}

/// `01:45 UTC`
pub(super) fn clock_time(at: OffsetDateTime) -> String {
    let format = format_description!("[hour]:[minute] UTC");
    at.to_offset(time::UtcOffset::UTC)
        .format(&format)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    #[test]
    fn moments_are_told_as_people_tell_them() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(400);
        for (seconds, text) in [
            (0, "just now"),
            (-44, "just now"),
            (-45, "1 min ago"),
            (-3_599, "59 min ago"),
            (-7_200, "2 h ago"),
            (-86_400, "1 day ago"),
            (-30 * 86_400, "30 days ago"),
            (-31 * 86_400, "1971-01-05"),
            (10, "in a moment"),
            (600, "in 10 min"),
        ] {
            assert_eq!(relative(now + Duration::seconds(seconds), now), text);
        }
    }
}
