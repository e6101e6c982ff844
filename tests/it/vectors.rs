//! Published test vectors, and our own named files of proofs and sealed records under
//! `tests/vectors/`, which hold the formats to their promise.
//!
//! `cargo test --test it vectors::regenerate -- --ignored` writes our own files anew; see
//! `tests/vectors/README.md` for when that is right.

mod home_0_5;
mod proofs;
mod published;
mod sealed;

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::{Path, PathBuf};

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name)
}

/// Every vector of a directory with its name, in name order.
fn load<T: DeserializeOwned>(name: &str) -> Vec<(String, T)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect()
}

fn save(directory_name: &str, name: &str, vector: &impl Serialize) {
    let path = directory(directory_name).join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(vector).unwrap();
    fs::write(path, format!("{text}\n")).unwrap();
}

#[test]
#[ignore = "writes tests/vectors anew"]
fn regenerate() {
    proofs::regenerate();
    sealed::regenerate();
}
