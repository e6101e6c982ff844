//! Every provider: what needs attention first, then what is connected, then what could be.

use super::words;
use crate::model::provider::AuthType;
use crate::model::{Connection, ConnectionState, Provider, ProviderName};
use crate::server::extract::{ForPerson, Person, Query};
use crate::server::pages::render::{Nav, Page, When, page, see_other};
use crate::server::state::App;
use crate::services::{ProviderConnections, Troubles};
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Providers shown before somebody asks for all of them: the page stays small on the wire.
const MOST: usize = 120;
/// The same for those that are not connected.
const MOST_OTHERS: usize = 60;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    all: String,
    /// The provider whose definition was just removed.
    removed: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "providers/list.html")]
struct List<'a> {
    nav: Nav,
    asked: &'a Asked,
    notice: Option<String>,
    tiles: Vec<Tile>,
    /// When the next of the connections ends: the page is told anew then.
    until: Option<String>,
    /// How many fit what was asked for.
    found: usize,
    /// Where all of them are, when not all are shown.
    all: Option<String>,
    kinds: &'static [Choice],
    states: &'static [Choice],
}

/// A value of a filter, and what it is called.
type Choice = (&'static str, &'static str);

const KINDS: &[Choice] = &[
    ("", "All types"),
    ("api_key", "API key"),
    ("oauth2", "OAuth"),
    ("browser", "Browser session"),
    ("custom", "Your own definitions"),
];

const STATES: &[Choice] = &[
    ("", "All states"),
    ("connected", "Connected"),
    ("attention", "Needs attention"),
    ("none", "Not connected"),
];

/// In the order they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Attention,
    Connected,
    Other,
}

#[derive(Debug)]
struct Tile {
    name: String,
    display_name: String,
    kind: &'static str,
    auth_type: AuthType,
    is_custom: bool,
    rank: Rank,
    connected: usize,
    account: Option<String>,
    /// In lower case.
    words: String,
}

pub(super) async fn connected() -> Page {
    see_other("/ui/providers?state=connected")
}

pub(super) async fn show(
    State(app): State<App>,
    ForPerson(Query(asked)): ForPerson<Query<Asked>>,
    person: Person,
) -> Page {
    let services = &app.services;
    let known = services.providers.list().await?;
    let groups = services.connections.list(person.actor()).await?;
    let troubles = services.connections.troubles(person.actor()).await?;
    let connections = groups.iter().flat_map(|group| &group.connections);
    let next = connections.filter_map(Connection::ends_at).min();
    let until = next.map(|at| When::new(at, services.now()).iso);
    let custom: BTreeSet<_> = known.custom.iter().map(|one| &one.name).collect();
    let mut by_name: BTreeMap<&ProviderName, &ProviderConnections> = groups
        .iter()
        .map(|group| (&group.provider, group))
        .collect();
    let all = known.bundled.iter().chain(&known.custom);
    let mut tiles: Vec<Tile> = all
        .map(|one| {
            let group = by_name.remove(&one.name);
            Tile::of(one, custom.contains(&one.name), group, &troubles)
        })
        .collect();
    // What is left has a definition no more; it can still be logged out.
    tiles.extend(by_name.into_values().map(Tile::undefined));
    tiles.retain(|tile| tile.is_meant(&asked));
    let query = asked.q.trim().to_lowercase();
    tiles.sort_by_cached_key(|tile| {
        let name = tile.display_name.to_lowercase();
        (tile.rank, !name.starts_with(&query), name)
    });
    let found = tiles.len();
    if asked.all.is_empty() {
        let others = tiles.partition_point(|tile| tile.rank != Rank::Other);
        tiles.truncate(MOST.min(others + MOST_OTHERS));
    }
    let all = (tiles.len() < found).then(|| asked.address_of_all());
    let notice = asked.notice(custom.iter().map(|name| name.as_str()));
    page(
        StatusCode::OK,
        &List {
            nav: Nav::of(&person, "Providers"),
            notice,
            asked: &asked,
            tiles,
            until,
            found,
            all,
            kinds: KINDS,
            states: STATES,
        },
    )
}

impl Asked {
    fn address_of_all(&self) -> String {
        let fields = [
            ("q", self.q.as_str()),
            ("type", &self.kind),
            ("state", &self.state),
            ("all", "1"),
        ];
        let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let given: Vec<_> = given.collect();
        let query = serde_urlencoded::to_string(given).unwrap_or_default();
        format!("/ui/providers?{query}")
    }

    /// Anybody can make a link that says so: it is said only where it is true.
    fn notice<'a>(&self, mut custom: impl Iterator<Item = &'a str>) -> Option<String> {
        let name: ProviderName = self.removed.as_deref()?.parse().ok()?;
        let is_there = custom.any(|one| one == name.as_str());
        (!is_there).then(|| format!("The definition of {name} is removed."))
    }

    /// Whether more than a state was asked for.
    fn is_elsewhere_filtered(&self) -> bool {
        !self.q.trim().is_empty() || !self.kind.is_empty()
    }
}

impl Tile {
    fn of(
        provider: &Provider,
        is_custom: bool,
        group: Option<&ProviderConnections>,
        troubles: &Troubles,
    ) -> Self {
        let mut words = format!("{} {}", provider.name, provider.display_name).to_lowercase();
        let more = provider.kind.iter().chain(&provider.api_url);
        for word in more {
            words.push(' ');
            words.push_str(&word.to_lowercase());
        }
        let mut tile = Self {
            name: provider.name.to_string(),
            display_name: provider.display_name.clone(),
            kind: words::kind(provider.auth_type),
            auth_type: provider.auth_type,
            is_custom,
            rank: Rank::Other,
            connected: 0,
            account: None,
            words,
        };
        if let Some(group) = group {
            tile.connect(group, troubles);
        }
        tile
    }

    fn undefined(group: &ProviderConnections) -> Self {
        let auth_type = group.connections.first().map(|one| one.auth_type);
        let auth_type = auth_type.unwrap_or(AuthType::ApiKey);
        let mut tile = Self {
            name: group.provider.to_string(),
            display_name: group.provider.to_string(),
            kind: words::kind(auth_type),
            auth_type,
            is_custom: true,
            rank: Rank::Other,
            connected: 0,
            account: None,
            words: group.provider.to_string(),
        };
        tile.connect(group, &Troubles::default());
        tile.rank = Rank::Attention;
        tile
    }

    fn connect(&mut self, group: &ProviderConnections, troubles: &Troubles) {
        let is_well = |one: &&Connection| {
            matches!(one.state, ConnectionState::Connected { .. }) && troubles.of(one).is_none()
        };
        self.connected = group.connections.len();
        let well = group.connections.iter().filter(is_well).count();
        self.rank = if well == self.connected {
            Rank::Connected
        } else {
            Rank::Attention
        };
        let default = group.connections.iter().find(|one| one.is_default);
        self.account = default.and_then(|one| one.account.label.clone());
        for label in group
            .connections
            .iter()
            .filter_map(|one| one.account.label.as_ref())
        {
            self.words.push(' ');
            self.words.push_str(&label.to_lowercase());
        }
    }

    fn is_meant(&self, asked: &Asked) -> bool {
        let query = asked.q.to_lowercase();
        let fits = query
            .split_whitespace()
            .all(|word| self.words.contains(word));
        let is_kind = match asked.kind.as_str() {
            "custom" => self.is_custom,
            kind @ ("api_key" | "oauth2" | "browser") => self.auth_type.as_str() == kind,
            _ => true,
        };
        let is_state = match asked.state.as_str() {
            "connected" => self.rank != Rank::Other,
            "attention" => self.rank == Rank::Attention,
            "none" => self.rank == Rank::Other,
            _ => true,
        };
        fits && is_kind && is_state
    }

    fn needs_attention(&self) -> bool {
        self.rank == Rank::Attention
    }
}
