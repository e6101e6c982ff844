//! Changes of somebody else's account, asked for once more.

use super::list::name;
use crate::model::{PrincipalId, Role};
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::ask::{Confirmed, Question, ask};
use crate::server::pages::render::{Page, see_other};
use crate::server::state::App;
use axum::extract::State;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct NewRole {
    #[serde(default)]
    csrf: String,
    role: Role,
}

/// Asks for the other role than the account has.
pub(super) async fn ask_for_role(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(PrincipalId,)>>,
    person: Person,
) -> Page {
    let account = app.services.accounts.account(person.actor(), &id).await?;
    let name = name(&account);
    let becomes = match account.principal.role {
        Role::Admin => Role::User,
        Role::User => Role::Admin,
    };
    let (title, text, yes) = match becomes {
        Role::Admin => (
            format!("Make {name} an administrator?"),
            "administrators see who has an account, invite and shut out others, end any agent, define \
             providers and read the whole audit log. Their agents may do the same. Other people’s \
             connections stay closed to them",
            "Make administrator",
        ),
        Role::User => (
            format!("Take the administration from {name}?"),
            "they keep their own connections and agents, and see nothing of others from their next \
             request on",
            "Make user",
        ),
    };
    ask(
        &person,
        "People",
        &Question {
            title: &title,
            text,
            facts: Vec::new(),
            action: format!("/ui/people/{id}/role"),
            fields: vec![("role", becomes.as_str())],
            yes,
            is_danger: becomes == Role::User,
            no: "Leave it",
            back: "/ui/people".to_owned(),
        },
    )
}

pub(super) async fn set_role(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(PrincipalId,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<NewRole>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let accounts = &app.services.accounts;
    accounts.set_role(person.actor(), &id, form.role).await?;
    done("role", &id)
}

pub(super) async fn ask_to_disable(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(PrincipalId,)>>,
    person: Person,
) -> Page {
    let account = app.services.accounts.account(person.actor(), &id).await?;
    let agents = match account.agents {
        0 => "none".to_owned(),
        count => format!("{count}, refused from their next request on"),
    };
    ask(
        &person,
        "People",
        &Question {
            title: &format!("Shut {} out?", name(&account)),
            text: "every browser of theirs is signed out, and every agent of theirs is refused. Their \
                   connections are kept: you can let them in again",
            facts: vec![
                ("Agents", agents),
                ("Connections", format!("{}, kept", account.connections)),
            ],
            action: format!("/ui/people/{id}/disable"),
            fields: Vec::new(),
            yes: "Shut out",
            is_danger: true,
            no: "Leave it",
            back: "/ui/people".to_owned(),
        },
    )
}

pub(super) async fn disable(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(PrincipalId,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    app.services.accounts.disable(person.actor(), &id).await?;
    done("disabled", &id)
}

pub(super) async fn enable(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(PrincipalId,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    app.services.accounts.enable(person.actor(), &id).await?;
    done("enabled", &id)
}

fn done(what: &str, id: &PrincipalId) -> Page {
    see_other(&format!("/ui/people?done={what}&who={id}"))
}
