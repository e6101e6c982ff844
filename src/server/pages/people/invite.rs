//! Invitations: made with a link that is shown once, and taken back.

use super::list::{self, Typed, View, role_name};
use crate::model::{Email, Role, ShownId};
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::ask::Confirmed;
use crate::server::pages::render::{Nav, Page, When, page, see_other};
use crate::server::state::App;
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    email: String,
    role: Role,
}

#[derive(Template)]
#[template(path = "people/invited.html")]
struct Invited {
    nav: Nav,
    url: String,
    whom: Option<String>,
    role: &'static str,
    ends: When,
    is_hosted: bool,
}

pub(super) async fn invite(
    State(app): State<App>,
    person: Person,
    ForPerson(Form(wish)): ForPerson<Form<Wish>>,
) -> Page {
    person.check_csrf(&wish.csrf)?;
    let email = wish.email.trim();
    let email = match (email.is_empty(), Email::from_typed(email)) {
        (true, _) => None,
        (false, Ok(email)) => Some(email),
        (false, Err(_)) => {
            let typed = Typed {
                email: &wish.email,
                is_admin: wish.role == Role::Admin,
                problem: Some("this is not an e-mail address; write it as you@example.com"),
            };
            return list::render(&app, &person, &View::default(), typed).await;
        }
    };
    let accounts = &app.services.accounts;
    let made = accounts.invite(person.actor(), wish.role, email).await?;
    page(
        StatusCode::OK,
        &Invited {
            nav: Nav::of(&person, "People"),
            url: made.url,
            whom: made.email.map(String::from),
            role: role_name(made.role),
            ends: When::new(made.expires_at, app.services.now()),
            is_hosted: app.origins.is_hosted(),
        },
    )
}

pub(super) async fn withdraw(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(ShownId,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    app.services.accounts.withdraw(person.actor(), &id).await?;
    see_other("/ui/people?done=withdrawn")
}
