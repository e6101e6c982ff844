//! The list of events with its filter and its chart.

use super::chart::Chart;
use super::filter::{Asked, Choice, Filter, OUTCOMES, RANGES};
use super::rows::{AccountChoice, Accounts, Row};
use crate::model::EventName;
use crate::server::extract::{ForPerson, Person, Query};
use crate::server::pages::render::{Nav, Page, PageError, When, page};
use crate::server::state::App;
use crate::services::{AuditPage, AuditQuery};
use askama::Template;
use axum::extract::State;
use http::StatusCode;

#[derive(Debug, Template)]
#[template(path = "audit/list.html")]
struct List {
    nav: Nav,
    filter: Filter,
    accounts: Vec<AccountChoice>,
    ranges: [Choice; RANGES.len()],
    outcomes: [Choice; OUTCOMES.len()],
    events: &'static [&'static str],
    chart: Option<Chart>,
    rows: Vec<Row>,
    older: Option<String>,
    newer: Option<String>,
    /// Set where older events were not looked at yet: how far the search came.
    searched_to: Option<When>,
}

pub(in crate::server::pages) async fn show(
    State(app): State<App>,
    person: Person,
    ForPerson(Query(asked)): ForPerson<Query<Asked>>,
) -> Page {
    let accounts = Accounts::read(&app, &person).await?;
    let now = app.services.now();
    let mut filter = Filter::read(asked, now);
    let (found, chart) = match filter.first_problem() {
        // Nothing is shown for a filter that is not understood: it would look like an answer.
        Some(_) => (None, None),
        None => (
            Some(find(&app, &person, &mut filter).await?),
            chart(&app, &person, &filter).await?,
        ),
    };
    let entries = found.as_ref().map_or(&[][..], |found| &found.entries);
    let place = |name, cursor: Option<&String>| Some(filter.page(name, cursor?));
    let list = List {
        nav: Nav::of(&person, "Audit"),
        accounts: accounts.choices(filter.query.principal.as_ref()),
        ranges: RANGES,
        outcomes: OUTCOMES,
        events: EventName::OURS,
        chart,
        rows: entries
            .iter()
            .map(|record| Row::of(record, &accounts, now))
            .collect(),
        older: place("older", found.as_ref().and_then(|f| f.next_cursor.as_ref())),
        newer: place(
            "newer",
            found.as_ref().and_then(|f| f.previous_cursor.as_ref()),
        ),
        searched_to: found
            .as_ref()
            .and_then(|found| found.searched_to)
            .map(|at| When::new(at, now)),
        filter,
    };
    page(StatusCode::OK, &list)
}

/// Going newer ends at the first page, which is shown as it always is.
async fn find(app: &App, person: &Person, filter: &mut Filter) -> Result<AuditPage, PageError> {
    let audit = &app.services.audit;
    let found = audit.list(person.actor(), filter.query.clone()).await?;
    if filter.query.newer_than.is_none() || found.previous_cursor.is_some() {
        return Ok(found);
    }
    filter.query.newer_than = None;
    Ok(audit.list(person.actor(), filter.query.clone()).await?)
}

async fn chart(app: &App, person: &Person, filter: &Filter) -> Result<Option<Chart>, PageError> {
    let query = AuditQuery {
        cursor: None,
        newer_than: None,
        ..filter.query.clone()
    };
    let chart = app.services.audit.chart(person.actor(), query).await?;
    Ok(chart.as_ref().map(Chart::of))
}
