//! Custom definitions in the home, and who owns which host.

use crate::catalog::{Catalog, Conflict, parse};
use crate::model::ProviderName;
use std::fs;
use std::path::Path;

fn name(text: &str) -> ProviderName {
    text.parse().unwrap()
}

fn write(dir: &Path, file: &str, host: &str) {
    let stem = file.trim_end_matches(".json");
    let text = format!(
        "{{\"name\": \"{stem}\", \"display_name\": \"{host}\", \"auth_type\": \"api_key\", \"api_url\": \"{host}\"}}"
    );
    fs::write(dir.join(file), text).unwrap();
}

#[test]
fn a_file_wins_over_the_bundled_definition_of_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::with_custom(dir.path());
    assert_eq!(
        catalog.find(&name("openai")).unwrap().display_name,
        "OpenAI"
    );
    write(dir.path(), "openai.json", "llm.corp.example");
    let listing = catalog.list();
    assert_eq!(listing.custom.len(), 1);
    assert!(listing.bundled.iter().all(|p| p.name.as_str() != "openai"));
    assert_eq!(
        catalog.find(&name("openai")).unwrap().display_name,
        "llm.corp.example"
    );
    assert!(catalog.is_custom(&name("openai")));
    assert_eq!(
        catalog.find_bundled(&name("openai")).unwrap().display_name,
        "OpenAI"
    );
    fs::remove_file(dir.path().join("openai.json")).unwrap();
    assert!(catalog.list().custom.is_empty());
    assert_eq!(
        catalog.find(&name("openai")).unwrap().display_name,
        "OpenAI"
    );
}

#[test]
fn a_new_file_is_found_by_name_and_a_changed_one_by_the_next_list() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::with_custom(dir.path().join("providers"));
    assert!(catalog.find(&name("acme")).is_none());
    fs::create_dir(dir.path().join("providers")).unwrap();
    let providers = dir.path().join("providers");
    write(&providers, "acme.json", "api.acme.example");
    assert_eq!(
        catalog.find(&name("acme")).unwrap().display_name,
        "api.acme.example"
    );
    write(&providers, "acme.json", "longer.api.acme.example");
    assert_eq!(
        catalog.list().custom[0].display_name,
        "longer.api.acme.example"
    );
}

#[test]
fn a_bad_file_is_reported_and_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "good.json", "api.good.example");
    write(dir.path(), "renamed.json", "api.renamed.example");
    fs::rename(
        dir.path().join("renamed.json"),
        dir.path().join("other.json"),
    )
    .unwrap();
    fs::write(dir.path().join("broken.json"), "{").unwrap();
    fs::write(dir.path().join("binary.json"), [0xff, 0xfe]).unwrap();
    fs::write(dir.path().join("large.json"), vec![b' '; 70_000]).unwrap();
    fs::write(dir.path().join("notes.txt"), "not ours").unwrap();
    fs::create_dir(dir.path().join("folder.json")).unwrap();
    let pipe = dir.path().join("pipe.json");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let listing = Catalog::with_custom(dir.path()).list();
    assert_eq!(listing.custom.len(), 1);
    let mut files: Vec<_> = listing
        .problems
        .iter()
        .map(|p| p.path.file_name().unwrap().to_str().unwrap())
        .collect();
    files.sort_unstable();
    assert_eq!(
        files,
        [
            "binary.json",
            "broken.json",
            "folder.json",
            "large.json",
            "other.json",
            "pipe.json"
        ]
    );
    assert!(listing.problems.iter().all(|p| !p.is_warning));
}

#[test]
fn a_file_that_takes_a_bundled_host_is_used_and_said() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "mine.json", "api.openai.com");
    let listing = Catalog::with_custom(dir.path()).list();
    assert_eq!(listing.custom.len(), 1);
    assert!(
        listing
            .problems
            .iter()
            .any(|p| p.is_warning && p.message.contains("openai"))
    );
}

#[test]
fn hosts_of_bundled_providers_are_reserved() {
    let catalog = Catalog::bundled();
    let custom = |name: &str, host: &str| {
        let text = format!(
            "{{\"name\": \"{name}\", \"auth_type\": \"api_key\", \"api_url\": [\"mine.example.com\", \"{host}\"]}}"
        );
        catalog.conflicts(&parse(&text).unwrap().provider)
    };
    for host in [
        "api.openai.com",
        "API.openai.com.",
        "https://api.openai.com:8443/x",
        r"regex:api\\.openai\\.com",
        r"regex:(api|x)\\.openai\\.com",
        r"regex:.*\\.openai\\.com",
    ] {
        let conflicts = custom("mine", host);
        let owners: Vec<_> = conflicts
            .iter()
            .map(|conflict| match conflict {
                Conflict::Host { owner, .. } => owner.as_str(),
                Conflict::Name { .. } => "name",
            })
            .collect();
        assert_eq!(owners, ["openai"], "{host}");
    }
    assert!(custom("mine", "api.openai.com.example.net").is_empty());
    assert_eq!(
        custom("openai", "other.example.com"),
        [Conflict::Name {
            name: name("openai")
        }]
    );
    assert_eq!(catalog.host_owner("API.OpenAI.com."), Some(name("openai")));
    assert_eq!(catalog.host_owner("api.openai.com.evil.example"), None);
}
