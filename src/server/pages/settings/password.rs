//! Changing one's own password.

use crate::secret::Password;
use crate::server::extract::{ForPerson, Form, Person, SignInFrom};
use crate::server::next::Next;
use crate::server::pages::entrance::{again, enter};
use crate::server::pages::prose::{Piece, sentence};
use crate::server::pages::render::{Nav, Page, page};
use crate::server::state::App;
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct PasswordChange {
    #[serde(default)]
    csrf: String,
    current: String,
    new: String,
}

#[derive(Debug, Template)]
#[template(path = "settings/password.html")]
struct PasswordPage {
    nav: Nav,
    problem: Option<Vec<Piece>>,
    at_new: bool,
}

pub(super) async fn open(person: Person) -> Page {
    show(&person, StatusCode::OK, None)
}

fn show(person: &Person, status: StatusCode, problem: Option<&str>) -> Page {
    let nav = Nav::of(person, "Settings");
    let at_new = problem.is_some_and(|problem| !problem.contains("current"));
    let problem = problem.map(sentence);
    page(
        status,
        &PasswordPage {
            nav,
            problem,
            at_new,
        },
    )
}

pub(super) async fn change(
    State(app): State<App>,
    SignInFrom(from): SignInFrom,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<PasswordChange>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let (current, new) = (Password::new(form.current), Password::new(form.new));
    let accounts = &app.services.accounts;
    let changed = accounts.change_password(&person.session.person, current, new, from);
    match changed.await {
        Ok(opened) => enter(&app, &opened, &Next::parse("/ui/settings?done=password")),
        Err(error) => {
            let (status, problem) = again(error)?;
            let shown = show(&person, status, Some(&problem.text()))?;
            Ok(problem.delay(shown))
        }
    }
}
