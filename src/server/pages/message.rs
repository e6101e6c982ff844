//! One thing to say, and what to do now.

use super::prose::{Piece, sentence};
use super::render::{Page, page};
use crate::api::paths;
use crate::model::ErrorCode;
use crate::server::error::ApiError;
use crate::server::gate::NOTHING_HERE;
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
    leads_to: Option<Lead>,
}

/// For a Host that is not ours: the style sheet and the icon would be refused like the page.
#[derive(Debug, Template)]
#[template(path = "plain.html")]
struct Plain<'a> {
    title: &'a str,
    text: Vec<Piece>,
    hint: Option<Vec<Piece>>,
    trace: &'a str,
}

/// The page of a request that failed.
pub(in crate::server) fn failure(error: &ApiError, trace: &str) -> String {
    let title = match error.status() {
        _ if error.code() == ErrorCode::MisdirectedRequest => "This is another address",
        StatusCode::NOT_FOUND => "There is nothing here",
        StatusCode::GONE => "This link is over",
        StatusCode::UNAUTHORIZED => "Please sign in",
        StatusCode::FORBIDDEN => "This is not allowed",
        StatusCode::TOO_MANY_REQUESTS => "Too many tries",
        StatusCode::SERVICE_UNAVAILABLE => "Not just now",
        StatusCode::INTERNAL_SERVER_ERROR => "Something went wrong here",
        _ => "That did not work",
    };
    let (text, hint) = (sentence(error.message()), error.next_step().map(sentence));
    if error.code() == ErrorCode::MisdirectedRequest {
        let plain = Plain {
            title,
            text,
            hint,
            trace,
        };
        return plain.render().unwrap_or_else(|_| title.to_owned());
    }
    let is_nowhere = error.message() == NOTHING_HERE;
    let message = Message {
        tone: "bad",
        sign: "!",
        title,
        text: if is_nowhere {
            sentence("the address may be mistyped, or what it led to is gone")
        } else {
            text
        },
        hint: hint.filter(|_| !is_nowhere),
        trace: Some(trace),
        leads_to: Some(Lead {
            href: paths::DASHBOARD.to_owned(),
            name: "Go to the overview".to_owned(),
        }),
    }
    .render();
    message.unwrap_or_else(|_| title.to_owned())
}

/// The page of a link that lacks a part.
pub(super) fn incomplete(message: &str) -> Page {
    page(
        StatusCode::UNAUTHORIZED,
        &Message {
            tone: "bad",
            sign: "!",
            title: "This link is not complete",
            text: sentence(message),
            hint: None,
            trace: None,
            leads_to: None,
        },
    )
}

/// Where a page leads next.
#[derive(Debug)]
pub(super) struct Lead {
    pub(super) href: String,
    pub(super) name: String,
}

/// How something ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    Done,
    CalledOff,
    Failed,
}

/// What a last page says.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub(super) title: &'a str,
    pub(super) message: &'a str,
    pub(super) hint: &'a str,
    pub(super) leads_to: Option<Lead>,
}

/// The page of something that has ended, well or not.
pub(super) fn ended(ending: Ending, said: Said<'_>) -> Page {
    let (tone, sign) = match ending {
        Ending::Done => ("good", "✓"),
        Ending::CalledOff => ("wait", "–"),
        Ending::Failed => ("bad", "!"),
    };
    page(
        StatusCode::OK,
        &Message {
            tone,
            sign,
            title: said.title,
            text: sentence(said.message),
            hint: Some(sentence(said.hint)),
            trace: None,
            leads_to: said.leads_to,
        },
    )
}

/// The page of something that was called off.
pub(super) fn called_off(title: &str, message: &str, hint: &str) -> Page {
    let said = Said {
        title,
        message,
        hint,
        leads_to: None,
    };
    ended(Ending::CalledOff, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_from_outside_is_escaped() {
        let error = ApiError::new(ErrorCode::NotFound, "no `<script>alert(1)</script>` here");
        let page = failure(&error, "\"><b>");
        assert!(!page.contains("<script>"));
        assert!(!page.contains("<b>"));
    }
}
