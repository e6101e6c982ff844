//! Row 45: secrets in the environment of the child.

use crate::proxy::runner::{KEY, Laptop, finished};

const OURS: [(&str, &str); 4] = [
    (
        "AUTHSOME_IDENTITY_PRIVATE_KEY",
        "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
    ),
    ("AUTHSOME_MASTER_KEY", "the-master-key-of-this-machine"),
    (
        "AUTHSOME_DATABASE_URL",
        "postgres://user:database-password@127.0.0.1:1/x",
    ),
    ("ACME_KEY", "a-real-token-of-the-user"),
];

#[test]
fn the_child_holds_placeholders_and_nothing_of_ours() {
    let laptop = Laptop::new();
    let mut command = laptop.command(&["--", "env"]);
    // The identity of the home acts; the variables are there only to be kept back.
    command.envs(
        OURS.iter()
            .filter(|(name, _)| *name != "AUTHSOME_IDENTITY_PRIVATE_KEY")
            .copied(),
    );
    let (code, out, err) = finished(&mut command);
    assert_eq!(code, 0, "{err}");
    for (name, value) in OURS {
        assert!(!out.contains(value), "{name}: {out}");
    }
    for name in [
        "AUTHSOME_IDENTITY_PRIVATE_KEY",
        "AUTHSOME_MASTER_KEY",
        "AUTHSOME_DATABASE_URL",
    ] {
        assert!(!out.contains(&format!("{name}=")), "{out}");
    }
    let key_file = std::fs::read_dir(laptop.daemon.home().join("identities"))
        .unwrap()
        .flatten();
    for file in key_file.filter(|file| file.path().extension().is_some_and(|e| e == "key")) {
        let key = std::fs::read_to_string(file.path()).unwrap();
        assert!(!out.contains(key.trim()));
    }
    assert!(!out.contains(KEY));
    let placeholder = value(&out, "ACME_KEY");
    assert!(
        placeholder.starts_with("sk-acme-") && placeholder.len() == 28,
        "{placeholder}"
    );
    assert_eq!(value(&out, "ACME_TOKEN"), placeholder);
}

#[test]
fn an_identity_that_comes_by_the_environment_stops_there() {
    let laptop = Laptop::new();
    let carried = laptop.daemon.agent("carried");
    let key = carried.key.to_hex();
    let api = laptop.upstream.api_url();
    let script = format!("env; cat /proc/self/environ; curl -sSf -o /dev/null {api}/carried");
    let mut command = laptop.command(&["--", "sh", "-c", &script]);
    command
        .env("AUTHSOME_IDENTITY", "carried")
        .env("AUTHSOME_IDENTITY_PRIVATE_KEY", key.as_str());
    let (code, out, err) = finished(&mut command);
    assert_eq!(code, 0, "{err}");
    // It was this identity that acted.
    let log = laptop.daemon.cli(&["log", "--json"]).output().unwrap();
    let log: serde_json::Value = serde_json::from_slice(&log.stdout).unwrap();
    let entries = log["entries"].as_array().unwrap().iter();
    let resolved = entries.filter(|entry| entry["event"] == "credential.resolved");
    let who: Vec<_> = resolved.map(|entry| &entry["identity"]).collect();
    assert!(
        !who.is_empty() && who.iter().all(|who| **who == "carried"),
        "{log}"
    );
    assert!(!out.contains(key.as_str()), "{out}");
    assert!(!out.contains("AUTHSOME_IDENTITY_PRIVATE_KEY"), "{out}");
}

#[test]
fn every_run_has_placeholders_and_a_password_of_its_own() {
    let laptop = Laptop::new();
    let (one, other) = (laptop.script("env"), laptop.script("env"));
    for name in ["ACME_KEY", "HTTPS_PROXY"] {
        assert_ne!(value(&one, name), value(&other, name), "{name}");
    }
}

#[test]
fn no_secret_is_among_the_arguments_of_any_process() {
    let laptop = Laptop::new();
    let out = laptop.script("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; env");
    let (arguments, environment) = out.split_once("ACME_KEY=").unwrap();
    let password = value(&format!("ACME_KEY={environment}{arguments}"), "HTTPS_PROXY");
    let password = password
        .rsplit_once('@')
        .unwrap()
        .0
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    let processes = arguments.split('\n').next().unwrap();
    assert!(
        !processes.contains(&password) && !processes.contains(KEY),
        "{processes}"
    );
}

fn value(environment: &str, name: &str) -> String {
    let mut lines = environment.lines();
    let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    found
        .unwrap_or_else(|| panic!("{name} is not set: {environment}"))
        .to_owned()
}
