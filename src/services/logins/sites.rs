//! Where a provider is installed, as a login's form asks for it, and where its credential will go. Pure.

use super::answers::Answers;
use super::service::is_base_url;
use crate::model::Provider;
use crate::model::provider::Flow;
use crate::services::endpoints::{self, Endpoints};

/// Whether a form has to ask for the site.
pub(super) fn is_asked(provider: &Provider, known: Option<&str>) -> bool {
    known.is_none() && provider.needs_site()
}

/// The site that was typed, where it was asked for; or what is wrong with it.
pub(super) fn typed<'a>(
    provider: &Provider,
    known: Option<&str>,
    answers: &'a Answers,
) -> Result<Option<&'a str>, &'static str> {
    if !is_asked(provider, known) {
        return Ok(None);
    }
    let typed = answers.some("base_url");
    let is_place =
        |site| is_base_url(site) && endpoints::check_places(provider, Some(site)).is_ok();
    if typed.is_some_and(|site| !is_place(site)) {
        return Err("the address is an https URL such as https://git.example.com");
    }
    Ok(typed)
}

/// The places that a form says the credential will go to.
pub(super) fn shown(provider: &Provider, flow: Flow, site: Option<&str>) -> Vec<String> {
    let mut places = provider.at_site(site).api_url.clone();
    if is_asked(provider, site) {
        places.push("the address that you name here".to_owned());
    } else if flow == Flow::ClientCredentials {
        // The secret itself goes there, and only what it brings goes to the API.
        let token = Endpoints::new(provider, site).and_then(|endpoints| endpoints.token());
        places.extend(token.map(String::from));
    }
    places
}
