//! Which provider a find is of.

use crate::model::export::ExportSource;
use crate::model::provider::AuthType;
use crate::model::{Provider, ProviderName};
use crate::services::ProviderList;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Every definition in use, by the variables that hold its secret and by its name.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    by_variable: HashMap<String, Vec<Arc<Provider>>>,
    by_name: BTreeMap<ProviderName, Arc<Provider>>,
}

impl Definitions {
    pub(super) fn of(list: ProviderList) -> Self {
        let mut all = Self::default();
        for provider in list.custom.into_iter().chain(list.bundled) {
            for name in secret_variables(&provider) {
                let known = all.by_variable.entry(name).or_default();
                known.push(Arc::clone(&provider));
            }
            all.by_name.insert(provider.name.clone(), provider);
        }
        all
    }

    pub(super) fn get(&self, name: &ProviderName) -> Option<&Arc<Provider>> {
        self.by_name.get(name)
    }

    /// The definitions that a find may be of, the likeliest first: those that name its variable,
    /// else those the finder names.
    pub(super) fn candidates(
        &self,
        variable: Option<&str>,
        named: &[ProviderName],
    ) -> Vec<Arc<Provider>> {
        let by_variable = variable.and_then(|name| self.by_variable.get(name));
        let mut found = by_variable.cloned().unwrap_or_default();
        if found.is_empty() {
            found.extend(
                named
                    .iter()
                    .filter_map(|name| self.by_name.get(name).cloned()),
            );
        }
        found.sort_by_key(|provider| rank(provider));
        found
    }
}

/// A key that a person pasted is a service's own, not one of its MCP server, and no token of an
/// OAuth login.
fn rank(provider: &Provider) -> u8 {
    let is_mcp = provider.kind.as_deref() == Some("mcp");
    match provider.auth_type {
        AuthType::ApiKey if !is_mcp => 0,
        AuthType::ApiKey => 1,
        AuthType::OAuth2 | AuthType::Browser => 2,
    }
}

/// The variables in which a program looks for the secret itself.
pub(super) fn secret_variables(provider: &Provider) -> Vec<String> {
    let all = provider.variables().into_iter();
    let secret = all.filter(|(_, source): &(String, ExportSource)| source.is_secret());
    secret.map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn provider(name: &str, auth: &str, kind: &str) -> Arc<Provider> {
        let flow = if auth == "oauth2" { "pkce" } else { auth };
        let definition = json!({"name": name, "display_name": name, "auth_type": auth,
            "flow": flow, "type": kind,
            "export": {"ACME_TOKEN": "ACCESS_TOKEN", "ACME_URL": "API_URL"}});
        Arc::new(serde_json::from_value(definition).unwrap())
    }

    fn names(found: &[Arc<Provider>]) -> Vec<&str> {
        found.iter().map(|one| one.name.as_str()).collect()
    }

    #[test]
    fn of_several_that_share_a_variable_the_one_with_a_key_comes_first() {
        let all = Definitions::of(ProviderList {
            bundled: vec![
                provider("acme-mcp", "api_key", "mcp"),
                provider("acme", "oauth2", "app"),
                provider("acme-pat", "api_key", "app"),
            ],
            custom: Vec::new(),
        });
        let found = all.candidates(Some("ACME_TOKEN"), &[]);
        assert_eq!(names(&found), ["acme-pat", "acme-mcp", "acme"]);
        let named: ProviderName = "acme".parse().unwrap();
        let named = [named];
        assert_eq!(names(&all.candidates(None, &named)), ["acme"]);
        assert_eq!(
            names(&all.candidates(Some("ACME_TOKEN"), &named)).len(),
            3,
            "the variable says more"
        );
        assert!(
            all.candidates(Some("ACME_URL"), &[]).is_empty(),
            "an address is no secret"
        );
    }
}
