//! What people, services and outcomes are called on pages.

use crate::model::{Outcome, ProviderName};
use crate::server::state::App;

/// An account by its address. The local one has none, and the same words find it in `store/people.rs`.
pub(super) fn account(email: Option<&impl ToString>) -> String {
    email.map_or_else(|| "this computer".to_owned(), ToString::to_string)
}

/// What a service is called; its name where the definition is gone.
pub(super) async fn service(app: &App, name: &ProviderName) -> String {
    match app.services.providers.get(name).await {
        Ok(provider) => provider.display_name.clone(),
        Err(_) => name.to_string(),
    }
}

/// The colour of an outcome, a class of the style sheet.
pub(super) const fn tone(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "good",
        Outcome::Failure => "bad",
        Outcome::Refused => "wait",
    }
}
