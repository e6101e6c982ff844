//! Where a provider's OAuth endpoints are, at the site of one login. Pure.

use super::Error;
use crate::model::provider::OAuthSettings;
use crate::model::site::{Elsewhere, Site};
use crate::model::{ErrorCode, Provider};
use url::Url;

/// The endpoints of one provider at one site.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoints<'a> {
    provider: &'a Provider,
    oauth: &'a OAuthSettings,
    site: Site<'a>,
}

impl<'a> Endpoints<'a> {
    /// `base_url` is the site of the login; the definition's own stands in for none.
    pub(super) fn new(provider: &'a Provider, base_url: Option<&'a str>) -> Result<Self, Error> {
        let oauth = provider
            .oauth
            .as_ref()
            .ok_or_else(|| refused(provider, format!("{} has no OAuth", provider.display_name)))?;
        Ok(Self {
            provider,
            oauth,
            site: provider.site(base_url),
        })
    }

    pub(super) fn settings(&self) -> &'a OAuthSettings {
        self.oauth
    }

    pub(super) fn authorization(&self) -> Result<Url, Error> {
        self.required(self.oauth.authorization_url.as_deref(), "authorization_url")
    }

    pub(super) fn token(&self) -> Result<Url, Error> {
        self.required(self.oauth.token_url.as_deref(), "token_url")
    }

    pub(super) fn device_authorization(&self) -> Result<Url, Error> {
        let template = self.oauth.device_authorization_url.as_deref();
        self.required(template, "device_authorization_url")
    }

    pub(super) fn registration(&self) -> Result<Url, Error> {
        let settings = self.provider.registration.as_ref();
        let template = settings.and_then(|settings| settings.registration_endpoint.as_deref());
        self.required(template, "registration_endpoint")
    }

    /// Where a GitHub App gets the tokens of one installation.
    pub(super) fn installation(&self, id: &str) -> Result<Url, Error> {
        let field = "installation_token_url";
        let template = self.oauth.installation_token_url.as_deref();
        let filled = template.map(|template| template.replace("{installation_id}", id));
        self.required(filled.as_deref(), field)
    }

    /// Whom an assertion is for.
    pub(super) fn assertion_audience(&self) -> Result<Url, Error> {
        let Some(template) = self.oauth.assertion_audience.as_deref() else {
            return self.token();
        };
        let audience = self.site.name(template);
        self.parsed(&audience.ok_or_else(|| no_site(self.provider))?)
    }

    pub(super) fn revocation(&self) -> Result<Option<Url>, Error> {
        self.optional(self.oauth.revocation_url.as_deref())
    }

    pub(super) fn userinfo(&self) -> Result<Option<Url>, Error> {
        self.optional(self.oauth.userinfo.as_ref().map(|info| info.url.as_str()))
    }

    fn required(&self, template: Option<&str>, field: &str) -> Result<Url, Error> {
        let template = template.ok_or_else(|| {
            let message = format!("the definition of {} has no {field}", self.provider.name);
            refused(self.provider, message)
        })?;
        match self.site.fill(template) {
            Ok(text) => self.parsed(&text),
            Err(Elsewhere::Unnamed) => Err(no_site(self.provider)),
            Err(Elsewhere::OtherSite) => {
                let name = &self.provider.name;
                let message = format!("the {field} of {name} is of its usual site alone");
                Err(refused(self.provider, message).hint(OTHER_SITE))
            }
        }
    }

    /// What a login can do without: another site is not told of this one's tokens.
    fn optional(&self, template: Option<&str>) -> Result<Option<Url>, Error> {
        match template.map(|template| self.site.fill(template)) {
            Some(Ok(text)) => self.parsed(&text).map(Some),
            Some(Err(Elsewhere::Unnamed)) => Err(no_site(self.provider)),
            Some(Err(Elsewhere::OtherSite)) | None => Ok(None),
        }
    }

    fn parsed(&self, text: &str) -> Result<Url, Error> {
        text.parse().map_err(|_| {
            let message = format!("an endpoint of {} is no URL", self.provider.name);
            refused(self.provider, message)
        })
    }
}

/// A login at a site where the definition has nowhere to send what it brings.
pub(super) fn check_places(provider: &Provider, site: Option<&str>) -> Result<(), Error> {
    let Some(named) = site else { return Ok(()) };
    if provider.api_url.is_empty() || !provider.at_site(site).api_url.is_empty() {
        return Ok(());
    }
    let name = &provider.name;
    let message = format!("the definition of {name} names no place at {named}");
    Err(Error::new(ErrorCode::OperationNotAllowed, message)
        .hint(OTHER_SITE)
        .provider(name)
        .operation("login"))
}

const OTHER_SITE: &str =
    "register a definition for your site, with {base_url} in its endpoints and its api_url";

pub(super) fn no_site(provider: &Provider) -> Error {
    Error::invalid(format!(
        "{} is installed in many places; name yours",
        provider.display_name
    ))
    .hint("add `--base-url https://…`")
    .provider(&provider.name)
    .operation("login")
}

fn refused(provider: &Provider, message: String) -> Error {
    Error::new(ErrorCode::UnsupportedFlow, message)
        .provider(&provider.name)
        .operation("login")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn provider(default: Option<&str>) -> Provider {
        serde_json::from_value(json!({
            "name": "acme", "display_name": "Acme", "auth_type": "oauth2", "flow": "pkce",
            "api_url": "acme.example",
            "oauth": {
                "authorization_url": "{base_url}/authorize",
                "token_url": "https://acme.example/token",
                "base_url": default,
                "userinfo": {"url": "https://api.acme.example/me"},
            },
        }))
        .unwrap()
    }

    #[test]
    fn templates_are_filled_with_the_site_of_the_login_or_the_usual_one() {
        let usual = provider(Some("https://acme.example"));
        let authorization = |provider: &Provider, site: Option<&str>| {
            Endpoints::new(provider, site)
                .and_then(|endpoints| endpoints.authorization())
                .map(String::from)
        };
        assert_eq!(
            authorization(&usual, None).unwrap(),
            "https://acme.example/authorize"
        );
        assert_eq!(
            authorization(&usual, Some("https://git.example/")).unwrap(),
            "https://git.example/authorize"
        );
        // A token endpoint that is written out is the usual site's: another's codes are not sent there.
        let there = Endpoints::new(&usual, Some("https://git.example")).unwrap();
        assert_eq!(
            there.token().unwrap_err().code(),
            ErrorCode::UnsupportedFlow
        );
        assert!(there.userinfo().unwrap().is_none());
        let here = Endpoints::new(&usual, Some("https://ACME.example/")).unwrap();
        assert!(here.token().is_ok() && here.userinfo().unwrap().is_some());
        let nowhere = provider(None);
        assert_eq!(
            authorization(&nowhere, None).unwrap_err().code(),
            ErrorCode::InvalidInput
        );
        let endpoints = Endpoints::new(&nowhere, None).unwrap();
        assert_eq!(
            endpoints.token().unwrap().as_str(),
            "https://acme.example/token"
        );
        assert!(endpoints.revocation().unwrap().is_none());
    }
}
