//! One event, at an address that stays.

use super::rows::{Accounts, Row};
use crate::model::EventId;
use crate::server::extract::{ForPerson, Path, Person};
use crate::server::pages::render::{Nav, Page, page};
use crate::server::state::App;
use askama::Template;
use axum::extract::State;
use http::StatusCode;

#[derive(Debug, Template)]
#[template(path = "audit/event.html")]
struct Event {
    nav: Nav,
    row: Row,
}

pub(in crate::server::pages) async fn show(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(EventId,)>>,
    person: Person,
) -> Page {
    let accounts = Accounts::read(&app, &person).await?;
    let record = app.services.audit.get(person.actor(), &id).await?;
    let row = Row::whole(&record, &accounts, app.services.now());
    let nav = Nav::of(&person, "Audit");
    page(StatusCode::OK, &Event { nav, row })
}
