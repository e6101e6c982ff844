//! `docs/cli.md` names every command and every flag.

use clap::Command;
use std::collections::BTreeMap;

/// The text below each heading that names a command, by the command's words.
fn sections(page: &str) -> BTreeMap<String, String> {
    let mut sections: BTreeMap<String, String> = BTreeMap::new();
    let mut current = String::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ").or(line.strip_prefix("### ")) {
            title.clone_into(&mut current);
        }
        let section = sections.entry(current.clone()).or_default();
        section.push_str(line);
        section.push('\n');
    }
    sections
}

fn missing(command: &Command, path: &str, sections: &BTreeMap<String, String>) -> Vec<String> {
    let Some(section) = sections.get(path) else {
        return vec![format!("no section `{path}`")];
    };
    let everywhere = &sections["Everywhere"];
    let mut missing = Vec::new();
    for argument in command.get_arguments().filter(|a| !a.is_hide_set()) {
        let home = if argument.is_global_set()
            || matches!(argument.get_id().as_str(), "help" | "version")
        {
            everywhere
        } else {
            section
        };
        let long = argument.get_long().map(|name| format!("`--{name}"));
        let short = argument.get_short().map(|name| format!("`-{name}`"));
        let value = argument
            .is_positional()
            .then(|| argument.get_id().as_str().to_uppercase());
        for name in [long, short, value].into_iter().flatten() {
            if !home.contains(&name) {
                missing.push(format!("{path}: {name}"));
            }
        }
    }
    missing
}

fn walk(command: &Command, path: &str, sections: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = if path.is_empty() {
        Vec::new()
    } else {
        missing(command, path, sections)
    };
    for inner in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let path = format!("{path} {}", inner.get_name());
        found.extend(walk(inner, path.trim(), sections));
    }
    found
}

#[test]
fn the_page_names_every_command_and_every_flag() {
    let page = include_str!("../../../docs/cli.md");
    let mut tree = authsome::cli::command_tree();
    tree.build();
    let missing = walk(&tree, "", &sections(page));
    assert!(
        missing.is_empty(),
        "docs/cli.md lacks:\n{}",
        missing.join("\n")
    );
}

#[test]
fn the_page_names_no_flag_that_is_not_there() {
    let page = include_str!("../../../docs/cli.md");
    let mut tree = authsome::cli::command_tree();
    tree.build();
    let mut known = vec!["--help".to_owned(), "--version".to_owned()];
    collect(&tree, &mut known);
    for word in page.split(['`', ' ', ')', ']', '\n', '"']) {
        if word.starts_with("--") && word.len() > 2 && word[2..].starts_with(char::is_alphabetic) {
            assert!(
                known.iter().any(|flag| flag == word),
                "{word} is in docs/cli.md only"
            );
        }
    }
}

fn collect(command: &Command, flags: &mut Vec<String>) {
    flags.extend(
        command
            .get_arguments()
            .filter_map(|a| a.get_long())
            .map(|f| format!("--{f}")),
    );
    for inner in command.get_subcommands() {
        collect(inner, flags);
    }
}
