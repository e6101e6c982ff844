//! The questions of a new definition, and the definition that grows with the answers.
//!
//! Every answer is judged by the catalog's own checks, on the definition as it is so far: what they
//! say of the answer's field is what the person is told.

use crate::catalog::{self, Invalid, Problem};
use crate::model::Provider;
use serde_json::{Map, Value, json};

/// How one logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Auth {
    /// A key that people paste
    #[value(name = "api_key")]
    ApiKey,
    /// An account at the provider
    #[value(name = "oauth2")]
    OAuth2,
}

impl Auth {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::OAuth2 => "oauth2",
        }
    }
}

/// What an answer is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Texts, with commas between.
    List,
    /// A variable that holds the access token.
    Variable,
}

/// One thing that is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// The field of the definition, which may be in a section.
    pub(super) field: &'static str,
    /// The flag that answers it.
    pub(super) flag: &'static str,
    pub(super) text: &'static str,
    pub(super) is_needed: bool,
    pub(super) kind: Kind,
}

const fn question(
    field: &'static str,
    flag: &'static str,
    text: &'static str,
    is_needed: bool,
    kind: Kind,
) -> Question {
    Question {
        field,
        flag,
        text,
        is_needed,
        kind,
    }
}

pub(super) const NAME: Question = question(
    "name",
    "NAME",
    "Name, as in `authsome login NAME`",
    true,
    Kind::Text,
);

pub(super) const ALWAYS: [Question; 2] = [
    question(
        "display_name",
        "--display-name",
        "Name for people",
        false,
        Kind::Text,
    ),
    question(
        "api_url",
        "--host",
        "Hosts or https URLs that get the credential, with commas between",
        true,
        Kind::List,
    ),
];

pub(super) const OF_KEYS: [Question; 6] = [
    question(
        "api_key.header_name",
        "--header",
        "Header that carries the key (empty: Authorization)",
        false,
        Kind::Text,
    ),
    question(
        "api_key.header_prefix",
        "--prefix",
        "Word before the key (`none`: the bare key; empty: Bearer in Authorization, else none)",
        false,
        Kind::Text,
    ),
    question(
        "api_key.env_var",
        "--env",
        "Variable that programs read the key from",
        false,
        Kind::Text,
    ),
    question(
        "api_key.key_pattern",
        "--key-pattern",
        "Pattern that every key fits, where the service documents one",
        false,
        Kind::Text,
    ),
    question(
        "api_key.key_pattern_hint",
        "--key-hint",
        "What to say of a key that does not fit",
        false,
        Kind::Text,
    ),
    question(
        "placeholder",
        "--placeholder",
        "Shape of the fake key, as ak_{random:32}",
        false,
        Kind::Text,
    ),
];

pub(super) const OF_OAUTH: [Question; 6] = [
    question(
        "flow",
        "--flow",
        "Flow: pkce, device_code, dcr_pkce or client_credentials (empty: pkce)",
        false,
        Kind::Text,
    ),
    question(
        "oauth.authorization_url",
        "--authorization-url",
        "Authorization URL",
        false,
        Kind::Text,
    ),
    question(
        "oauth.token_url",
        "--token-url",
        "Token URL",
        false,
        Kind::Text,
    ),
    question(
        "oauth.device_authorization_url",
        "--device-url",
        "Device authorization URL, where there is one",
        false,
        Kind::Text,
    ),
    question(
        "oauth.scopes",
        "--scopes",
        "Scopes, with commas between",
        false,
        Kind::List,
    ),
    question(
        "export",
        "--env",
        "Variable that programs read the token from",
        false,
        Kind::Variable,
    ),
];

pub(super) const LAST: [Question; 1] = [question(
    "docs_url",
    "--docs-url",
    "Page where a key is made, or that explains the login",
    false,
    Kind::Text,
)];

impl Question {
    /// Whether the flow that was chosen cannot do without it.
    pub(super) fn is_needed(&self, draft: &Draft) -> bool {
        let flow = draft.text("flow").unwrap_or("pkce");
        self.is_needed
            || match self.field {
                "oauth.authorization_url" => flow == "pkce",
                "oauth.token_url" => !matches!(flow, "dcr_pkce" | "github_app"),
                "oauth.device_authorization_url" => flow == "device_code",
                _ => false,
            }
    }
}

/// A definition that is being written.
#[derive(Debug, Clone)]
pub(super) struct Draft(Map<String, Value>);

impl Draft {
    pub(super) fn new(auth: Auth) -> Self {
        let mut map = Map::new();
        map.insert("schema_version".to_owned(), json!(1));
        map.insert("name".to_owned(), json!("new"));
        map.insert("auth_type".to_owned(), json!(auth.as_str()));
        Self(map)
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field).and_then(Value::as_str)
    }

    /// Takes an answer, or says what is wrong with it. An empty one is none.
    pub(super) fn answer(&mut self, question: &Question, answer: &str) -> Result<(), String> {
        let answer = answer.trim();
        if answer.is_empty() {
            return if question.is_needed(self) {
                Err("this one is needed".to_owned())
            } else {
                Ok(())
            };
        }
        let mut tried = self.clone();
        tried.set(question, answer);
        if let Some(problem) = tried.problem_of(question.field) {
            return Err(problem);
        }
        *self = tried;
        Ok(())
    }

    fn set(&mut self, question: &Question, answer: &str) {
        let value = match question.kind {
            Kind::Text if question.field == "api_key.header_prefix" && answer == "none" => {
                json!("")
            }
            Kind::Text => json!(answer),
            Kind::Variable => json!({answer: "ACCESS_TOKEN"}),
            Kind::List => {
                let texts = answer
                    .split(',')
                    .map(str::trim)
                    .filter(|text| !text.is_empty());
                json!(texts.collect::<Vec<_>>())
            }
        };
        match question.field.split_once('.') {
            None => {
                self.0.insert(question.field.to_owned(), value);
            }
            Some((section, field)) => {
                let section = self.0.entry(section).or_insert_with(|| json!({}));
                if let Some(section) = section.as_object_mut() {
                    section.insert(field.to_owned(), value);
                }
            }
        }
    }

    /// What the catalog says of one field, whatever else is missing.
    fn problem_of(&self, field: &str) -> Option<String> {
        let invalid = catalog::check(Value::Object(self.0.clone())).err()?;
        let is_about = |problem: &&Problem| {
            let rest = problem.path.strip_prefix(field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let mut about = invalid.problems().iter().filter(is_about);
        about.next().map(|problem| problem.message.clone())
    }

    /// The whole, when it holds every rule.
    pub(super) fn finish(&self) -> Result<Provider, Invalid> {
        catalog::check(Value::Object(self.0.clone())).map(|checked| checked.provider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(field: &str) -> Question {
        let all = [&[NAME][..], &ALWAYS, &OF_KEYS, &OF_OAUTH, &LAST].concat();
        all.into_iter()
            .find(|question| question.field == field)
            .unwrap()
    }

    fn draft(auth: Auth, answers: &[(&str, &str)]) -> Result<Draft, String> {
        let mut draft = Draft::new(auth);
        for (field, answer) in answers {
            draft.answer(&find(field), answer)?;
        }
        Ok(draft)
    }

    #[test]
    fn answers_become_a_definition() {
        let answers = [
            ("name", "acme"),
            ("display_name", "Acme"),
            ("api_url", "api.acme.example, https://b.acme.example/v1"),
            ("api_key.header_name", "X-Key"),
            ("api_key.env_var", "ACME_KEY"),
            ("api_key.key_pattern", ""),
        ];
        let provider = draft(Auth::ApiKey, &answers).unwrap().finish().unwrap();
        assert_eq!(
            provider.api_url,
            ["api.acme.example", "https://b.acme.example/v1"]
        );
        let settings = provider.api_key.unwrap();
        assert_eq!(settings.env_var.as_deref(), Some("ACME_KEY"));
        assert_eq!(settings.key_pattern, None);
    }

    #[test]
    fn every_answer_is_judged_at_once_by_the_checks_of_its_own_field() {
        for (auth, field, bad) in [
            (Auth::ApiKey, "name", "../x"),
            (Auth::ApiKey, "name", ""),
            (Auth::ApiKey, "display_name", "a\u{1b}b"),
            (Auth::ApiKey, "api_url", "http://acme.example"),
            (Auth::ApiKey, "api_url", "api.acme.example,regex:.*"),
            (Auth::ApiKey, "api_url", ""),
            (Auth::ApiKey, "api_key.header_name", "Host"),
            (Auth::ApiKey, "api_key.env_var", "PATH"),
            (Auth::ApiKey, "api_key.key_pattern", "("),
            (Auth::ApiKey, "placeholder", "fixed"),
            (Auth::ApiKey, "docs_url", "javascript:x"),
            (Auth::OAuth2, "flow", "implicit"),
            (Auth::OAuth2, "oauth.token_url", "http://acme.example/token"),
            (Auth::OAuth2, "oauth.authorization_url", ""),
            (Auth::OAuth2, "export", "LD_PRELOAD"),
        ] {
            assert!(draft(auth, &[(field, bad)]).is_err(), "{field}: {bad}");
        }
    }

    #[test]
    fn what_a_flow_cannot_do_without_is_needed() {
        let needed = |flow: &str, field: &str| {
            let draft = draft(Auth::OAuth2, &[("flow", flow)]).unwrap();
            find(field).is_needed(&draft)
        };
        assert!(needed("", "oauth.authorization_url") && needed("", "oauth.token_url"));
        assert!(!needed("", "oauth.device_authorization_url"));
        assert!(needed("device_code", "oauth.device_authorization_url"));
        assert!(!needed("device_code", "oauth.authorization_url"));
    }
}
