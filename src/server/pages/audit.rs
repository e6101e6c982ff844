//! The audit log as a page, for administrators.

use super::render::{Nav, Page, moment, page};
use crate::model::audit::EventSource;
use crate::model::{AuditRecord, Outcome, PrincipalId};
use crate::server::extract::{ForPerson, Person, Query};
use crate::server::state::App;
use crate::services::AuditQuery;
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Place {
    cursor: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "audit.html")]
struct Audit {
    nav: Nav,
    rows: Vec<Row>,
    older: Option<String>,
}

#[derive(Debug)]
struct Row {
    time: String,
    event: String,
    is_external: bool,
    actor: String,
    object: String,
    status: &'static str,
    tone: &'static str,
}

pub(super) async fn show(
    State(app): State<App>,
    person: Person,
    ForPerson(Query(place)): ForPerson<Query<Place>>,
) -> Page {
    let query = AuditQuery {
        cursor: place.cursor,
        ..AuditQuery::default()
    };
    let found = app.services.audit.list(person.actor(), query).await?;
    page(
        StatusCode::OK,
        &Audit {
            nav: Nav::of(&person, "Audit"),
            rows: found
                .entries
                .into_iter()
                .map(|record| Row::of(record, &person))
                .collect(),
            older: found.next_cursor,
        },
    )
}

impl Row {
    fn of(record: AuditRecord, reader: &Person) -> Self {
        let event = record.event;
        let provider = event.provider.map(String::from).unwrap_or_default();
        let identity = event.identity.map(String::from);
        let principal = event.principal.map(|principal| name(&principal, reader));
        Self {
            time: moment(record.at),
            event: event.event.as_str().to_owned(),
            is_external: event.source == EventSource::External,
            actor: identity.or(principal).unwrap_or_default(),
            object: match event.connection {
                Some(connection) => format!("{provider}/{connection}"),
                None => provider,
            },
            status: event.outcome.as_str(),
            tone: match event.outcome {
                Outcome::Success => "good",
                Outcome::Failure => "bad",
                Outcome::Refused => "wait",
            },
        }
    }
}

/// The reader's own name, or the beginning of somebody else's id, which is enough to tell them apart.
fn name(principal: &PrincipalId, reader: &Person) -> String {
    let signed_in = &reader.session.person;
    if *principal == signed_in.principal {
        return "you".to_owned();
    }
    let id = principal.as_str();
    let id = id.strip_prefix("principal_").unwrap_or(id);
    format!("account {}", id.get(..8).unwrap_or(id))
}
