//! A definition at one site: what `{base_url}` stands for, and what belongs to another site. Pure.
//!
//! A definition with a site of its own may write places out; those are of that site. At any other one
//! they are left out: a secret of one installation is nothing for another.

use super::api_url::ApiUrl;
use super::provider::Provider;
use std::borrow::Cow;
use url::Url;

/// Where the site stands in a text of a definition; only ever at its start.
pub const BASE_URL: &str = "{base_url}";

/// The site of one login, for the texts of one definition.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// What the template stands for; `None` until somebody names it.
    base: Option<&'a str>,
    /// Whether what the definition writes out is meant: at its own site, or where it has none.
    is_usual: bool,
}

/// Why a text of a definition is nothing at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// It is a template, and nobody has named the site.
    Unnamed,
    /// It is written out for the definition's own site, and this is another.
    OtherSite,
}

impl Site<'_> {
    /// A place or an endpoint as it is at this site.
    pub fn fill<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Elsewhere> {
        if text.starts_with(BASE_URL) {
            return self.name(text).ok_or(Elsewhere::Unnamed);
        }
        if self.is_usual || self.is_host_of(text) {
            return Ok(Cow::Borrowed(text));
        }
        Err(Elsewhere::OtherSite)
    }

    /// The same for what is only a name and no place, such as an audience.
    pub fn name<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let Some(rest) = text.strip_prefix(BASE_URL) else {
            return Some(Cow::Borrowed(text));
        };
        // Whatever else stands there would make another host of the site.
        if !rest.is_empty() && !rest.starts_with(['/', '?']) {
            return None;
        }
        Some(Cow::Owned(format!(
            "{}{rest}",
            self.base?.trim_end_matches('/')
        )))
    }

    /// Whether a place that is written out is on the very host of this site.
    fn is_host_of(&self, text: &str) -> bool {
        let own = self.base.and_then(authority);
        own.is_some() && own == authority(text)
    }
}

impl Provider {
    /// The site when nobody names another.
    pub fn usual_site(&self) -> Option<&str> {
        let of_oauth = self.oauth.as_ref().and_then(|o| o.base_url.as_deref());
        of_oauth.or_else(|| self.api_key.as_ref()?.base_url.as_deref())
    }

    /// Whether the site is a choice at all.
    pub fn has_sites(&self) -> bool {
        let oauth = self.oauth.iter().flat_map(|oauth| {
            [
                &oauth.authorization_url,
                &oauth.token_url,
                &oauth.device_authorization_url,
                &oauth.installation_token_url,
            ]
        });
        oauth
            .flatten()
            .chain(&self.api_url)
            .any(|text| text.starts_with(BASE_URL))
    }

    /// Whether a login must name the site.
    pub fn needs_site(&self) -> bool {
        self.usual_site().is_none() && self.has_sites()
    }

    /// The site of a login or a connection; `None` is the usual one.
    pub fn site<'a>(&'a self, named: Option<&'a str>) -> Site<'a> {
        let usual = self.usual_site();
        Site {
            base: named.or(usual),
            is_usual: match (named, usual) {
                (Some(named), Some(usual)) => is_same_site(named, usual),
                _ => true,
            },
        }
    }

    /// The definition with its places as they are at a site: nothing that is another's, and no template.
    pub fn at_site(&self, named: Option<&str>) -> Cow<'_, Self> {
        let site = self.site(named);
        let is_template = |text: &String| text.starts_with(BASE_URL);
        let mut hosts = self.injections.iter().flat_map(|rule| &rule.hosts);
        if site.is_usual && !self.api_url.iter().any(is_template) && !hosts.any(is_template) {
            return Cow::Borrowed(self);
        }
        let mut here = self.clone();
        let filled = self.api_url.iter().filter_map(|text| site.fill(text).ok());
        // A site that is no place for a credential makes a text that is none.
        let places = filled.filter(|text| text.parse::<ApiUrl>().is_ok());
        here.api_url = places.map(Cow::into_owned).collect();
        for rule in &mut here.injections {
            // What cannot be filled in stays as it is, which is no host: an empty list would mean all.
            for host in rule.hosts.iter_mut().filter(|host| is_template(host)) {
                if let Some((own, _)) = site.base.and_then(authority) {
                    *host = own;
                }
            }
        }
        Cow::Owned(here)
    }
}

/// Whether two texts name one site, however they are spelt.
pub fn is_same_site(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        let url = Url::parse(text).ok()?;
        Some(url.as_str().trim_end_matches('/').to_owned())
    };
    let one = plain(one);
    one.is_some() && one == plain(other)
}

/// Host and port of a URL or of a host alone; a pattern has none.
fn authority(text: &str) -> Option<(String, u16)> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let place: ApiUrl = format!("https://{}", &rest[..end]).parse().ok()?;
    Some((place.exact_host()?.to_owned(), place.port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Credential;
    use crate::model::target::InjectedPart;
    use crate::secret::ApiKey;
    use serde_json::json;

    fn provider(usual: Option<&str>) -> Provider {
        serde_json::from_value(json!({
            "name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": "api_key",
            "api_url": ["{base_url}/api", "api.acme.example", "regex:[a-z]+\\.acme\\.example"],
            "api_key": {"base_url": usual},
            "injections": [
                {"kind": "header", "name": "A", "format": "{secret}", "hosts": ["{base_url}"]},
                {"kind": "header", "name": "B", "format": "{secret}", "hosts": ["api.acme.example"]},
            ],
        }))
        .unwrap()
    }

    fn names(provider: &Provider, host: &str) -> Vec<String> {
        let key = Credential::ApiKey {
            key: ApiKey::new("k"),
        };
        let rendered = provider.render(&key, Some(host));
        let parts = rendered.map(|rendered| rendered.parts).unwrap_or_default();
        parts
            .into_iter()
            .map(|part| match part {
                InjectedPart::Header { name, .. } => name,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn at_another_site_only_what_is_filled_in_is_left() {
        let acme = provider(Some("https://acme.example"));
        let usual = acme.at_site(None);
        assert_eq!(
            usual.api_url,
            [
                "https://acme.example/api",
                "api.acme.example",
                "regex:[a-z]+\\.acme\\.example"
            ]
        );
        assert_eq!(names(&usual, "acme.example"), ["A"]);
        assert_eq!(names(&usual, "api.acme.example"), ["B"]);
        for same in ["https://ACME.example/", "https://acme.example:443"] {
            assert_eq!(acme.at_site(Some(same)).api_url.len(), 3, "{same}");
        }
        let other = acme.at_site(Some("https://Git.corp.example:8443/acme/"));
        assert_eq!(other.api_url, ["https://Git.corp.example:8443/acme/api"]);
        assert_eq!(names(&other, "git.corp.example"), ["A"]);
        assert!(names(&other, "acme.example").is_empty());
    }

    #[test]
    fn a_neighbour_of_the_usual_site_is_another_one() {
        let acme = provider(Some("https://acme.example"));
        for other in [
            "https://acme.example.evil.example",
            "https://acme.example:8443",
            "https://acme.example/elsewhere",
            "http://acme.example",
            "no url",
        ] {
            let there = acme.at_site(Some(other));
            assert!(
                !there.api_url.iter().any(|text| text.contains("api.acme")),
                "{other}: {:?}",
                there.api_url
            );
        }
        // Its own host may be written out.
        let there = acme.at_site(Some("https://api.acme.example"));
        assert_eq!(
            there.api_url,
            ["https://api.acme.example/api", "api.acme.example"]
        );
    }

    #[test]
    fn without_a_usual_site_what_is_written_out_is_meant_everywhere() {
        let acme = provider(None);
        assert!(acme.needs_site());
        assert_eq!(
            acme.at_site(None).api_url,
            ["api.acme.example", "regex:[a-z]+\\.acme\\.example"]
        );
        assert!(names(&acme.at_site(None), "git.example").is_empty());
        assert_eq!(acme.at_site(Some("https://git.example")).api_url.len(), 3);
    }

    #[test]
    fn a_site_that_is_no_place_gets_nothing() {
        let acme = provider(Some("https://acme.example"));
        for bad in [
            "https://169.254.169.254",
            "https://127.0.0.1",
            "https://git.example/../x",
            "https://git.example/%2e%2e",
            "https://u@git.example",
            "javascript:alert(1)",
            "",
        ] {
            assert!(acme.at_site(Some(bad)).api_url.is_empty(), "{bad}");
        }
    }

    #[test]
    fn an_endpoint_of_the_usual_site_is_none_of_another() {
        let acme = provider(Some("https://acme.example"));
        let other = acme.site(Some("https://git.example/"));
        assert_eq!(
            other.fill("{base_url}/token").unwrap(),
            "https://git.example/token"
        );
        assert_eq!(
            other.fill("https://acme.example/token"),
            Err(Elsewhere::OtherSite)
        );
        assert!(other.fill("https://git.example/token?x=1").is_ok());
        assert_eq!(
            other.name("https://acme.example").unwrap(),
            "https://acme.example"
        );
        assert!(other.fill("{base_url}.evil.example/token").is_err());
        assert_eq!(
            provider(None).site(None).fill("{base_url}/token"),
            Err(Elsewhere::Unnamed)
        );
    }
}
