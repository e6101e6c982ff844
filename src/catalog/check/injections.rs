//! `injections`: what to add to a request, where `api_key` cannot say it.

use super::fields::{Fields, Findings};
use super::hosts::Places;
use super::names;
use super::oauth::note;
use crate::model::injection::{SECRET, sendable};
use crate::model::site::BASE_URL;
use serde_json::{Map, Value};

/// Most rules of a definition.
const MOST: usize = 16;

/// Checks every rule; `places` are the entries of `api_url` that are right.
pub(super) fn check(root: Fields<'_>, places: &Places, findings: &mut Findings<'_>) {
    let Some(value) = root.get("injections") else {
        return;
    };
    let Some(list) = value.as_array().filter(|list| list.len() <= MOST) else {
        findings.problem(
            "injections",
            format!("write a list of at most {MOST} rules"),
        );
        return;
    };
    let mut seen: Vec<(String, Vec<String>)> = Vec::new();
    for (at, item) in list.iter().enumerate() {
        let path = format!("injections[{at}]");
        let Some(map) = item.as_object() else {
            findings.problem(
                &path,
                "write an object, as in {\"kind\": \"query\", \"name\": \"key\"}",
            );
            continue;
        };
        let fields = Fields::new(&path, map);
        let target = rule(fields, findings);
        let hosts = hosts(fields, places, findings);
        let Some(target) = target else { continue };
        let shared = |other: &Vec<String>| {
            other.is_empty() || hosts.is_empty() || other.iter().any(|host| hosts.contains(host))
        };
        if seen
            .iter()
            .any(|(name, other)| *name == target && shared(other))
        {
            findings.problem(&path, "another rule sets the same for the same host");
        }
        seen.push((target, hosts));
    }
}

/// Checks one rule and says what it sets, to find two that set the same.
fn rule(fields: Fields<'_>, findings: &mut Findings<'_>) -> Option<String> {
    match fields.required(findings, "kind")? {
        "header" => {
            only(fields, &["name", "format"], findings);
            let name = fields.required(findings, "name")?;
            note(findings, &fields.path_of("name"), names::header(name));
            let format = fields.required(findings, "format")?;
            if !sendable(format) || format.matches(SECRET).count() != 1 {
                findings.problem(
                    &fields.path_of("format"),
                    "write {secret} once, as in Bearer {secret}",
                );
            }
            Some(name.to_ascii_lowercase())
        }
        "basic" => {
            only(fields, &["username", "password"], findings);
            basic(fields, findings);
            Some("authorization".to_owned())
        }
        "query" => {
            only(fields, &["name"], findings);
            let name = fields.required(findings, "name")?;
            let plain = |c: u8| c.is_ascii_alphanumeric() || b"-_.~[]$".contains(&c);
            if name.len() > 128 || !name.bytes().all(plain) {
                findings.problem(&fields.path_of("name"), "write a plain name, as in api_key");
            }
            Some(format!("?{name}"))
        }
        "cookie" => {
            only(fields, &["name"], findings);
            let name = fields.required(findings, "name")?;
            note(findings, &fields.path_of("name"), names::cookie(name));
            Some(format!("cookie {name}"))
        }
        _ => {
            findings.problem(
                &fields.path_of("kind"),
                "write header, basic, query or cookie",
            );
            None
        }
    }
}

fn basic(fields: Fields<'_>, findings: &mut Findings<'_>) {
    let mut with_secret = 0;
    for key in ["username", "password"] {
        let path = fields.path_of(key);
        if fields.get(key).is_none() {
            findings.problem(&path, "it is missing; \"\" is an empty one");
            continue;
        }
        let Some(text) = fields.text(findings, key) else {
            continue;
        };
        with_secret += text.matches(SECRET).count();
        if !text.is_empty() && !sendable(text) {
            findings.problem(&path, "write visible ASCII characters");
        }
        if key == "username" && text.contains(':') {
            findings.problem(&path, "a user name has no colon (RFC 7617)");
        }
    }
    if with_secret == 0 {
        findings.problem(
            &fields.path_of("username"),
            "write {secret} here or in password",
        );
    }
}

fn hosts(fields: Fields<'_>, places: &Places, findings: &mut Findings<'_>) -> Vec<String> {
    let mut hosts = Vec::new();
    for (path, host) in fields.texts(findings, "hosts") {
        let is_site = host == BASE_URL && places.has_site;
        if !is_site && (host != host.to_ascii_lowercase() || !places.has_host(host)) {
            findings.problem(
                &path,
                "write a host of api_url in lower case, without scheme, port or path",
            );
        }
        let usual = places.usual_host.as_deref().filter(|_| is_site);
        hosts.push(usual.unwrap_or(host).to_owned());
    }
    hosts
}

/// A misspelt field of a rule would silently send a credential another way; unknown ones are errors.
fn only(fields: Fields<'_>, known: &[&str], findings: &mut Findings<'_>) {
    for key in fields.keys() {
        if !known.contains(&key) && !matches!(key, "kind" | "hosts") {
            findings.problem(
                &fields.path_of(key),
                format!("this kind of rule has {} and hosts", known.join(", ")),
            );
        }
    }
}

/// Drops `hosts: null`, which the type does not know.
pub(super) fn without_nulls(map: &mut Map<String, Value>) {
    map.retain(|_, value| !value.is_null());
}
