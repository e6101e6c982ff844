//! Everybody with an account, and the invitations that are out.

use crate::model::{PrincipalId, Role};
use crate::server::extract::{ForPerson, Person, Query};
use crate::server::pages::names;
use crate::server::pages::prose::{Piece, sentence};
use crate::server::pages::render::{Nav, Page, When, page};
use crate::server::pages::search::Searched;
use crate::server::state::App;
use crate::services::{Account, OpenInvitation, Search};
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use time::OffsetDateTime;

#[derive(Debug, Default, Deserialize)]
pub(super) struct View {
    q: Option<String>,
    page: Option<u32>,
    /// What was just done, and to whom.
    done: Option<String>,
    who: Option<String>,
}

/// What was typed into the form for an invitation, and why it would not do.
#[derive(Debug, Default)]
pub(super) struct Typed<'a> {
    pub(super) email: &'a str,
    pub(super) is_admin: bool,
    pub(super) problem: Option<&'a str>,
}

#[derive(Debug, Template)]
#[template(path = "people/list.html")]
struct List<'a> {
    nav: Nav,
    notice: Option<String>,
    people: Vec<PersonRow>,
    invitations: Vec<InvitationRow>,
    searched: Searched,
    typed: Typed<'a>,
    problem: Option<Vec<Piece>>,
    is_hosted: bool,
}

#[derive(Debug)]
struct PersonRow {
    id: String,
    name: String,
    /// Words beside the name, each with its tone.
    tags: Vec<(&'static str, &'static str)>,
    is_disabled: bool,
    /// Whether the reader may change it.
    may_change: bool,
    since: When,
    signed_in: Option<When>,
    connections: u64,
    agents: u64,
}

#[derive(Debug)]
struct InvitationRow {
    id: String,
    whom: String,
    role: &'static str,
    ends: When,
}

pub(super) async fn show(
    State(app): State<App>,
    ForPerson(Query(view)): ForPerson<Query<View>>,
    person: Person,
) -> Page {
    render(&app, &person, &view, Typed::default()).await
}

/// The page again, with what was wrong about an invitation.
pub(super) async fn render(app: &App, person: &Person, view: &View, typed: Typed<'_>) -> Page {
    let accounts = &app.services.accounts;
    let search = Search::new(view.q.as_deref(), view.page);
    let found = accounts.search(person.actor(), &search).await?;
    let open = accounts.invitations(person.actor()).await?;
    let now = app.services.now();
    let own = &person.session.person.principal;
    let is_hosted = app.origins.is_hosted();
    let people: Vec<PersonRow> = found
        .accounts
        .iter()
        .map(|account| PersonRow::of(account, own, is_hosted, now))
        .collect();
    let status = if typed.problem.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    page(
        status,
        &List {
            nav: Nav::of(person, "People"),
            notice: notice(app, person, view).await,
            searched: Searched::new("/ui/people", &search, people.len(), found.has_more),
            people,
            invitations: open.iter().map(|one| InvitationRow::of(one, now)).collect(),
            problem: typed.problem.map(sentence),
            typed,
            is_hosted,
        },
    )
}

/// What was just done. Anybody can make a link that says so, so it is said only where it is true.
async fn notice(app: &App, person: &Person, view: &View) -> Option<String> {
    let done = view.done.as_deref()?;
    if done == "withdrawn" {
        return Some("The invitation is withdrawn; its link opens nothing any more.".to_owned());
    }
    let id: PrincipalId = view.who.as_deref()?.parse().ok()?;
    let account = app
        .services
        .accounts
        .account(person.actor(), &id)
        .await
        .ok()?;
    let (name, disabled) = (name(&account), account.principal.disabled);
    let is_admin = account.principal.role == Role::Admin;
    match done {
        "role" if is_admin => Some(format!("{name} is an administrator now.")),
        "role" => Some(format!("{name} is no administrator any more.")),
        "disabled" if disabled => Some(format!("{name} is shut out, and so are their agents.")),
        "enabled" if !disabled => Some(format!("{name} may sign in again.")),
        _ => None,
    }
}

/// How an account is called on pages.
pub(super) fn name(account: &Account) -> String {
    names::account(account.principal.email.as_ref())
}

pub(super) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "administrator",
        Role::User => "user",
    }
}

impl PersonRow {
    fn of(account: &Account, own: &PrincipalId, is_hosted: bool, now: OffsetDateTime) -> Self {
        let principal = &account.principal;
        let is_you = principal.id == *own;
        let tags = [
            is_you.then_some(("you", "")),
            (principal.role == Role::Admin).then_some(("administrator", "good")),
            principal.disabled.then_some(("shut out", "bad")),
        ];
        Self {
            id: principal.id.to_string(),
            name: name(account),
            tags: tags.into_iter().flatten().collect(),
            is_disabled: principal.disabled,
            // The owner of a home stays what they are.
            may_change: !is_you && (is_hosted || !account.is_local),
            since: When::new(principal.created_at, now),
            signed_in: account.signed_in_at.map(|at| When::new(at, now)),
            connections: account.connections,
            agents: account.agents,
        }
    }
}

impl InvitationRow {
    fn of(open: &OpenInvitation, now: OffsetDateTime) -> Self {
        let whom = open.email.as_ref();
        Self {
            id: open.id.to_string(),
            whom: whom.map_or_else(|| "whoever holds the link".to_owned(), ToString::to_string),
            role: role_name(open.role),
            ends: When::new(open.expires_at, now),
        }
    }
}
