//! Asking once more before something is done that cannot be undone.

use super::prose::{Piece, sentence};
use super::render::{Nav, Page, page};
use crate::server::extract::Person;
use askama::Template;
use http::StatusCode;
use serde::Deserialize;

/// What is asked.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) title: &'a str,
    /// What comes of it.
    pub(super) text: &'a str,
    pub(super) facts: Vec<(&'static str, String)>,
    /// Where yes is sent.
    pub(super) action: String,
    /// What the form sends beside its token.
    pub(super) fields: Vec<(&'static str, &'static str)>,
    pub(super) yes: &'a str,
    pub(super) is_danger: bool,
    pub(super) no: &'a str,
    /// Where no leads.
    pub(super) back: String,
}

/// A form that carries only the token of the session.
#[derive(Debug, Deserialize)]
pub(super) struct Confirmed {
    #[serde(default)]
    pub(super) csrf: String,
}

#[derive(Debug, Template)]
#[template(path = "ask.html")]
struct Ask<'a> {
    nav: Nav,
    question: &'a Question<'a>,
    text: Vec<Piece>,
}

/// `at` is the page that the head marks.
pub(super) fn ask(person: &Person, at: &'static str, question: &Question<'_>) -> Page {
    page(
        StatusCode::OK,
        &Ask {
            nav: Nav::of(person, at),
            question,
            text: sentence(question.text),
        },
    )
}
