//! The whole check, and the definition that comes out of it.

use super::fields::{Fields, Findings};
use super::{api_key, hosts, injections, oauth, sites, urls};
use crate::catalog::problem::{Invalid, Problem};
use crate::catalog::source::Places;
use crate::model::provider::{AuthType, Flow};
use crate::model::{Provider, ProviderName};
use serde_json::{Map, Value};

/// A definition that holds every rule, and what its writer should still know.
#[derive(Debug, Clone)]
pub struct Checked {
    pub provider: Provider,
    pub warnings: Vec<Problem>,
}

/// Checks a parsed definition.
pub(in crate::catalog) fn run(value: Value, places: &Places) -> Result<Checked, Invalid> {
    let Value::Object(map) = value else {
        return Err(Invalid::whole("write one JSON object", places.of("")));
    };
    let mut findings = Findings::new(places);
    let kinds = check(Fields::new("", &map), &mut findings);
    let Some((auth, flow)) = kinds.filter(|_| findings.problems.is_empty()) else {
        return Err(Invalid::new(findings.problems));
    };
    let warnings = findings.warnings;
    match serde_json::from_value(normal(map, auth, flow)) {
        Ok(provider) => Ok(Checked { provider, warnings }),
        // The checks above know every type; this is the net below them.
        Err(error) => Err(Invalid::whole(error.to_string(), None)),
    }
}

fn check(root: Fields<'_>, findings: &mut Findings<'_>) -> Option<(AuthType, Flow)> {
    if root
        .get("schema_version")
        .is_some_and(|version| *version != 1)
    {
        findings.problem("schema_version", "write 1; this program knows no other");
    }
    if let Some(name) = root.required(findings, "name")
        && let Err(error) = name.parse::<ProviderName>()
    {
        findings.problem("name", format!("write {}", error.expected));
    }
    root.text(findings, "display_name");
    root.text(findings, "type");
    if let Some(name) = root.text(findings, "self_hosted")
        && let Err(error) = name.parse::<ProviderName>()
    {
        findings.problem("self_hosted", format!("write {}", error.expected));
    }
    if let Some(url) = root.text(findings, "docs_url") {
        oauth::note(findings, "docs_url", urls::page(url));
    }
    let kinds = kinds(root, findings);
    let (auth, flow) = kinds.unwrap_or((AuthType::ApiKey, Flow::ApiKey));
    let base = usual_site(root);
    let places = hosts::check(root, base, findings);
    oauth::check(root, auth, flow, findings);
    sites::check(root, base, findings);
    api_key::check(root, auth, findings);
    injections::check(root, &places, findings);
    superfluous(root, auth, findings);
    kinds
}

/// The site that `{base_url}` stands for in `api_url`; whether it is one is said elsewhere.
fn usual_site(root: Fields<'_>) -> Option<&str> {
    let of = |section: &str| root.get(section)?.get("base_url")?.as_str();
    of("oauth")
        .or_else(|| of("api_key"))
        .filter(|base| urls::endpoint(base, None).is_ok())
}

/// `auth_type` and the `flow` that goes with it; without a `flow`, the usual one.
fn kinds(root: Fields<'_>, findings: &mut Findings<'_>) -> Option<(AuthType, Flow)> {
    let auth = match root.required(findings, "auth_type")? {
        "oauth2" => AuthType::OAuth2,
        "api_key" => AuthType::ApiKey,
        "browser" => AuthType::Browser,
        _ => {
            findings.problem("auth_type", "write oauth2, api_key or browser");
            return None;
        }
    };
    let flows: &[Flow] = match auth {
        AuthType::OAuth2 => &[
            Flow::Pkce,
            Flow::DeviceCode,
            Flow::DcrPkce,
            Flow::ClientCredentials,
            Flow::JwtBearer,
            Flow::GithubApp,
        ],
        AuthType::ApiKey => &[Flow::ApiKey],
        AuthType::Browser => &[Flow::Browser],
    };
    if root.get("flow").is_none() {
        return Some((auth, flows[0]));
    }
    let found = root.text(findings, "flow").and_then(Flow::from_wire);
    let Some(flow) = found.filter(|flow| flows.contains(flow)) else {
        let words: Vec<_> = flows.iter().map(|flow| flow.as_str()).collect();
        let message = format!("auth_type {} goes with {}", auth.as_str(), words.join(", "));
        findings.problem("flow", message);
        return None;
    };
    Some((auth, flow))
}

fn superfluous(root: Fields<'_>, auth: AuthType, findings: &mut Findings<'_>) {
    for (section, owner) in [
        ("oauth", AuthType::OAuth2),
        ("api_key", AuthType::ApiKey),
        ("browser", AuthType::Browser),
    ] {
        if owner != auth && root.get(section).is_some() {
            let message = format!("auth_type {} does not use it", auth.as_str());
            findings.warning(section, message);
        }
    }
}

/// The definition as the types read it: no `null`, and nothing left to a default that a reader
/// could take for another.
fn normal(mut map: Map<String, Value>, auth: AuthType, flow: Flow) -> Value {
    if let Some(Value::Object(section)) = map.get_mut("api_key") {
        // `null` is a word of its own here: the bare key.
        if section.get("header_prefix").is_some_and(Value::is_null) {
            section.insert("header_prefix".to_owned(), Value::String(String::new()));
        }
    }
    for section in ["oauth", "registration", "api_key", "browser"] {
        if let Some(Value::Object(section)) = map.get_mut(section) {
            injections::without_nulls(section);
        }
    }
    for list in ["injections", "browser.extract"] {
        let found = match list.split_once('.') {
            Some((section, key)) => map.get_mut(section).and_then(|s| s.get_mut(key)),
            None => map.get_mut(list),
        };
        for item in found.and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(item) = item.as_object_mut() {
                injections::without_nulls(item);
            }
        }
    }
    injections::without_nulls(&mut map);
    let usual = |map: &mut Map<String, Value>, key: &str, text: &str| {
        map.entry(key)
            .or_insert_with(|| Value::String(text.to_owned()));
    };
    let name = map
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    usual(&mut map, "display_name", &name);
    usual(&mut map, "auth_type", auth.as_str());
    usual(&mut map, "flow", flow.as_str());
    Value::Object(map)
}
