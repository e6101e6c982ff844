//! Custom definitions in the home, and who owns which host.

use crate::catalog::{Catalog, Conflict, parse, parse_registration};
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

fn display_name(catalog: &Catalog, of: &str) -> String {
    let found = catalog.find(&name(of)).unwrap().unwrap();
    found.display_name.clone()
}

#[test]
fn a_file_wins_over_the_bundled_definition_of_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::with_custom(dir.path());
    assert_eq!(display_name(&catalog, "openai"), "OpenAI");
    write(dir.path(), "openai.json", "llm.corp.example");
    let listing = catalog.list();
    assert_eq!(listing.custom.len(), 1);
    assert!(listing.bundled.iter().all(|p| p.name.as_str() != "openai"));
    assert_eq!(display_name(&catalog, "openai"), "llm.corp.example");
    assert!(catalog.is_custom(&name("openai")));
    assert_eq!(
        catalog.find_bundled(&name("openai")).unwrap().display_name,
        "OpenAI"
    );
    fs::remove_file(dir.path().join("openai.json")).unwrap();
    assert!(catalog.list().custom.is_empty());
    assert_eq!(display_name(&catalog, "openai"), "OpenAI");
}

#[test]
fn a_new_file_is_found_by_name_and_a_changed_one_by_the_next_list() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::with_custom(dir.path().join("providers"));
    assert_eq!(catalog.find(&name("acme")), Ok(None));
    fs::create_dir(dir.path().join("providers")).unwrap();
    let providers = dir.path().join("providers");
    write(&providers, "acme.json", "api.acme.example");
    assert_eq!(display_name(&catalog, "acme"), "api.acme.example");
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
fn the_bundled_definition_never_stands_in_for_a_file_nobody_can_read() {
    for broken in ["", "{", "{\"name\": \"openai\"}", "{\"name\": \"other\"}"] {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Catalog::with_custom(dir.path());
        assert_eq!(display_name(&catalog, "openai"), "OpenAI");
        let file = dir.path().join("openai.json");
        fs::write(&file, broken).unwrap();
        assert!(
            catalog
                .list()
                .bundled
                .iter()
                .all(|p| p.name.as_str() != "openai")
        );
        let refused = catalog.find(&name("openai")).unwrap_err();
        assert!(
            refused.to_string().starts_with("openai.json: "),
            "{refused}"
        );
        assert!(catalog.is_custom(&name("openai")));
        assert_eq!(display_name(&catalog, "anthropic"), "Anthropic");
        // Mended, it is there at once.
        write(dir.path(), "openai.json", "llm.corp.example");
        assert_eq!(display_name(&catalog, "openai"), "llm.corp.example");
    }
}

#[test]
fn a_link_to_nowhere_and_a_directory_nobody_can_list_define_something() {
    let dir = tempfile::tempdir().unwrap();
    let providers = dir.path().join("providers");
    let catalog = Catalog::with_custom(&providers);
    assert_eq!(display_name(&catalog, "openai"), "OpenAI");
    fs::create_dir(&providers).unwrap();
    std::os::unix::fs::symlink("/nowhere/openai.json", providers.join("openai.json")).unwrap();
    assert_eq!(catalog.list().problems.len(), 1);
    catalog.find(&name("openai")).unwrap_err();
    assert_eq!(display_name(&catalog, "anthropic"), "Anthropic");
    fs::remove_file(providers.join("openai.json")).unwrap();
    fs::remove_dir(&providers).unwrap();
    // Root can list any directory; nobody can list a file.
    fs::write(&providers, "").unwrap();
    let listing = catalog.list();
    assert_eq!((listing.bundled.len(), listing.problems.len()), (0, 1));
    catalog.find(&name("anthropic")).unwrap_err();
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

#[test]
fn a_definition_to_be_registered_is_read_bare_or_wrapped_with_the_same_places() {
    let bare = "{\n\"name\": \"acme\",\n\"auth_type\": \"api_key\",\n\"api_url\": \"a.acme.example\",\n\"x\": \"y\"}";
    let (value, checked) = parse_registration(bare).unwrap();
    assert_eq!(value["x"], "y");
    assert_eq!(checked.provider.name.as_str(), "acme");
    let wrapped = format!("{{\"force\": true,\n\"definition\": {bare}}}");
    assert_eq!(parse_registration(&wrapped).unwrap().0, value);
    let bad = wrapped
        .replace("\"y\"", "[\"\\u0007\"]")
        .replace("api_key", "key");
    let invalid = parse_registration(&bad).unwrap_err();
    let places: Vec<_> = invalid
        .problems()
        .iter()
        .map(|one| (one.path.as_str(), one.place.unwrap().0))
        .collect();
    assert_eq!(places, [("auth_type", 4), ("x[0]", 6)]);
}
