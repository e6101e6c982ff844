//! A definition before it is taken: what is wrong with it, where it sends secrets, whose place it
//! takes, and what it ends.

use super::refusal;
use super::service::{Providers, sends_elsewhere};
use crate::catalog::{self, Conflict, Problem};
use crate::model::{Provider, ProviderName};
use crate::services::{Actor, Error};
use serde_json::Value;

/// What an administrator looks at before a definition counts.
#[derive(Debug, Clone)]
pub struct Review {
    /// As it is registered.
    pub definition: Value,
    pub provider: Provider,
    /// Every host and endpoint: the name of its field, and the place.
    pub places: Vec<(String, String)>,
    /// Whose name or host it takes; not empty means that somebody has to agree to that.
    pub takes: Vec<String>,
    /// How many connections, of everybody, end with it: it sends secrets to other places than before.
    pub ends: u64,
}

/// One thing that is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionProblem {
    /// The field, such as `api_key.header_name`; empty for the whole.
    pub path: String,
    /// From 1.
    pub line: Option<usize>,
    /// With its field and place, for people.
    pub text: String,
}

/// Where a definition in use comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Bundled,
    /// A file in the daemon's home.
    File,
    /// Registered by an administrator.
    Registered,
}

/// What a provider is to everybody on this daemon, for its administrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub origin: Origin,
    /// Whether the name stands for another definition once this one is removed.
    pub hides_another: bool,
    /// Connections of everybody.
    pub connections: u64,
}

impl Providers {
    /// Reads a definition as a person wrote it. Takes nothing; `Err` within is what is wrong with it.
    pub async fn review<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        text: &str,
    ) -> Result<Result<Review, Vec<DefinitionProblem>>, Error> {
        actor.into().require_admin("register providers")?;
        let (definition, checked) = match catalog::parse_registration(text) {
            Ok(read) => read,
            Err(invalid) => return Ok(Err(invalid.problems().iter().map(problem).collect())),
        };
        let provider = checked.provider;
        let before = self.find_readable(&provider.name).await?;
        let ends = if before.is_some_and(|before| sends_elsewhere(&before, &provider)) {
            self.count_everywhere(&provider.name).await?
        } else {
            0
        };
        let takes = self.takes(&provider).await?;
        let mut places = catalog::places(&definition);
        places.dedup();
        Ok(Ok(Review {
            definition,
            provider,
            places,
            takes,
            ends,
        }))
    }

    /// The definition of a name as a text to work on (administrators only).
    pub async fn text<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        name: &ProviderName,
    ) -> Result<String, Error> {
        actor.into().require_admin("change providers")?;
        let provider = self.get(name).await?;
        catalog::to_file_text(&provider).map_err(Error::internal)
    }

    /// Where the definition of a name comes from; `Bundled` also for a name that stands for nothing.
    pub async fn origin(&self, name: &ProviderName) -> Result<Origin, Error> {
        let mut reader = self.core.store.read().await?;
        if reader.find_custom_provider(name).await?.is_some() {
            return Ok(Origin::Registered);
        }
        drop(reader);
        Ok(if self.catalog.is_custom(name) {
            Origin::File
        } else {
            Origin::Bundled
        })
    }

    /// What there is of a provider on this daemon (administrators only); `ProviderNotFound` where that
    /// is nothing.
    pub async fn standing<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        name: &ProviderName,
    ) -> Result<Standing, Error> {
        actor.into().require_admin("look after providers")?;
        let origin = self.origin(name).await?;
        let connections = self.count_everywhere(name).await?;
        let is_file = self.catalog.is_custom(name);
        let is_bundled = self.catalog.find_bundled(name).is_some();
        let is_known = origin == Origin::Registered || is_file || is_bundled;
        if !is_known && connections == 0 {
            return Err(refusal::not_found(name));
        }
        Ok(Standing {
            origin,
            hides_another: match origin {
                Origin::Registered => is_file || is_bundled,
                Origin::File => is_bundled,
                Origin::Bundled => false,
            },
            connections,
        })
    }

    async fn count_everywhere(&self, name: &ProviderName) -> Result<u64, Error> {
        let mut reader = self.core.store.read().await?;
        let count = reader.count_connections(Some(name)).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Whose place a definition would take: a provider's of its name, or the bundled one's whose host
    /// it names.
    async fn takes(&self, provider: &Provider) -> Result<Vec<String>, Error> {
        let name = &provider.name;
        let is_registered = self.origin(name).await? == Origin::Registered;
        let named = if is_registered || self.catalog.is_custom(name) {
            Some(format!("This replaces your own definition of `{name}`."))
        } else if self.catalog.find_bundled(name).is_some() {
            Some(format!(
                "This takes the place of the `{name}` that comes with Authsome; removing yours brings it back."
            ))
        } else {
            None
        };
        let conflicts = self.catalog.conflicts(provider).into_iter();
        let hosts = conflicts.filter(|conflict| matches!(conflict, Conflict::Host { .. }));
        let hosts = hosts.map(|conflict| conflict.to_string());
        Ok(named.into_iter().chain(hosts).collect())
    }
}

fn problem(found: &Problem) -> DefinitionProblem {
    DefinitionProblem {
        path: found.path.clone(),
        line: found.place.map(|(line, _)| line),
        text: found.to_string(),
    }
}
