//! One provider: what it is, its connections, and the form that makes another.

use super::rows::Row;
use super::words;
use crate::model::provider::Flow;
use crate::model::{Connection, ConnectionName, Provider, ProviderName};
use crate::server::extract::{ForPerson, Path, Person, Query};
use crate::server::pages::problem::{Problem, told};
use crate::server::pages::prose::Piece;
use crate::server::pages::render::{Nav, Page, page};
use crate::server::state::App;
use crate::services::{self, Origin};
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// Connections on one page.
const AT_ONCE: usize = 50;
/// With fewer connections than that nobody needs a search.
const FEW: usize = 10;

#[derive(Debug, Default, Deserialize)]
pub(super) struct View {
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: String,
    /// What was just done, and to which connection.
    #[serde(default)]
    done: String,
    #[serde(default)]
    name: String,
    /// The connection to log in to again.
    #[serde(default)]
    again: String,
}

/// The form to connect, as it was filled in.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) connection: String,
    pub(super) flow: String,
    pub(super) scopes: String,
    pub(super) base_url: String,
    /// Log in again to what is there.
    pub(super) is_again: bool,
    /// What is wrong, and in which field.
    pub(super) problem: Option<(&'static str, Vec<Piece>)>,
}

/// What is shown beside what there is.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) view: View,
    pub(super) draft: Option<Draft>,
    pub(super) problem: Option<Problem>,
}

#[derive(Debug, Template)]
#[template(path = "providers/detail.html")]
struct Detail<'a> {
    nav: Nav,
    name: &'a ProviderName,
    display_name: String,
    /// Absent where the definition is gone and connections are left.
    about: Option<About<'a>>,
    notice: Option<String>,
    problem: Option<Vec<Piece>>,
    rows: Vec<Row>,
    /// All there are, whether or not they fit the search.
    total: usize,
    has_search: bool,
    q: &'a str,
    earlier: Option<String>,
    later: Option<String>,
    draft: Draft,
}

#[derive(Debug)]
struct About<'a> {
    kind: &'static str,
    origin: Origin,
    provider: &'a Provider,
    hosts: Vec<String>,
    variables: Vec<String>,
    flows: Vec<(Flow, &'static str)>,
    takes_site: bool,
    /// What a login asks for when nobody says otherwise; absent where there are no scopes.
    scopes: Option<String>,
    /// Nobody has given us an OAuth client there yet.
    lacks_client: bool,
}

pub(super) async fn show(
    State(app): State<App>,
    ForPerson(Path((name,))): ForPerson<Path<(ProviderName,)>>,
    ForPerson(Query(view)): ForPerson<Query<View>>,
    person: Person,
) -> Page {
    let shown = Shown {
        view,
        ..Shown::default()
    };
    answer(&app, &person, &name, shown).await
}

/// The page again, with why something did not work on it.
pub(super) async fn failed(
    app: &App,
    person: &Person,
    name: &ProviderName,
    error: services::Error,
) -> Page {
    let shown = Shown {
        problem: Some(told(error)?),
        ..Shown::default()
    };
    answer(app, person, name, shown).await
}

/// The page, with what has just gone wrong on it.
pub(super) async fn answer(app: &App, person: &Person, name: &ProviderName, shown: Shown) -> Page {
    let services = &app.services;
    let groups = services.connections.list(person.actor()).await?;
    let group = groups.into_iter().find(|group| group.provider == *name);
    let all = group.map_or_else(Vec::new, |group| group.connections);
    let definition = match services.providers.get(name).await {
        Ok(found) => Some(found),
        // What is connected must be there to be logged out.
        Err(_) if !all.is_empty() => None,
        Err(gone) => return Err(gone.into()),
    };
    let troubles = services.connections.troubles(person.actor()).await?;
    let activity = services.activity.last_uses_at(person.actor(), name).await?;
    let now = services.now();
    let origin = services.providers.origin(name).await?;
    let lacks_client = match &definition {
        // One that cannot be opened is told by the login itself.
        Some(one) => services.logins.lacks_client(one).await.unwrap_or(false),
        None => false,
    };
    let about = definition.as_deref();
    let about = about.map(|one| About::of(one, origin, lacks_client));
    let Shown {
        view,
        draft,
        problem,
    } = shown;
    let (found, earlier, later) = part(name, &all, &view);
    let rows = found.into_iter();
    let rows = rows
        .map(|one| Row::of(one, &troubles, &activity, now))
        .collect();
    let status = match (&problem, &draft) {
        (Some(problem), _) => problem.status,
        (None, Some(draft)) if draft.problem.is_some() => StatusCode::BAD_REQUEST,
        (None, _) => StatusCode::OK,
    };
    page(
        status,
        &Detail {
            nav: Nav::of(person, "Providers"),
            name,
            display_name: display_name(definition.as_ref(), name),
            notice: notice(&view, &all, now),
            problem: problem.map(|problem| problem.text),
            rows,
            total: all.len(),
            has_search: all.len() > FEW,
            q: &view.q,
            earlier,
            later,
            draft: draft.unwrap_or_else(|| Draft::new(&all, &view.again)),
            about,
        },
    )
}

pub(super) fn display_name(definition: Option<&Arc<Provider>>, name: &ProviderName) -> String {
    definition.map_or_else(|| name.to_string(), |one| one.display_name.clone())
}

/// The connections of this page that fit the search, and the addresses of those before and after.
fn part<'a>(
    name: &ProviderName,
    all: &'a [Connection],
    view: &View,
) -> (Vec<&'a Connection>, Option<String>, Option<String>) {
    let query = view.q.trim().to_lowercase();
    let fits = |one: &&Connection| {
        let account = one.account.label.as_deref().unwrap_or_default();
        one.name.as_str().to_lowercase().contains(&query) || account.to_lowercase().contains(&query)
    };
    let mut found: Vec<&Connection> = all.iter().filter(fits).collect();
    found.sort_by_key(|one| !one.is_default);
    let pages = found.len().div_ceil(AT_ONCE).max(1);
    let at = view.page.parse::<usize>().unwrap_or(1).clamp(1, pages);
    let address = |page: usize| {
        let page = page.to_string();
        let fields = [("q", view.q.as_str()), ("page", &page)];
        let query = serde_urlencoded::to_string(fields).unwrap_or_default();
        format!("/ui/apps/{name}?{query}")
    };
    let earlier = (at > 1).then(|| address(at - 1));
    let later = (at < pages).then(|| address(at + 1));
    let first = (at - 1) * AT_ONCE;
    let here = found.into_iter().skip(first).take(AT_ONCE).collect();
    (here, earlier, later)
}

/// What was just done. Anybody can make a link that says so: it is said only where it is true.
fn notice(view: &View, all: &[Connection], now: OffsetDateTime) -> Option<String> {
    if view.done == "revoked" {
        return all
            .is_empty()
            .then(|| "Everybody is logged out of it.".to_owned());
    }
    if view.done == "registered" {
        return Some("The definition is in use. Connect it below.".to_owned());
    }
    let name: ConnectionName = view.name.parse().ok()?;
    let found = all.iter().find(|one| one.name == name);
    let is_new = |one: &Connection| now - one.obtained_at < Duration::minutes(2);
    match (view.done.as_str(), found) {
        ("default", Some(one)) if one.is_default => Some(format!(
            "{name} is the default now: it is used where no connection is named."
        )),
        ("renewed", Some(one)) if is_new(one) => Some(format!("{name} is renewed.")),
        ("fresh", Some(one)) if is_new(one) => Some(format!(
            "{name} was renewed a moment ago; its provider is not asked again so soon."
        )),
        ("logged-out", None) => Some(format!("{name} is logged out.")),
        _ => None,
    }
}

impl Draft {
    fn new(all: &[Connection], again: &str) -> Self {
        if let Some(one) = all.iter().find(|one| one.name.as_str() == again) {
            return Self {
                connection: one.name.to_string(),
                scopes: one.scopes.join(" "),
                base_url: one.base_url.clone().unwrap_or_default(),
                is_again: true,
                ..Self::default()
            };
        }
        let usual = if all.is_empty() {
            ConnectionName::DEFAULT
        } else {
            ""
        };
        Self {
            connection: usual.to_owned(),
            ..Self::default()
        }
    }

    /// What is wrong with a field.
    fn problem_at(&self, field: &str) -> Option<&Vec<Piece>> {
        let (at, text) = self.problem.as_ref()?;
        (*at == field).then_some(text)
    }

    /// Whether one of the rarer fields is of interest now.
    fn is_special(&self) -> bool {
        !self.scopes.is_empty()
            || !self.base_url.is_empty()
            || self.problem_at("scopes").is_some()
            || self.problem_at("base_url").is_some()
    }
}

impl<'a> About<'a> {
    fn of(provider: &'a Provider, origin: Origin, lacks_client: bool) -> Self {
        let flows = services::flows(provider);
        let oauth = provider.oauth.as_ref();
        Self {
            kind: words::kind(provider.auth_type),
            origin,
            provider,
            variables: provider.variables().into_keys().collect(),
            flows: flows
                .into_iter()
                .map(|flow| (flow, words::way(flow)))
                .collect(),
            hosts: services::hosts(provider),
            takes_site: services::takes_site(provider),
            scopes: oauth.map(|oauth| oauth.scopes.join(" ")),
            lacks_client,
        }
    }

    fn is_own(&self) -> bool {
        self.origin != Origin::Bundled
    }
}
