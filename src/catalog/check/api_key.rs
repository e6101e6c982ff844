//! `api_key`, `export` and `placeholder`.

use super::fields::{Fields, Findings};
use super::oauth::note;
use super::{names, urls};
use crate::model::export::ExportSource;
use crate::model::injection::sendable;
use crate::model::pattern::WholePattern;
use crate::model::placeholder::PlaceholderTemplate;
use crate::model::provider::AuthType;
use std::collections::BTreeSet;

/// Longest `header_prefix`, in bytes.
const LONGEST_PREFIX: usize = 64;

/// Checks the fields about keys and what stands for them in a child.
pub(super) fn check(root: Fields<'_>, auth: AuthType, findings: &mut Findings<'_>) {
    let mut pattern = None;
    if let Some((path, map)) = root.object(findings, "api_key") {
        pattern = api_key(Fields::new(&path, map), findings).map(str::to_owned);
    }
    export(root, auth, findings);
    placeholder(root, pattern.as_deref(), findings);
}

/// Gives the pattern for keys, where there is one that works.
fn api_key<'m>(fields: Fields<'m>, findings: &mut Findings<'_>) -> Option<&'m str> {
    if let Some(name) = fields.text(findings, "header_name") {
        note(
            findings,
            &fields.path_of("header_name"),
            names::header(name),
        );
    }
    if let Some(prefix) = fields.text(findings, "header_prefix")
        && !prefix.is_empty()
        && (!sendable(prefix) || prefix.trim().is_empty() || prefix.len() > LONGEST_PREFIX)
    {
        findings.problem(
            &fields.path_of("header_prefix"),
            "write a word such as Bearer, or \"\" for the bare key",
        );
    }
    if let Some(name) = fields.text(findings, "env_var") {
        note(findings, &fields.path_of("env_var"), names::variable(name));
    }
    if let Some(site) = fields.text(findings, "base_url") {
        let checked = urls::endpoint(site, None);
        note(findings, &fields.path_of("base_url"), checked);
    }
    fields.text(findings, "base_url_hint");
    fields.text(findings, "key_pattern_hint");
    let pattern = fields.text(findings, "key_pattern")?;
    match WholePattern::compile(pattern, false) {
        Ok(_) => Some(pattern),
        Err(why) => {
            findings.problem(
                &fields.path_of("key_pattern"),
                format!("the pattern does not work: {why}"),
            );
            None
        }
    }
}

fn export(root: Fields<'_>, auth: AuthType, findings: &mut Findings<'_>) {
    let Some((path, map)) = root.object(findings, "export") else {
        return;
    };
    let fields = Fields::new(&path, map);
    if map.get("env").is_some_and(serde_json::Value::is_object) {
        if map.len() > 1 {
            findings.problem(
                &path,
                "write either {\"env\": {…}} or the variables themselves",
            );
        }
        if let Some((path, map)) = fields.object(findings, "env") {
            nested(Fields::new(&path, map), auth, findings);
        }
        return;
    }
    for name in fields.keys() {
        let path = fields.path_of(name);
        note(findings, &path, names::variable(name));
        if fields.get(name).is_none() {
            findings.problem(&path, "say what it holds, as in API_TOKEN");
        }
        match fields.text(findings, name).map(str::parse::<ExportSource>) {
            Some(Ok(ExportSource::Cookie(cookie))) => note(findings, &path, names::cookie(&cookie)),
            Some(Err(why)) => findings.problem(&path, why),
            Some(Ok(_)) | None => {}
        }
    }
}

fn nested(fields: Fields<'_>, auth: AuthType, findings: &mut Findings<'_>) {
    const KNOWN: &[&str] = &[
        "access_token",
        "api_key",
        "api_token",
        "base_url",
        "api_url",
    ];
    let mut seen = BTreeSet::new();
    for source in fields.keys() {
        let path = fields.path_of(source);
        if !KNOWN.contains(&source) {
            if auth == AuthType::Browser {
                note(findings, &path, names::cookie(source));
            } else {
                findings.problem(
                    &path,
                    "known are access_token, api_key, base_url and api_url",
                );
            }
        }
        if let Some(variable) = fields.required(findings, source) {
            note(findings, &path, names::variable(variable));
            if !seen.insert(variable) {
                findings.problem(&path, format!("`{variable}` is given twice"));
            }
        }
    }
}

fn placeholder(root: Fields<'_>, pattern: Option<&str>, findings: &mut Findings<'_>) {
    let Some(text) = root.text(findings, "placeholder") else {
        return;
    };
    let template = match text.parse::<PlaceholderTemplate>() {
        Ok(template) => template,
        Err(why) => return findings.problem("placeholder", why),
    };
    let fits = pattern
        .and_then(|pattern| WholePattern::compile(pattern, false).ok())
        .is_none_or(|pattern| samples(&template).all(|sample| pattern.is_match(sample.as_bytes())));
    if !fits {
        findings.problem(
            "placeholder",
            "what it makes does not match api_key.key_pattern, so programs would refuse it",
        );
    }
}

/// A few fillings that use every character of the alphabets.
fn samples(template: &PlaceholderTemplate) -> impl Iterator<Item = String> {
    (0..8_u8).map(|start| {
        let mut at = start;
        template.fill(move || {
            at = at.wrapping_add(29);
            at
        })
    })
}
