//! Which connection a request belongs to. Pure: a table made once per run, no I/O, no state.
//!
//! Exact host before pattern, longer path prefix first, the connection the run names (or else the
//! default) before the others. What fits two ways is given to nobody, and the reason is told.

use super::host::{self, Authority};
use super::path;
use super::resolve::Route;
use crate::model::api_url::{ApiUrl, HostMatch, HostPattern};
use crate::model::{ConnectionName, ProviderName, Target};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What the run chose, in place of every default.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub connections: BTreeMap<ProviderName, ConnectionName>,
    /// `None` is every provider.
    pub providers: Option<BTreeSet<ProviderName>>,
}

/// What to do with a request for a host that the table knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Inject {
        provider: ProviderName,
        connection: ConnectionName,
    },
    /// Send it on as it is.
    Pass(PassReason),
    /// Do not send it: two servers could read its path as two places.
    RefusePath,
    /// Do not send it: this request names a connection, and no provider of the place has one of
    /// that name.
    RefuseConnection { provider: ProviderName },
}

/// Why a request gets no credential although its host is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassReason {
    NoRoute,
    OAuthEndpoint,
    /// `provider/connection` of each that fits equally well.
    Ambiguous(Vec<String>),
}

#[derive(Debug, Clone)]
struct Entry {
    provider: ProviderName,
    connection: ConnectionName,
    is_default: bool,
    prefix: String,
    excluded: Vec<String>,
}

/// Every place of a run that gets a credential.
#[derive(Debug, Default)]
pub struct RouteTable {
    exact: HashMap<Authority, Vec<Entry>>,
    patterns: Vec<(HostPattern, Entry)>,
    named: BTreeMap<ProviderName, ConnectionName>,
}

impl RouteTable {
    /// Builds the table; the second part tells which entries cannot be used, and why.
    pub fn new(routes: &[Route], choice: &Choice) -> (Self, Vec<(ProviderName, String)>) {
        let mut table = Self {
            named: choice.connections.clone(),
            ..Self::default()
        };
        let mut unusable = Vec::new();
        let chosen = |route: &&Route| {
            choice
                .providers
                .as_ref()
                .is_none_or(|only| only.contains(&route.provider))
        };
        for route in routes.iter().filter(chosen) {
            for text in &route.api_urls {
                if let Err(reason) = table.add(route, text) {
                    unusable.push((route.provider.clone(), format!("`{text}`: {reason}")));
                }
            }
        }
        (table, unusable)
    }

    fn add(&mut self, route: &Route, text: &str) -> Result<(), String> {
        let place: ApiUrl = text.parse().map_err(|error| format!("{error}"))?;
        if !place.tls {
            return Err("only https is ever given a credential".to_owned());
        }
        let entry = Entry {
            provider: route.provider.clone(),
            connection: route.connection.clone(),
            is_default: route.is_default,
            prefix: place.path_prefix,
            excluded: route.excluded_paths.clone(),
        };
        match place.host {
            HostMatch::Exact(host) => {
                let authority = Authority::of_host(&host, place.port);
                let authority = authority.ok_or("its host cannot be compared")?;
                self.exact.entry(authority).or_default().push(entry);
            }
            HostMatch::Pattern(pattern) => self.patterns.push((pattern, entry)),
        }
        Ok(())
    }

    /// Whether any request to this place could get a credential.
    pub(super) fn knows(&self, authority: &Authority) -> bool {
        self.exact.contains_key(authority) || self.matching_patterns(authority).next().is_some()
    }

    /// Whether a request in cleartext to this place deserves a warning: its host is known, on
    /// whatever port, or it is a service of this machine that is known by its port.
    pub(super) fn expects_tls(&self, authority: &Authority) -> bool {
        let host = authority.host();
        if host::is_loopback(host) {
            return self.exact.contains_key(authority);
        }
        self.exact.keys().any(|known| known.host() == host)
            || self
                .patterns
                .iter()
                .any(|(pattern, _)| pattern.is_match(host))
    }

    /// The providers whose place this is, on whatever path.
    pub(super) fn providers_of(&self, authority: &Authority) -> BTreeSet<ProviderName> {
        self.entries(authority)
            .map(|entry| entry.provider.clone())
            .collect()
    }

    /// The exact hosts, and whether there are patterns beside them: what the CA is limited to.
    pub(super) fn hosts(&self) -> (BTreeSet<&str>, bool) {
        (
            self.exact.keys().map(Authority::host).collect(),
            !self.patterns.is_empty(),
        )
    }

    /// Decides on the path as it will be sent. `wanted` is the connection this one request names.
    pub fn decide(&self, target: &Target, wanted: Option<&ConnectionName>) -> Decision {
        let Some(authority) = Authority::of_host(&target.host, target.port) else {
            return Decision::Pass(PassReason::NoRoute);
        };
        let restricted = |entry: &Entry| !entry.prefix.is_empty() || !entry.excluded.is_empty();
        if path::is_ambiguous(&target.path) && self.entries(&authority).any(restricted) {
            return Decision::RefusePath;
        }
        let exact = self
            .exact
            .get(&authority)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let is_under = |entry: &&Entry| path::is_under(&target.path, &entry.prefix);
        let exact = longest(exact.iter().filter(is_under));
        let candidates = if exact.is_empty() {
            self.matching_patterns(&authority)
                .filter(is_under)
                .collect()
        } else {
            exact
        };
        self.choose(&candidates, &target.path, wanted)
    }

    fn choose(&self, fitting: &[&Entry], path: &str, wanted: Option<&ConnectionName>) -> Decision {
        let excluded = |entry: &&Entry| {
            entry
                .excluded
                .iter()
                .any(|oauth| path::is_under_any_case(path, oauth))
        };
        if fitting.iter().any(excluded) {
            return Decision::Pass(PassReason::OAuthEndpoint);
        }
        let picked: BTreeSet<_> = fitting
            .iter()
            .filter(|entry| self.is_picked(entry, fitting, wanted))
            .map(|entry| (&entry.provider, &entry.connection))
            .collect();
        match picked.iter().collect::<Vec<_>>().as_slice() {
            [] => match (wanted, fitting.first()) {
                (Some(_), Some(entry)) => Decision::RefuseConnection {
                    provider: entry.provider.clone(),
                },
                _ => Decision::Pass(PassReason::NoRoute),
            },
            [(provider, connection)] => Decision::Inject {
                provider: (*provider).clone(),
                connection: (*connection).clone(),
            },
            many => Decision::Pass(PassReason::Ambiguous(
                many.iter()
                    .map(|(provider, connection)| format!("{provider}/{connection}"))
                    .collect(),
            )),
        }
    }

    /// Among the connections of one provider: the one named, else the default, else the only one.
    fn is_picked(&self, entry: &Entry, all: &[&Entry], wanted: Option<&ConnectionName>) -> bool {
        if let Some(name) = wanted.or_else(|| self.named.get(&entry.provider)) {
            return entry.connection == *name;
        }
        let same = |other: &&&Entry| other.provider == entry.provider;
        entry.is_default || !all.iter().filter(same).any(|other| other.is_default)
    }

    fn entries<'a>(&'a self, authority: &'a Authority) -> impl Iterator<Item = &'a Entry> {
        self.exact
            .get(authority)
            .into_iter()
            .flatten()
            .chain(self.matching_patterns(authority))
    }

    fn matching_patterns<'a>(
        &'a self,
        authority: &'a Authority,
    ) -> impl Iterator<Item = &'a Entry> {
        let reachable = authority.port() == 443 && !host::is_loopback(authority.host());
        self.patterns
            .iter()
            .filter(move |(pattern, _)| reachable && pattern.is_match(authority.host()))
            .map(|(_, entry)| entry)
    }
}

fn longest<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<&'a Entry> {
    let all: Vec<_> = entries.collect();
    let most = all.iter().map(|entry| entry.prefix.len()).max();
    all.into_iter()
        .filter(|entry| Some(entry.prefix.len()) == most)
        .collect()
}

#[cfg(test)]
mod tests;
