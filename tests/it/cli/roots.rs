//! Files of root certificates that the environment names, and that are none.

use super::transcript::{Person, Ran};
use crate::support::daemon::TestDaemon;
use serde_json::Value;
use std::path::PathBuf;

const VARIABLES: [&str; 2] = ["AUTHSOME_UPSTREAM_CA_FILE", "SSL_CERT_FILE"];

/// A file that is not there, and one that holds no certificate.
fn useless(dir: &tempfile::TempDir) -> [PathBuf; 2] {
    let text = dir.path().join("text.pem");
    std::fs::write(&text, "root:x:0:0:root:/root:/bin/bash\n").unwrap();
    [dir.path().join("nowhere.pem"), text]
}

fn object(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
}

#[test]
fn a_useless_file_of_roots_is_named_by_a_run_and_by_doctor() {
    let dir = tempfile::tempdir().unwrap();
    for file in useless(&dir) {
        let path = file.to_str().unwrap();
        for name in VARIABLES {
            let person = Person::without_daemon().env(name, path);
            let ran = person.run(&["--json", "run", "--", "true"]);
            assert_eq!(ran.code, 2, "{ran:?}");
            let told = object(&ran);
            let message = told["message"].as_str().unwrap();
            assert!(message.contains(name) && message.contains(path), "{told}");
            assert!(told["hint"].as_str().unwrap().contains(name), "{told}");
            let (code, report) = person.json(&["doctor"]);
            assert_eq!(code, 1, "{report}");
            let checks = report["checks"].as_array().unwrap();
            let roots: Vec<_> = checks.iter().filter(|c| c["name"] == "roots").collect();
            assert_eq!(roots.len(), 1, "{report}");
            assert_eq!(roots[0]["status"], "fail", "{report}");
            assert!(roots[0]["message"].as_str().unwrap().contains(name));
        }
    }
}

#[test]
fn a_daemon_does_not_start_with_a_useless_file_of_roots() {
    let dir = tempfile::tempdir().unwrap();
    for file in useless(&dir) {
        for name in VARIABLES {
            let builder = TestDaemon::builder().env(name, file.to_str().unwrap());
            let said = builder.try_start().unwrap_err();
            assert!(said.contains(name), "{said}");
        }
    }
}

#[test]
fn the_way_to_a_daemon_elsewhere_says_why_nothing_is_trusted() {
    let person = Person::without_daemon().env("SSL_CERT_FILE", "/nowhere.pem");
    let (code, told) = person.json(&["list"]);
    assert_eq!(code, 2, "{told}");
    assert!(told["message"].as_str().unwrap().contains("SSL_CERT_FILE"));
}
