//! Asking once more before something is done that cannot be undone.

use crate::server::extract::Person;
use crate::server::pages::prose::{Piece, sentence};
use crate::server::pages::render::{Nav, Page, page};
use askama::Template;
use http::StatusCode;

/// What is asked.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) title: &'a str,
    /// What comes of it.
    pub(super) text: &'a str,
    pub(super) facts: Vec<(&'static str, String)>,
    /// Where yes is sent.
    pub(super) action: String,
    pub(super) yes: &'a str,
    pub(super) is_danger: bool,
    pub(super) no: &'a str,
    /// Where no leads.
    pub(super) back: String,
}

#[derive(Debug, Template)]
#[template(path = "providers/ask.html")]
struct Ask<'a> {
    nav: Nav,
    question: &'a Question<'a>,
    text: Vec<Piece>,
}

pub(super) fn ask(person: &Person, question: &Question<'_>) -> Page {
    page(
        StatusCode::OK,
        &Ask {
            nav: Nav::of(person, "Providers"),
            question,
            text: sentence(question.text),
        },
    )
}
