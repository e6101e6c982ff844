//! Forgetting a client, asked for once more: what it got ends with it.

use super::issued;
use crate::model::{ErrorCode, ProviderName};
use crate::server::error::ApiError;
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::ask::{Confirmed, Question, ask};
use crate::server::pages::names;
use crate::server::pages::render::{Page, see_other};
use crate::server::state::App;
use axum::extract::State;

pub(super) async fn ask_to_forget(
    State(app): State<App>,
    ForPerson(Path((name,))): ForPerson<Path<(ProviderName,)>>,
    person: Person,
) -> Page {
    let found = app.services.clients.find(person.actor(), &name).await?;
    let Some(client) = found else {
        let message = format!("this daemon has no OAuth client at `{name}`");
        return Err(ApiError::new(ErrorCode::NotFound, message).into());
    };
    let called = names::service(&app, &name).await;
    let mut facts = vec![("Connections that end", issued(client.issued))];
    if let Some(id) = client.client_id {
        facts.insert(0, ("Client ID", id));
    }
    ask(
        &person,
        "Settings",
        &Question {
            title: &format!("Forget the client at {called}?"),
            text: "every connection that it got ends, for everybody, and the service is told where that is \
                   possible. Before the next login an administrator has to enter a client again",
            facts,
            action: format!("/ui/settings/clients/{name}/forget"),
            fields: Vec::new(),
            yes: "Forget it",
            is_danger: true,
            no: "Keep it",
            back: "/ui/settings/clients".to_owned(),
        },
    )
}

pub(super) async fn forget(
    State(app): State<App>,
    ForPerson(Path((name,))): ForPerson<Path<(ProviderName,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    app.services.clients.forget(person.actor(), &name).await?;
    see_other(&format!("/ui/settings/clients?done=forgotten&name={name}"))
}
