//! The table of routes has every page, so that a sweep of the security rows forgets none.

use super::routes::{ROUTES, Wants};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[test]
fn every_page_has_a_row_in_the_table_of_routes() {
    let registered = registered();
    assert!(registered.len() > 20, "{registered:?}");
    let rows: BTreeSet<(String, String)> = ROUTES
        .iter()
        .filter(|route| route.wants == Wants::Browser)
        .map(|route| (route.method.to_owned(), route.template.to_owned()))
        .collect();
    let missing: Vec<String> = registered.difference(&rows).map(suggestion).collect();
    assert!(
        missing.is_empty(),
        "src/server/pages registers what tests/it/api/routes.rs does not list; add to ROUTES:\n{}",
        missing.join("\n")
    );
    let stale: Vec<_> = rows.difference(&registered).collect();
    assert!(
        stale.is_empty(),
        "tests/it/api/routes.rs lists what src/server/pages does not register; take away: {stale:?}"
    );
}

#[test]
fn every_row_asks_at_the_address_it_stands_for() {
    for route in ROUTES {
        let path = route.path.split('?').next().unwrap();
        let (path, template): (Vec<&str>, Vec<&str>) = (
            path.split('/').collect(),
            route.template.split('/').collect(),
        );
        let fits = path.len() == template.len()
            && path.iter().zip(&template).all(|(part, wanted)| {
                part == wanted || (wanted.starts_with('{') && !part.starts_with('{'))
            });
        assert!(fits, "{route:?}");
    }
}

fn suggestion((method, template): &(String, String)) -> String {
    let path = template.replace(['{', '}'], "");
    match method.as_str() {
        "GET" => format!("    get({template:?}, {path:?}, Wants::Browser),"),
        "POST" => format!("    form({template:?}, {path:?}, \"\"),"),
        other => format!("    a row for {other} {template}"),
    }
}

/// Method and template of every `.route(…)` in the source of the pages.
fn registered() -> BTreeSet<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let constants = constants(&std::fs::read_to_string(root.join("src/api/paths.rs")).unwrap());
    let mut sources = Vec::new();
    read_all(&root.join("src/server/pages"), &mut sources);
    let mut all = BTreeSet::new();
    for source in sources {
        assert!(
            !source.contains(".nest("),
            "this test reads `.route(` and `.merge(`; teach it `.nest(` first"
        );
        for rest in source.split(".route(").skip(1) {
            let call = arguments(rest);
            let (address, handlers) = call.split_once(',').unwrap_or((call, ""));
            let template = address_of(address.trim(), &constants);
            let methods = methods(handlers);
            assert!(!methods.is_empty(), "no method is seen in: {call}");
            all.extend(methods.into_iter().map(|m| (m, template.clone())));
        }
    }
    all
}

fn read_all(directory: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

/// `pub const NAME: &str = "value";`
fn constants(source: &str) -> BTreeMap<String, String> {
    let lines = source.lines();
    lines
        .filter_map(|line| line.strip_prefix("pub const ")?.split_once(": &str = "))
        .map(|(name, value)| {
            let value = value.trim_end_matches(';').trim_matches('"');
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// What stands before the parenthesis that closes the call.
fn arguments(rest: &str) -> &str {
    let mut depth = 1;
    let end = rest.find(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    &rest[..end.unwrap_or(rest.len())]
}

fn address_of(written: &str, constants: &BTreeMap<String, String>) -> String {
    if let Some(literal) = written.strip_prefix('"') {
        return literal.trim_end_matches('"').to_owned();
    }
    let name = written.rsplit("::").next().unwrap_or(written);
    let value = constants.get(name).cloned();
    value.unwrap_or_else(|| panic!("`{written}` is neither text nor a constant of api::paths"))
}

/// The methods of `get(a::b).post(c::d)`.
fn methods(handlers: &str) -> Vec<String> {
    let known = ["get", "post", "put", "patch", "delete"];
    let words = handlers.split('(').filter_map(|before| {
        let word = before
            .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
            .next()?;
        known.contains(&word).then(|| word.to_uppercase())
    });
    words.collect()
}
