//! The files in which other tools keep credentials.

use super::finder::{Find, Source, What};
use super::known_text::{Entry, entries, hosts, registries, sections, url_password};
use super::likely::is_dummy;
use super::reading::{self, Skipped};
use crate::config::ChildEnvironment;
use crate::model::ProviderName;
use std::path::{Path, PathBuf};

/// The longest name of a place inside a file that is shown, in characters.
const LONGEST_LABEL: usize = 80;

/// A format, and so what is read of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gh,
    Npm,
    Pip,
    PyPi,
    Cargo,
    Docker,
    Aws,
}

/// Looks into every well-known file there is; `folders` may have an `.npmrc` of their own.
pub(super) fn find(
    environment: &ChildEnvironment,
    home: Option<&Path>,
    folders: &[PathBuf],
    finds: &mut Vec<Find>,
    skipped: &mut Vec<Skipped>,
) {
    let mut seen: Vec<PathBuf> = Vec::new();
    for (kind, path) in places(environment, home, folders) {
        if seen.contains(&path) {
            continue;
        }
        seen.push(path.clone());
        match reading::text(&path) {
            Ok(Some(text)) => match read(kind, &path, &text) {
                Some(found) => finds.extend(found),
                None => skipped.push(Skipped::new(&path, "is not what its tool writes")),
            },
            Ok(None) => {}
            Err(reason) => skipped.push(reason),
        }
    }
}

fn places(
    environment: &ChildEnvironment,
    home: Option<&Path>,
    folders: &[PathBuf],
) -> Vec<(Kind, PathBuf)> {
    let named = |name: &str| {
        let value = environment.get(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from).filter(|path| path.is_absolute())
    };
    let at_home = |path: &str| home.map(|home| home.join(path));
    let config = named("XDG_CONFIG_HOME").or_else(|| at_home(".config"));
    let in_config = |path: &str| config.as_ref().map(|config| config.join(path));
    let cargo = named("CARGO_HOME").or_else(|| at_home(".cargo"));
    let in_cargo = |name: &str| cargo.as_ref().map(|cargo| cargo.join(name));
    let gh = named("GH_CONFIG_DIR").or_else(|| in_config("gh"));
    let docker = named("DOCKER_CONFIG").or_else(|| at_home(".docker"));
    let npm = named("NPM_CONFIG_USERCONFIG").or_else(|| at_home(".npmrc"));
    let aws = named("AWS_SHARED_CREDENTIALS_FILE").or_else(|| at_home(".aws/credentials"));
    let all = [
        (Kind::Gh, gh.map(|folder| folder.join("hosts.yml"))),
        (Kind::Npm, npm),
        (Kind::Pip, named("PIP_CONFIG_FILE")),
        (Kind::Pip, in_config("pip/pip.conf")),
        (Kind::Pip, at_home(".pip/pip.conf")),
        (Kind::PyPi, at_home(".pypirc")),
        (Kind::Cargo, in_cargo("credentials.toml")),
        (Kind::Cargo, in_cargo("credentials")),
        (
            Kind::Docker,
            docker.map(|folder| folder.join("config.json")),
        ),
        (Kind::Aws, aws),
    ];
    let projects = folders
        .iter()
        .map(|folder| (Kind::Npm, folder.join(".npmrc")));
    let everybodys = all
        .into_iter()
        .filter_map(|(kind, path)| Some((kind, path?)));
    projects.chain(everybodys).collect()
}

/// `None` where the text is not of its format.
fn read(kind: Kind, path: &Path, text: &str) -> Option<Vec<Find>> {
    let found = match kind {
        Kind::Aws => return Some(profiles(path, text)),
        Kind::Docker => registries(text)?,
        Kind::Gh => hosts(text),
        Kind::Npm | Kind::Pip | Kind::PyPi | Kind::Cargo => entries(text),
    };
    let finds = found.into_iter().filter_map(|entry| of(kind, path, entry));
    Some(finds.collect())
}

/// The profiles of a credentials file of AWS: their names and nothing else.
fn profiles(path: &Path, text: &str) -> Vec<Find> {
    let find = |(line, name): (usize, String)| Find {
        source: Source::File {
            path: path.to_owned(),
            line,
        },
        label: shortened(&format!("profile {name}")),
        variable: None,
        providers: Vec::new(),
        what: What::NameOnly,
        change: None,
    };
    sections(text).into_iter().map(find).collect()
}

/// A secret among the entries of a file.
fn of(kind: Kind, path: &Path, mut entry: Entry) -> Option<Find> {
    let is = |keys: &[&str]| keys.iter().any(|key| entry.key.ends_with(key));
    let is_secret = match kind {
        Kind::Gh => is(&["oauth_token"]),
        Kind::Npm => is(&["_authToken", "_auth", "_password"]),
        Kind::PyPi => is(&["password"]),
        Kind::Cargo => is(&["token"]),
        Kind::Docker => true,
        Kind::Pip => {
            let password = url_password(entry.value.reveal());
            password.map(|password| entry.value = password).is_some()
        }
        Kind::Aws => false,
    };
    let value = entry.value.reveal();
    // An `.npmrc` that is right says `${NPM_TOKEN}`.
    if !is_secret || value.is_empty() || is_dummy(value) {
        return None;
    }
    let (variable, provider) = owner(kind, &entry);
    let label = match entry.section.as_str() {
        "" => entry.key.clone(),
        section => format!("{section} {}", entry.key),
    };
    Some(Find {
        source: Source::File {
            path: path.to_owned(),
            line: entry.line,
        },
        label: shortened(&label),
        variable: variable.map(str::to_owned),
        providers: provider.into_iter().collect(),
        what: What::Secret(entry.value),
        change: None,
    })
}

/// The variable that stands for such a secret, or the provider it is of.
fn owner(kind: Kind, entry: &Entry) -> (Option<&'static str>, Option<ProviderName>) {
    let provider = match (kind, entry.section.as_str()) {
        (Kind::Gh, "github.com") => return (Some("GH_TOKEN"), None),
        (Kind::Npm, _) if entry.key == "//registry.npmjs.org/:_authToken" => "npm",
        (Kind::PyPi, "pypi") => "pypi",
        (Kind::Cargo, "registry") => "crates-io",
        _ => return (None, None),
    };
    (None, provider.parse().ok())
}

fn shortened(label: &str) -> String {
    label.chars().take(LONGEST_LABEL).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::fs;

    fn home(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn look(home: &Path, variables: &[(&str, &Path)]) -> (Vec<Find>, Vec<Skipped>) {
        let pairs = variables
            .iter()
            .map(|(name, path)| (OsString::from(name), path.as_os_str().to_owned()));
        let environment = ChildEnvironment::from_pairs(pairs);
        let (mut finds, mut skipped) = (Vec::new(), Vec::new());
        find(&environment, Some(home), &[], &mut finds, &mut skipped);
        (finds, skipped)
    }

    #[test]
    fn every_tool_is_looked_into_and_aws_by_name_only() {
        let dir = home(&[
            (
                ".config/gh/hosts.yml",
                "github.com:\n    oauth_token: gho_abc\n",
            ),
            (
                ".npmrc",
                "//registry.npmjs.org/:_authToken=npm_abc\n//x/:_authToken=${X}\n",
            ),
            (
                ".config/pip/pip.conf",
                "[global]\nindex-url = https://u:pw@pip.example/\n",
            ),
            (
                ".pypirc",
                "[pypi]\nusername = __token__\npassword = pypi-abc\n",
            ),
            (".cargo/credentials.toml", "[registry]\ntoken = \"cio\"\n"),
            (
                ".docker/config.json",
                "{\"auths\":{\"ghcr.io\":{\"auth\":\"dTpw\"}}}",
            ),
            (
                ".aws/credentials",
                "[work]\naws_secret_access_key = AWSSECRET\n",
            ),
        ]);
        let (finds, skipped) = look(dir.path(), &[]);
        assert!(skipped.is_empty());
        let labels: Vec<_> = finds.iter().map(|find| find.label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "github.com oauth_token",
                "//registry.npmjs.org/:_authToken",
                "global index-url",
                "pypi password",
                "registry token",
                "ghcr.io auth",
                "profile work",
            ]
        );
        let names: Vec<_> = finds[1..5]
            .iter()
            .flat_map(|find| &find.providers)
            .collect();
        assert_eq!(
            names.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
            ["npm", "pypi", "crates-io"]
        );
        assert!(matches!(finds[6].what, What::NameOnly));
        assert!(!format!("{finds:?}").contains("AWSSECRET"));
    }

    #[test]
    fn tools_that_are_told_of_another_place_are_looked_for_there() {
        let dir = home(&[
            (
                "elsewhere/hosts.yml",
                "github.com:\n    oauth_token: gho_abc\n",
            ),
            (
                ".config/gh/hosts.yml",
                "github.com:\n    oauth_token: gho_old\n",
            ),
            (".docker/config.json", "not json"),
        ]);
        let elsewhere = dir.path().join("elsewhere");
        let (finds, skipped) = look(dir.path(), &[("GH_CONFIG_DIR", &elsewhere)]);
        assert_eq!(finds.len(), 1);
        assert!(matches!(&finds[0].source, Source::File { path, line: 2 }
            if path.starts_with(&elsewhere)));
        assert_eq!(skipped.len(), 1);
    }
}
