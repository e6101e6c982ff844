//! One look around: every find with its place.

use super::dotenv::{self, Assignment};
use super::env_file::{Change, EnvFile};
use super::likely::{Likely, Named, is_dummy};
use super::reading::{self, Skipped};
use super::{known, places};
use crate::catalog::Catalog;
use crate::config::ChildEnvironment;
use crate::model::ProviderName;
use crate::secret::ApiKey;
use std::io;
use std::path::{Path, PathBuf};

/// Where a find stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The line is from 1.
    File {
        path: PathBuf,
        line: usize,
    },
    Environment,
}

/// What was found.
#[derive(Debug, Clone)]
pub enum What {
    Secret(ApiKey),
    /// A variable that is called like a secret; only the daemon may know whose.
    Guess(ApiKey),
    /// Something that is not looked at.
    NameOnly,
}

/// Something that is a credential, or may be one.
#[derive(Debug, Clone)]
pub struct Find {
    pub source: Source,
    /// What it is called there, for people.
    pub label: String,
    pub variable: Option<String>,
    /// Whose it may be, where the place or the shape tells.
    pub providers: Vec<ProviderName>,
    pub what: What,
    /// Where it could be replaced: the file of [`Finds::files`], and the place in it.
    pub change: Option<(usize, Change)>,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Finds {
    pub finds: Vec<Find>,
    pub skipped: Vec<Skipped>,
    pub files: Vec<EnvFile>,
    /// The environment is one that `authsome run` made: its secrets are placeholders.
    pub is_in_run: bool,
}

/// Looks around from `start`, a folder or one file.
pub fn find(start: &Path, catalog: &Catalog, environment: &ChildEnvironment) -> io::Result<Finds> {
    let likely = Likely::of(catalog);
    let home = environment.get("HOME").map(PathBuf::from);
    let home = home.and_then(|home| home.canonicalize().ok());
    let mut all = Finds::default();
    let (folders, files) = if start.metadata()?.is_dir() {
        let folders = places::folders(&start.canonicalize()?, home.as_deref());
        let files = places::env_files(&folders, &mut all.skipped);
        (folders, files)
    } else {
        (Vec::new(), vec![std::path::absolute(start)?])
    };
    for path in files {
        all.read(path, &likely);
    }
    all.is_in_run = is_in_run(environment);
    let variables = environment.vars().filter(|_| !all.is_in_run);
    for (name, value) in variables {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
            continue;
        };
        let found = judge(&likely, name, value);
        let find = |(what, providers)| Find {
            source: Source::Environment,
            label: name.to_owned(),
            variable: Some(name.to_owned()),
            providers,
            what,
            change: None,
        };
        all.finds.extend(found.map(find));
    }
    let home = home.as_deref();
    let (finds, skipped) = (&mut all.finds, &mut all.skipped);
    known::find(environment, home, &folders, finds, skipped);
    Ok(all)
}

/// Whether `authsome run` made this environment: the proxy of a run has our name in its URL.
pub fn is_in_run(environment: &ChildEnvironment) -> bool {
    let proxy = environment
        .get("HTTPS_PROXY")
        .and_then(|proxy| proxy.to_str());
    proxy.is_some_and(|proxy| proxy.starts_with("http://authsome:"))
}

impl Finds {
    fn read(&mut self, path: PathBuf, likely: &Likely) {
        let text = match reading::text(&path) {
            Ok(Some(text)) => text,
            Ok(None) => return,
            Err(skipped) => return self.skipped.push(skipped),
        };
        let at = self.files.len();
        for one in dotenv::parse(&text) {
            if let Some((what, providers)) = judge(likely, &one.name, &one.value) {
                self.finds.push(in_file(&path, at, one, what, providers));
            }
        }
        self.files.push(EnvFile { path, text });
    }
}

fn in_file(
    path: &Path,
    file: usize,
    one: Assignment,
    what: What,
    providers: Vec<ProviderName>,
) -> Find {
    let change = Change {
        span: one.span,
        quote: one.quote,
        line: one.line,
    };
    Find {
        source: Source::File {
            path: path.to_owned(),
            line: one.line,
        },
        label: one.name.clone(),
        variable: Some(one.name),
        providers,
        what,
        change: Some((file, change)),
    }
}

/// What a variable holds, if it is worth a look.
fn judge(likely: &Likely, name: &str, value: &str) -> Option<(What, Vec<ProviderName>)> {
    /// The shortest text that may be anybody's secret, in bytes.
    const SHORTEST_GUESS: usize = 8;
    let value = value.trim();
    if value.is_empty() || name.starts_with("AUTHSOME_") || is_dummy(value) {
        return None;
    }
    let secret = || ApiKey::new(value);
    let named = likely.named(name);
    match named {
        Named::Known => Some((What::Secret(secret()), Vec::new())),
        Named::LikeASecret | Named::Other => {
            let providers = likely.shaped(value);
            if !providers.is_empty() {
                return Some((What::Secret(secret()), providers));
            }
            let is_guess = named == Named::LikeASecret && value.len() >= SHORTEST_GUESS;
            is_guess.then(|| (What::Guess(secret()), Vec::new()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::fs;

    const KEY: &str = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH";

    fn look(start: &Path, variables: &[(&str, &str)]) -> Finds {
        let pairs = variables
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let environment = ChildEnvironment::from_pairs(pairs);
        find(start, &Catalog::bundled(), &environment).unwrap()
    }

    fn labels(all: &Finds) -> Vec<&str> {
        all.finds.iter().map(|find| find.label.as_str()).collect()
    }

    #[test]
    fn files_are_found_up_the_tree_and_the_environment_last() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("repo/app");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir(dir.path().join("repo/.git")).unwrap();
        fs::write(dir.path().join(".env"), format!("GROQ_API_KEY={KEY}")).unwrap();
        fs::write(
            dir.path().join("repo/.env"),
            format!("# x\nOPENAI_API_KEY={KEY}\nMY_THING={KEY}\nOTHER=plain\nDB_PASSWORD=hunter2hunter2\n"),
        )
        .unwrap();
        let env = [
            ("ANTHROPIC_API_KEY", KEY),
            ("PATH", "/bin"),
            ("AUTHSOME_MASTER_KEY", KEY),
        ];
        let all = look(&deep, &env);
        assert_eq!(
            labels(&all),
            [
                "OPENAI_API_KEY",
                "MY_THING",
                "DB_PASSWORD",
                "ANTHROPIC_API_KEY"
            ]
        );
        assert!(matches!(&all.finds[0].source, Source::File { line: 2, .. }));
        assert_eq!(all.finds[1].providers[0].as_str(), "openai", "by its shape");
        assert!(matches!(all.finds[2].what, What::Guess(_)));
        assert!(!format!("{all:?}").contains("sk-proj"));
    }

    #[test]
    fn empty_values_and_those_to_be_replaced_are_no_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write(
            ".env",
            "OPENAI_API_KEY=\nGROQ_API_KEY=your-key-here\nGH_TOKEN=${X}\n",
        );
        write(
            ".env.example",
            &format!("OPENAI_API_KEY=changeme\nGROQ_API_KEY={KEY}\n"),
        );
        let all = look(dir.path(), &[]);
        assert_eq!(labels(&all), ["GROQ_API_KEY"]);
        assert!(
            matches!(all.finds[0].what, What::Secret(_)),
            "in an example!"
        );
    }

    #[test]
    fn one_file_may_be_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("settings.env");
        fs::write(&file, format!("OPENAI_API_KEY={KEY}")).unwrap();
        fs::write(dir.path().join(".env"), format!("GROQ_API_KEY={KEY}")).unwrap();
        assert_eq!(labels(&look(&file, &[])), ["OPENAI_API_KEY"]);
    }
}
