//! What providers are called.

use crate::model::ProviderName;
use crate::services::ProviderList;
use std::collections::HashMap;

#[derive(Debug)]
pub(super) struct Names(HashMap<ProviderName, String>);

impl Names {
    pub(super) fn of(all: &ProviderList) -> Self {
        let all = all.bundled.iter().chain(&all.custom);
        Self(
            all.map(|one| (one.name.clone(), one.display_name.clone()))
                .collect(),
        )
    }

    /// What people call it; its name where the definition is gone.
    pub(super) fn get<'a>(&'a self, provider: &'a ProviderName) -> &'a str {
        self.0
            .get(provider)
            .map_or(provider.as_str(), String::as_str)
    }
}
