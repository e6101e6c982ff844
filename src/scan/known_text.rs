//! The formats of the well-known files, as far as credentials stand in them.

use crate::secret::ApiKey;
use serde_json::Value;

/// A value of a file and where it stands.
#[derive(Debug)]
pub(super) struct Entry {
    /// From 1.
    pub(super) line: usize,
    /// The section, host or registry it belongs to.
    pub(super) section: String,
    pub(super) key: String,
    pub(super) value: ApiKey,
}

/// `[section]` and `key = value` lines: INI, the simple part of TOML, `.npmrc`.
pub(super) fn entries(text: &str) -> Vec<Entry> {
    let mut section = String::new();
    let mut found = Vec::new();
    for (at, line) in lines(text) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
            name.trim().clone_into(&mut section);
        } else if let Some((key, value)) = line.split_once('=') {
            found.push(Entry {
                line: at,
                section: section.clone(),
                key: key.trim().to_owned(),
                value: ApiKey::new(unquoted(value)),
            });
        }
    }
    found
}

/// The names of the sections and their lines; no value is looked at.
pub(super) fn sections(text: &str) -> Vec<(usize, String)> {
    let name = |line: &str| Some(line.strip_prefix('[')?.split(']').next()?.trim().to_owned());
    lines(text)
        .filter_map(|(at, line)| Some((at, name(line)?)))
        .collect()
}

/// `key: value` lines below a line `host:`, as in gh's `hosts.yml`.
pub(super) fn hosts(text: &str) -> Vec<Entry> {
    let mut host = String::new();
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let Some((key, value)) = line.trim().split_once(':') else {
            continue;
        };
        if !line.starts_with([' ', '\t']) {
            unquoted(key).clone_into(&mut host);
        } else if !value.trim().is_empty() {
            found.push(Entry {
                line: at + 1,
                section: host.clone(),
                key: key.to_owned(),
                value: ApiKey::new(unquoted(value)),
            });
        }
    }
    found
}

/// The registries of a docker `config.json` whose password stands in it, in no more than Base64.
pub(super) fn registries(text: &str) -> Option<Vec<Entry>> {
    let config: Value = serde_json::from_str(text).ok()?;
    let mut found = Vec::new();
    for (host, entry) in config.get("auths").and_then(Value::as_object)? {
        for key in ["auth", "identitytoken", "registrytoken", "password"] {
            let value = entry.get(key).and_then(Value::as_str).unwrap_or_default();
            if !value.is_empty() {
                let quoted = format!("\"{host}\"");
                let before = text.find(&quoted).map_or("", |at| &text[..at]);
                found.push(Entry {
                    line: before.matches('\n').count() + 1,
                    section: host.clone(),
                    key: key.to_owned(),
                    value: ApiKey::new(value),
                });
            }
        }
    }
    Some(found)
}

/// The password in a URL.
pub(super) fn url_password(text: &str) -> Option<ApiKey> {
    let url = url::Url::parse(text).ok()?;
    let password = url.password().filter(|password| !password.is_empty())?;
    let decoded = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
    Some(ApiKey::new(decoded))
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let all = text.trim_start_matches('\u{feff}').lines().enumerate();
    let all = all.map(|(at, line)| (at + 1, line.trim()));
    all.filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', ';']))
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let within = |mark| text.strip_prefix(mark)?.split(mark).next();
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(found: Vec<Entry>) -> Vec<(usize, String, String, String)> {
        let all = found.into_iter();
        all.map(|e| (e.line, e.section, e.key, e.value.reveal().to_owned()))
            .collect()
    }

    fn entry(
        line: usize,
        section: &str,
        key: &str,
        value: &str,
    ) -> (usize, String, String, String) {
        (line, section.into(), key.into(), value.into())
    }

    #[test]
    fn sections_and_values_have_their_lines() {
        let text = "; a\n[pypi]\nusername = __token__\npassword = pypi-x\n\n[registries.\"a b\"]\ntoken = \"t\" # c\n";
        assert_eq!(
            read(entries(text)),
            [
                entry(3, "pypi", "username", "__token__"),
                entry(4, "pypi", "password", "pypi-x"),
                entry(7, "registries.\"a b\"", "token", "t"),
            ]
        );
        assert_eq!(
            sections(text),
            [(2, "pypi".to_owned()), (6, "registries.\"a b\"".to_owned())]
        );
        let npm = "//registry.npmjs.org/:_authToken=npm_x==\n";
        assert_eq!(
            read(entries(npm)),
            [entry(1, "", "//registry.npmjs.org/:_authToken", "npm_x==")]
        );
    }

    #[test]
    fn tokens_of_gh_belong_to_their_host() {
        let text = "github.com:\n    user: me\n    oauth_token: gho_x\n    users:\n        me:\n            oauth_token: gho_x\nghe.example:\n    oauth_token: \"y\"\n";
        let all = read(hosts(text));
        let tokens: Vec<_> = all.into_iter().filter(|e| e.2 == "oauth_token").collect();
        assert_eq!(
            tokens,
            [
                entry(3, "github.com", "oauth_token", "gho_x"),
                entry(6, "github.com", "oauth_token", "gho_x"),
                entry(8, "ghe.example", "oauth_token", "y"),
            ]
        );
    }

    #[test]
    fn registries_of_docker_have_their_lines_and_helpers_none() {
        let text = "{\n \"auths\": {\n  \"ghcr.io\": {\"auth\": \"dTpw\"},\n  \"x\": {}\n },\n \"credsStore\": \"pass\"}";
        assert_eq!(
            read(registries(text).unwrap()),
            [entry(3, "ghcr.io", "auth", "dTpw")]
        );
        assert!(registries("{").is_none());
    }

    #[test]
    fn passwords_in_urls_are_found() {
        let found = url_password("https://me:p%40ss@pip.example/simple");
        assert_eq!(found.unwrap().reveal(), "p@ss");
        assert!(url_password("https://pip.example/simple").is_none());
        assert!(url_password("no url").is_none());
    }
}
