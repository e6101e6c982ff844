//! One thing to say, and what to do now.

use super::prose::{Piece, sentence};
use super::render::{Page, page};
use crate::server::error::ApiError;
use askama::Template;
use http::StatusCode;

#[derive(Debug, Template)]
#[template(path = "message.html")]
struct Message<'a> {
    tone: &'static str,
    sign: &'static str,
    title: &'a str,
    text: Vec<Piece>,
    hint: Option<Vec<Piece>>,
    trace: Option<&'a str>,
}

/// The page of a request that failed.
pub(in crate::server) fn failure(error: &ApiError, trace: &str) -> String {
    let title = match error.status() {
        StatusCode::NOT_FOUND => "There is nothing here",
        StatusCode::GONE => "This link is used up",
        StatusCode::UNAUTHORIZED => "Please sign in",
        StatusCode::FORBIDDEN => "This is not allowed",
        StatusCode::TOO_MANY_REQUESTS => "Too many tries",
        StatusCode::SERVICE_UNAVAILABLE => "Not just now",
        StatusCode::INTERNAL_SERVER_ERROR => "Something went wrong here",
        _ => "That did not work",
    };
    let message = Message {
        tone: "bad",
        sign: "!",
        title,
        text: sentence(error.message()),
        hint: error.next_step().map(sentence),
        trace: Some(trace),
    }
    .render();
    message.unwrap_or_else(|_| title.to_owned())
}

/// The page of something that is done.
pub(super) fn done(title: &str, message: &str, hint: &str) -> Page {
    page(
        StatusCode::OK,
        &Message {
            tone: "good",
            sign: "✓",
            title,
            text: sentence(message),
            hint: Some(sentence(hint)),
            trace: None,
        },
    )
}

/// The page of something that was called off.
pub(super) fn called_off(title: &str, message: &str, hint: &str) -> Page {
    page(
        StatusCode::OK,
        &Message {
            tone: "wait",
            sign: "–",
            title,
            text: sentence(message),
            hint: Some(sentence(hint)),
            trace: None,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ErrorCode;

    #[test]
    fn what_came_from_outside_is_escaped() {
        let error = ApiError::new(ErrorCode::NotFound, "no `<script>alert(1)</script>` here");
        let page = failure(&error, "\"><b>");
        assert!(!page.contains("<script>"));
        assert!(!page.contains("<b>"));
    }
}
