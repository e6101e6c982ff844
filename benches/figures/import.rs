//! Taking over a home of 0.5 with 1,000 connections and 1,000 audit events: the whole command, from
//! its start to the last value read back.

use super::Row;
use super::daemon::command;
use super::old_home::OldHome;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 1_000;
const ROUNDS: usize = 5;

pub(crate) fn home_of_0_5(rows: &mut Vec<Row>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let old = runtime.block_on(async {
        let mut old = OldHome::new().await;
        old.fill(CONNECTIONS).await;
        old.finish().await
    });
    let mut first = Vec::new();
    let mut again = Vec::new();
    for _ in 0..ROUNDS {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let home = dir.path().join("home");
        first.push(import(old.path(), &home, "imported"));
        again.push(import(old.path(), &home, "unchanged"));
    }
    rows.push(Row {
        name: "`authsome import-home`, 1,000 connections and 1,000 audit events".to_owned(),
        measured: format!("{:.2} s", middle(first)),
        target: "≤ 5 s",
        original: "–",
        baseline: format!("{:.2} s when it is repeated", middle(again)),
    });
}

fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

fn import(old: &Path, home: &Path, outcome: &str) -> Duration {
    let start = Instant::now();
    let output = command(home)
        .args(["import-home", "--json"])
        .arg(old)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    let took = start.elapsed();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("an object");
    assert_eq!(
        told["counts"]["connections"][outcome], CONNECTIONS,
        "{told}"
    );
    took
}
