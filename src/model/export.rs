//! Environment variables that stand for a connection, and what each of them holds.

use super::connection::Credential;
use super::provider::Provider;
use std::collections::BTreeMap;
use std::str::FromStr;

/// What an exported variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportSource {
    AccessToken,
    ApiToken,
    BaseUrl,
    ApiUrl,
    /// The value of one cookie of a browser login.
    Cookie(String),
}

impl ExportSource {
    /// Whether the variable holds a secret, and so gets a placeholder under `run`.
    pub const fn is_secret(&self) -> bool {
        matches!(self, Self::AccessToken | Self::ApiToken | Self::Cookie(_))
    }

    /// The secret it stands for in `credential`; `None` where that has no such thing.
    pub fn secret_of<'c>(&self, credential: &'c Credential) -> Option<&'c str> {
        match (self, credential) {
            (Self::AccessToken | Self::ApiToken, Credential::ApiKey { key }) => Some(key.reveal()),
            (
                Self::AccessToken | Self::ApiToken,
                Credential::OAuth2 { access_token, .. } | Credential::Minted { access_token, .. },
            ) => Some(access_token.reveal()),
            (Self::Cookie(name), Credential::Cookies { cookies, .. }) => {
                cookies.get(name).map(crate::secret::CookieValue::reveal)
            }
            _ => None,
        }
    }

    /// The word of the flat spelling.
    fn flat(&self) -> String {
        match self {
            Self::AccessToken => "ACCESS_TOKEN".to_owned(),
            Self::ApiToken => "API_TOKEN".to_owned(),
            Self::BaseUrl => "BASE_URL".to_owned(),
            Self::ApiUrl => "API_URL".to_owned(),
            Self::Cookie(name) => format!("COOKIE:{name}"),
        }
    }

    /// The word of the older nested spelling, in which anything unknown is a cookie's name.
    fn nested(text: &str) -> Self {
        match text {
            "access_token" => Self::AccessToken,
            "api_key" | "api_token" => Self::ApiToken,
            "base_url" => Self::BaseUrl,
            "api_url" => Self::ApiUrl,
            cookie => Self::Cookie(cookie.to_owned()),
        }
    }
}

impl FromStr for ExportSource {
    type Err = String;

    /// Reads the flat spelling, in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_uppercase().as_str() {
            "ACCESS_TOKEN" => Ok(Self::AccessToken),
            "API_TOKEN" | "API_KEY" => Ok(Self::ApiToken),
            "BASE_URL" => Ok(Self::BaseUrl),
            "API_URL" => Ok(Self::ApiUrl),
            _ => text
                .split_once(':')
                .filter(|(kind, name)| kind.eq_ignore_ascii_case("cookie") && !name.is_empty())
                .map(|(_, name)| Self::Cookie(name.to_owned()))
                .ok_or_else(|| {
                    "use ACCESS_TOKEN, API_TOKEN, BASE_URL, API_URL or COOKIE:name".to_owned()
                }),
        }
    }
}

impl Provider {
    /// The variables of a child and what they stand for: `export`, and `api_key.env_var` where
    /// `export` does not name it.
    pub fn variables(&self) -> BTreeMap<String, ExportSource> {
        let mut all = self.export.clone();
        if let Some(name) = self.api_key.as_ref().and_then(|k| k.env_var.clone()) {
            all.entry(name).or_insert(ExportSource::ApiToken);
        }
        all
    }
}

/// Reads `{"GITHUB_TOKEN": "ACCESS_TOKEN"}` and the older `{"env": {"access_token": "GITHUB_TOKEN"}}`;
/// writes the flat one, except for cookies, which older clients know in the nested one only.
pub(super) mod export_spelling {
    use super::ExportSource;
    use serde::de::Error;
    use serde::ser::SerializeMap;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    type Map = BTreeMap<String, ExportSource>;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Spelling {
        Nested { env: BTreeMap<String, String> },
        Flat(BTreeMap<String, String>),
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Map, D::Error> {
        match Option::<Spelling>::deserialize(from)? {
            None => Ok(BTreeMap::new()),
            Some(Spelling::Nested { env }) => Ok(env
                .into_iter()
                .map(|(source, variable)| (variable, ExportSource::nested(&source)))
                .collect()),
            Some(Spelling::Flat(map)) => map
                .into_iter()
                .map(|(name, source)| Ok((name, source.parse().map_err(D::Error::custom)?)))
                .collect(),
        }
    }

    pub(in crate::model) fn serialize<S: Serializer>(map: &Map, to: S) -> Result<S::Ok, S::Error> {
        let cookies: BTreeMap<&str, &str> = map
            .iter()
            .filter_map(|(variable, source)| match source {
                ExportSource::Cookie(name) => Some((name.as_str(), variable.as_str())),
                _ => None,
            })
            .collect();
        if !cookies.is_empty() && cookies.len() == map.len() {
            return BTreeMap::from([("env", cookies)]).serialize(to);
        }
        let mut flat = to.serialize_map(Some(map.len()))?;
        for (name, source) in map {
            flat.serialize_entry(name, &source.flat())?;
        }
        flat.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{ApiKey, CookieValue};
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        #[serde(with = "super::export_spelling")]
        export: BTreeMap<String, ExportSource>,
    }

    fn read(text: &str) -> Holder {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn both_spellings_say_the_same_and_are_written_back_readably() {
        let flat = read(r#"{"export":{"GH_TOKEN":"ACCESS_TOKEN"}}"#);
        let nested = read(r#"{"export":{"env":{"access_token":"GH_TOKEN"}}}"#);
        assert_eq!(flat, nested);
        assert_eq!(
            serde_json::to_string(&nested).unwrap(),
            r#"{"export":{"GH_TOKEN":"ACCESS_TOKEN"}}"#
        );
    }

    #[test]
    fn cookies_keep_the_spelling_that_older_clients_know() {
        let text = r#"{"export":{"env":{"auth_token":"X_AUTH_TOKEN","ct0":"X_CT0"}}}"#;
        let holder = read(text);
        assert_eq!(holder.export["X_CT0"], ExportSource::Cookie("ct0".into()));
        assert_eq!(serde_json::to_string(&holder).unwrap(), text);
        let mixed = r#"{"export":{"A":"COOKIE:a","B":"BASE_URL"}}"#;
        assert_eq!(serde_json::to_string(&read(mixed)).unwrap(), mixed);
    }

    #[test]
    fn an_unknown_source_is_refused() {
        assert!(serde_json::from_str::<Holder>(r#"{"export":{"A":"REFRESH_TOKEN"}}"#).is_err());
    }

    #[test]
    fn a_source_finds_its_secret_and_only_its_own() {
        let key = Credential::ApiKey {
            key: ApiKey::new("k"),
        };
        assert_eq!(ExportSource::ApiToken.secret_of(&key), Some("k"));
        assert_eq!(ExportSource::BaseUrl.secret_of(&key), None);
        let cookies = Credential::Cookies {
            cookies: BTreeMap::from([("a".to_owned(), CookieValue::new("v"))]),
            expires_at: None,
        };
        assert_eq!(
            ExportSource::Cookie("a".into()).secret_of(&cookies),
            Some("v")
        );
        assert_eq!(ExportSource::ApiToken.secret_of(&cookies), None);
    }
}
