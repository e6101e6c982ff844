//! Asking once more before something is done that cannot be undone.

use crate::server::extract::Person;
use crate::server::pages::ask;
use crate::server::pages::render::Page;

pub(super) use crate::server::pages::ask::Question;

pub(super) fn ask(person: &Person, question: &Question<'_>) -> Page {
    ask::ask(person, "Providers", question)
}
