//! The end of an agent's access, asked for once more because there is no way back.

use super::row::AgentRow;
use crate::model::{ErrorCode, Handle};
use crate::server::error::ApiError;
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::ask::{Confirmed, Question, ask};
use crate::server::pages::render::{Page, see_other};
use crate::server::state::App;
use axum::extract::State;

pub(super) async fn ask_to_end(
    State(app): State<App>,
    ForPerson(Path((handle,))): ForPerson<Path<(Handle,)>>,
    person: Person,
) -> Page {
    let services = &app.services;
    let agent = services.identities.agent(person.actor(), &handle).await?;
    if !agent.may_act() {
        let message = format!("no agent called {handle} acts for anybody");
        return Err(ApiError::new(ErrorCode::NotFound, message).into());
    }
    let signed_in = &person.session.person;
    let browsers = services.accounts.browsers(signed_in, &person.cookie);
    let mut this = browsers.await?.into_iter().filter(|one| one.is_this);
    let ends_this = this.any(|browser| browser.opened_by.as_ref() == Some(&handle));
    let row = AgentRow::of(&agent, &person, services.now());
    let mut facts = vec![("Agent", row.handle), ("Key fingerprint", row.fingerprint)];
    if !row.is_own {
        facts.push(("Acts for", row.owner.unwrap_or_default()));
    }
    ask(
        &person,
        "Agents",
        &Question {
            title: &format!("End the access of {handle}?"),
            text: &format!(
                "its next request is refused, and so is every program it runs. There is no way back: \
                 to act again it needs a new identity, made with `authsome profile create --use`{}",
                if ends_this {
                    ". You opened this browser through it, and are signed out here, too"
                } else {
                    ""
                }
            ),
            facts,
            action: format!("/ui/agents/{handle}/revoke"),
            fields: Vec::new(),
            yes: "End access",
            is_danger: true,
            no: "Keep it",
            back: format!("/ui/agents/{handle}"),
        },
    )
}

/// Ends an agent: its next request is refused, here and at every running proxy.
pub(super) async fn revoke(
    State(app): State<App>,
    ForPerson(Path((handle,))): ForPerson<Path<(Handle,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let identities = &app.services.identities;
    identities.revoke(person.actor(), &handle).await?;
    see_other(&format!("/ui/agents?ended={handle}"))
}
