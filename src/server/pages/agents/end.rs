//! The end of an agent's access, asked for once more because there is no way back.

use super::list::AgentRow;
use crate::model::{ErrorCode, Handle};
use crate::server::error::ApiError;
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::render::{Nav, Page, page, see_other};
use crate::server::state::App;
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

#[derive(Debug, Template)]
#[template(path = "agents/end.html")]
struct EndAgent {
    nav: Nav,
    agent: AgentRow,
}

#[derive(Debug, Deserialize)]
pub(in crate::server::pages) struct Ending {
    #[serde(default)]
    csrf: String,
}

pub(in crate::server::pages) async fn ask_to_end(
    State(app): State<App>,
    ForPerson(Path((handle,))): ForPerson<Path<(Handle,)>>,
    person: Person,
) -> Page {
    let agents = app.services.identities.list(person.actor()).await?;
    let found = agents.iter().find(|agent| agent.handle == handle);
    let Some(agent) = found.map(AgentRow::of).filter(|row| row.can_be_ended) else {
        return Err(ApiError::new(
            ErrorCode::NotFound,
            format!("no agent called {handle} acts for you"),
        )
        .into());
    };
    let nav = Nav::of(&person, "Agents");
    page(StatusCode::OK, &EndAgent { nav, agent })
}

/// Ends an agent: its next request is refused, here and at every running proxy.
pub(in crate::server::pages) async fn revoke(
    State(app): State<App>,
    ForPerson(Path((handle,))): ForPerson<Path<(Handle,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Ending>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let identities = &app.services.identities;
    identities.revoke(person.actor(), &handle).await?;
    see_other(&format!("/ui/agents?ended={handle}"))
}
