//! Where a provider's OAuth endpoints are, at the site of one login. Pure.

use super::Error;
use crate::model::provider::OAuthSettings;
use crate::model::{ErrorCode, Provider};
use url::Url;

const TEMPLATE: &str = "{base_url}";

/// The endpoints of one provider at one site.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoints<'a> {
    provider: &'a Provider,
    oauth: &'a OAuthSettings,
    base_url: Option<&'a str>,
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
            base_url: base_url.or(oauth.base_url.as_deref()),
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
        match self.optional(self.oauth.assertion_audience.as_deref())? {
            Some(audience) => Ok(audience),
            None => self.token(),
        }
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
        self.fill(template)
    }

    fn optional(&self, template: Option<&str>) -> Result<Option<Url>, Error> {
        template.map(|template| self.fill(template)).transpose()
    }

    fn fill(&self, template: &str) -> Result<Url, Error> {
        let text = if template.contains(TEMPLATE) {
            let base = self.base_url.ok_or_else(|| no_site(self.provider))?;
            template.replace(TEMPLATE, base.trim_end_matches('/'))
        } else {
            template.to_owned()
        };
        text.parse().map_err(|_| {
            let message = format!("an endpoint of {} is no URL", self.provider.name);
            refused(self.provider, message)
        })
    }
}

/// Whether the site of a provider is a choice at all.
pub(super) fn has_sites(provider: &Provider) -> bool {
    let Some(oauth) = &provider.oauth else {
        return false;
    };
    [
        &oauth.authorization_url,
        &oauth.token_url,
        &oauth.device_authorization_url,
    ]
    .into_iter()
    .flatten()
    .any(|url| url.contains(TEMPLATE))
}

/// Whether a login must name the site.
pub(super) fn needs_site(provider: &Provider) -> bool {
    let default = provider
        .oauth
        .as_ref()
        .and_then(|oauth| oauth.base_url.as_ref());
    has_sites(provider) && default.is_none()
}

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
        let nowhere = provider(None);
        assert!(needs_site(&nowhere) && !needs_site(&usual));
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
