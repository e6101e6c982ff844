//! What a run may use: the daemon's routes, what the user chose among them, the placeholders.

use super::{Args, not_connected};
use crate::api::{ProxyRoute, RouteScope};
use crate::cli::error::CliError;
use crate::client::Client;
use crate::model::placeholder::standing;
use crate::model::{ConnectionName, ErrorCode, ProviderName};
use crate::proxy::{Placeholder, Route};
use std::collections::{BTreeMap, BTreeSet};

/// One run's choices.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) routes: Vec<Route>,
    pub(super) connections: BTreeMap<ProviderName, ConnectionName>,
    pub(super) providers: Option<BTreeSet<ProviderName>>,
    fakes: Vec<Fake>,
}

/// One placeholder and the variables it stands in.
#[derive(Debug)]
struct Fake {
    placeholder: Placeholder,
    variables: BTreeSet<String>,
    /// What stands in files in place of the same secrets.
    standing: BTreeSet<String>,
}

impl Plan {
    /// Asks the daemon once, and refuses a choice that is not there.
    pub(super) async fn of(client: &Client, args: &Args) -> Result<Self, CliError> {
        let found = client.proxy_routes(RouteScope::Connected).await?.routes;
        match Self::new(found, args) {
            Err(error) if error.code() == Some(ErrorCode::ConnectionNotFound) => {
                // A provider that is not there is the better reason.
                for provider in chosen(args) {
                    client.provider(provider).await?;
                }
                Err(error)
            }
            plan => plan,
        }
    }

    fn new(found: Vec<ProxyRoute>, args: &Args) -> Result<Self, CliError> {
        let has = |provider: &ProviderName, connection: Option<&ConnectionName>| {
            found.iter().any(|route| {
                route.provider == *provider
                    && connection.is_none_or(|name| route.connection.as_ref() == Some(name))
            })
        };
        for provider in &args.provider {
            if !has(provider, None) {
                return Err(not_connected(provider, None));
            }
        }
        for (provider, connection) in &args.connection {
            if !has(provider, Some(connection)) {
                return Err(not_connected(provider, Some(connection)));
            }
        }
        let providers: BTreeSet<_> = args.provider.iter().cloned().collect();
        let providers = (!providers.is_empty()).then_some(providers);
        let wanted = |route: &&ProxyRoute| {
            providers
                .as_ref()
                .is_none_or(|only| only.contains(&route.provider))
        };
        let mut fakes = Vec::new();
        for route in found.iter().filter(wanted) {
            Fake::add(&mut fakes, route)?;
        }
        Ok(Self {
            routes: found.into_iter().filter_map(route).collect(),
            connections: args.connection.iter().cloned().collect(),
            providers,
            fakes,
        })
    }

    pub(super) fn placeholders(&self) -> Vec<Placeholder> {
        let each = |fake: &Fake| {
            let providers = fake.placeholder.providers.clone();
            let standing = fake.standing.iter().map(move |value| Placeholder {
                providers: providers.clone(),
                value: value.clone(),
            });
            std::iter::once(fake.placeholder.clone()).chain(standing.collect::<Vec<_>>())
        };
        self.fakes.iter().flat_map(each).collect()
    }

    /// Each variable that programs look into, and the placeholder it gets.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let each = |fake: &Fake| {
            let value = fake.placeholder.value.clone();
            fake.variables
                .iter()
                .map(move |name| (name.clone(), value.clone()))
                .collect::<Vec<_>>()
        };
        self.fakes.iter().flat_map(each).collect()
    }
}

impl Fake {
    /// Gives the provider of `route` a placeholder. Providers that are read from the same variable
    /// share one: a program that finds it there may turn to any of them.
    fn add(fakes: &mut Vec<Self>, route: &ProxyRoute) -> Result<(), CliError> {
        let provider = &route.provider;
        if fakes
            .iter()
            .any(|fake| fake.placeholder.providers.contains(provider))
        {
            return Ok(());
        }
        let variables: BTreeSet<_> = route.secret_variables.iter().cloned().collect();
        let (sharing, apart): (Vec<_>, Vec<_>) = std::mem::take(fakes)
            .into_iter()
            .partition(|fake| !fake.variables.is_disjoint(&variables));
        *fakes = apart;
        let mut sharing = sharing.into_iter();
        let mut merged = match sharing.next() {
            Some(first) => first,
            None => Self::new(route)?,
        };
        merged.placeholder.providers.insert(provider.clone());
        let standing = standing(provider, route.placeholder.as_deref());
        merged.standing.insert(standing);
        merged.variables.extend(variables);
        for other in sharing {
            merged
                .placeholder
                .providers
                .extend(other.placeholder.providers);
            merged.variables.extend(other.variables);
            merged.standing.extend(other.standing);
        }
        fakes.push(merged);
        Ok(())
    }

    fn new(route: &ProxyRoute) -> Result<Self, CliError> {
        let placeholder = Placeholder::new(route.provider.clone(), route.placeholder.as_deref())
            .map_err(|error| CliError::internal("could not make a placeholder", error))?;
        Ok(Self {
            placeholder,
            variables: BTreeSet::new(),
            standing: BTreeSet::new(),
        })
    }
}

/// Every provider that the command line names.
fn chosen(args: &Args) -> impl Iterator<Item = &ProviderName> {
    let with_connection = args.connection.iter().map(|(provider, _)| provider);
    args.provider.iter().chain(with_connection)
}

/// A place that has a connection.
fn route(found: ProxyRoute) -> Option<Route> {
    Some(Route {
        provider: found.provider,
        connection: found.connection?,
        is_default: found.is_default,
        api_urls: vec![found.api_url],
        excluded_paths: found.auth_endpoint_paths,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(provider: &str, connection: &str, is_default: bool) -> ProxyRoute {
        ProxyRoute {
            provider: provider.parse().unwrap(),
            connection: Some(connection.parse().unwrap()),
            api_url: format!("api.{provider}.example"),
            auth_endpoint_paths: Vec::new(),
            is_default,
            secret_variables: vec![format!("{}_KEY", provider.to_uppercase())],
            placeholder: (provider == "acme").then(|| "ak_{random:20}".to_owned()),
        }
    }

    fn args(connection: &[(&str, &str)], provider: &[&str]) -> Args {
        Args {
            connection: connection
                .iter()
                .map(|(p, c)| (p.parse().unwrap(), c.parse().unwrap()))
                .collect(),
            provider: provider.iter().map(|p| p.parse().unwrap()).collect(),
            command: Vec::new(),
        }
    }

    #[test]
    fn each_provider_gets_one_placeholder_shaped_like_its_keys() {
        let routes = vec![
            found("acme", "home", true),
            found("acme", "work", false),
            found("zeta", "default", true),
        ];
        let plan = Plan::new(routes, &args(&[], &[])).unwrap();
        let variables = plan.variables();
        assert!(variables["ACME_KEY"].starts_with("ak_"));
        assert_eq!(variables["ACME_KEY"].len(), 23);
        assert!(variables["ZETA_KEY"].starts_with("zeta-"));
        assert_eq!(plan.placeholders().len(), 4, "one more stands in files");
        let again = Plan::new(vec![found("acme", "home", true)], &args(&[], &[])).unwrap();
        assert_ne!(variables["ACME_KEY"], again.variables()["ACME_KEY"]);
    }

    #[test]
    fn providers_read_from_one_variable_share_a_placeholder() {
        let mut routes = vec![
            found("acme", "home", true),
            found("bold", "home", true),
            found("crisp", "home", true),
            found("dull", "home", true),
        ];
        routes[1].secret_variables = vec!["BOLD_KEY".to_owned(), "SHARED".to_owned()];
        // Joins two that had nothing in common before.
        routes[2].secret_variables = vec!["ACME_KEY".to_owned(), "SHARED".to_owned()];
        let plan = Plan::new(routes, &args(&[], &[])).unwrap();
        let variables = plan.variables();
        assert_eq!(variables["ACME_KEY"], variables["SHARED"]);
        assert_eq!(variables["ACME_KEY"], variables["BOLD_KEY"]);
        assert_ne!(variables["ACME_KEY"], variables["DULL_KEY"]);
        let placeholders = plan.placeholders();
        assert_eq!(
            placeholders.len(),
            2 + 4,
            "what stands in files is each one's own"
        );
        let shared = placeholders.iter().find(|p| p.value == variables["SHARED"]);
        let providers: Vec<_> = shared
            .unwrap()
            .providers
            .iter()
            .map(ProviderName::as_str)
            .collect();
        assert_eq!(providers, ["acme", "bold", "crisp"]);
    }

    #[test]
    fn a_choice_that_is_not_there_is_an_error_with_the_next_step() {
        let routes = || vec![found("acme", "home", true)];
        let error = Plan::new(routes(), &args(&[("acme", "work")], &[])).unwrap_err();
        assert_eq!(
            error.next_step(),
            Some("log in with `authsome login acme --connection work`")
        );
        assert!(Plan::new(routes(), &args(&[], &["zeta"])).is_err());
        let plan = Plan::new(routes(), &args(&[("acme", "home")], &["acme"])).unwrap();
        assert_eq!(plan.connections.len(), 1);
    }
}
