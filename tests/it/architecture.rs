//! The house of `docs/architecture.md`, enforced: who may import whom, how long a file may grow,
//! who may read the environment, and that every module says what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each module and what it may import; a module not named here may not exist.
const HOUSE: &[(&str, &[&str])] = &[
    ("secret", &[]),
    ("clock", &[]),
    ("files", &[]),
    ("telemetry", &["files"]),
    ("model", &["secret"]),
    ("config", &["model", "secret", "files"]),
    ("api", &["model", "secret"]),
    ("catalog", &["model"]),
    ("scan", &["model", "secret", "files", "config", "catalog"]),
    ("browsers", &["secret"]),
    ("crypto", &["model", "secret", "clock"]),
    ("store", &["model", "secret", "clock", "files"]),
    ("oauth", &["model", "secret", "clock"]),
    (
        "vault",
        &["model", "secret", "clock", "files", "crypto", "store"],
    ),
    ("legacy", &["model", "secret", "clock", "files", "crypto"]),
    ("client", &["api", "model", "secret", "crypto", "clock"]),
    (
        "services",
        &[
            "model", "secret", "clock", "files", "catalog", "crypto", "store", "oauth", "vault",
            "legacy",
        ],
    ),
    ("server", &["api", "model", "secret", "clock", "services"]),
    ("proxy", &["model", "secret", "files"]),
    (
        "daemon",
        &[
            "secret",
            "clock",
            "files",
            "telemetry",
            "model",
            "config",
            "api",
            "catalog",
            "crypto",
            "store",
            "oauth",
            "vault",
            "legacy",
            "client",
            "services",
            "server",
            "proxy",
        ],
    ),
    (
        "cli",
        &[
            "api",
            "model",
            "secret",
            "files",
            "config",
            "catalog",
            "scan",
            "browsers",
            "client",
            "daemon",
            "proxy",
            "telemetry",
        ],
    ),
];

const LONGEST_FILE: usize = 600;

struct Source {
    path: PathBuf,
    module: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(below: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    rust_files(&root().join("src"), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(root().join("src")).unwrap();
            let first = inside
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_str()
                .unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            Source {
                text: fs::read_to_string(&path).unwrap(),
                path,
                module,
            }
        })
        .filter(|source| source.module != "lib" && source.module != "main")
        .collect()
}

/// Every top-level module of this crate that `text` names after `crate::`, also within `crate::{a, b}`.
fn imported_modules(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let names = match rest.strip_prefix('{') {
                Some(group) => group.split(',').map(first_word).collect::<Vec<_>>(),
                None => vec![first_word(rest)],
            };
            found.extend(names.into_iter().filter(|name| !name.is_empty()));
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn a_module_imports_only_what_its_row_names() {
    let house: BTreeMap<&str, &[&str]> = HOUSE.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(allowed) = house.get(source.module.as_str()) else {
            wrong.push(format!(
                "{}: no such room in the house",
                source.path.display()
            ));
            continue;
        };
        for import in imported_modules(&source.text) {
            let known = house.contains_key(import.as_str());
            if known && import != source.module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the house:\n{}", wrong.join("\n"));
}

#[test]
fn the_map_in_the_documentation_says_the_same() {
    let map = include_str!("../../docs/architecture.md");
    for (name, imports) in HOUSE {
        let heads = [format!("| `{name}` |"), format!("| `{name}/` |")];
        let row = map
            .lines()
            .find(|line| heads.iter().any(|head| line.starts_with(head)));
        let row = row.unwrap_or_else(|| panic!("docs/architecture.md has no room `{name}`"));
        let told = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let told = told.split_whitespace().filter(|word| *word != "–");
        let told: BTreeSet<&str> = told.collect();
        assert_eq!(told, imports.iter().copied().collect(), "{name}");
    }
}

#[test]
fn no_row_of_the_house_makes_a_circle() {
    let order: Vec<&str> = HOUSE.iter().map(|(name, _)| *name).collect();
    for (at, (name, imports)) in HOUSE.iter().enumerate() {
        for import in *imports {
            let above = order.iter().position(|other| other == import);
            assert!(
                above.is_some_and(|above| above < at),
                "{name} may not import {import} below it"
            );
        }
    }
}

#[test]
fn an_import_in_any_spelling_is_seen() {
    let text = "use crate::{api, vault::Vaults};\nlet x = crate::store::Tx;\n// crate::proxy";
    let found = imported_modules(text);
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        ["api", "store", "vault"]
    );
}

#[test]
fn no_file_outgrows_its_reader() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    rust_files(&root().join("tests"), &mut files);
    let long: Vec<String> = files
        .iter()
        .map(|path| (path, fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "split at the joint:\n{}", long.join("\n"));
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path.display().to_string())
        .collect();
    assert!(
        silent.is_empty(),
        "no `//!` at the top of:\n{}",
        silent.join("\n")
    );
}

#[test]
fn only_config_reads_the_environment() {
    let readers: Vec<String> = sources()
        .iter()
        .filter(|source| source.module != "config")
        .filter(|source| {
            ["env::var", "env::vars", "env::var_os"]
                .iter()
                .any(|call| source.text.contains(call))
        })
        .map(|source| source.path.display().to_string())
        .collect();
    assert!(
        readers.is_empty(),
        "ask config instead:\n{}",
        readers.join("\n")
    );
}

#[test]
fn services_know_no_web_framework_and_the_model_no_io() {
    for source in sources() {
        let forbidden: &[&str] = match source.module.as_str() {
            "services" | "store" | "vault" => &["axum::", "tower_http::"],
            "model" => &["tokio::", "async fn", "std::fs", "std::net::Tcp"],
            "proxy" => &["axum::", "sqlx::"],
            _ => &[],
        };
        for word in forbidden {
            assert!(
                !source.text.contains(word),
                "{} uses {word}",
                source.path.display()
            );
        }
    }
}
