//! The figures of `docs/benchmarks.md`, measured in one run and printed as a table.
//!
//! `cargo bench --bench figures` starts the built daemon on a temporary home and uses it as its
//! clients do: real processes, real sockets, fresh proofs, durable audit rows. The load runs on the
//! same cores as the daemon. Next to each figure stands a baseline of the same run (the cost of
//! starting any process, of the cheapest request), because machines differ and are shared.

#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot go on stops there, and prints rounded figures"
)]

mod audit;
mod daemon;
mod http;
mod import;
mod load;
#[path = "../../tests/it/support/old_home.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod old_home;
mod pages;
mod patterns;
#[path = "../../tests/it/support/patterns.rs"]
mod patterns_of_tests;
mod refresh;
mod sign_in;
mod store;
mod walls;

use daemon::BenchDaemon;
use std::io::Write;

/// One line of the table.
struct Row {
    name: String,
    measured: String,
    target: &'static str,
    original: &'static str,
    baseline: String,
}

/// Measures something and adds its rows.
type Measure = fn(&mut Vec<Row>);

/// What can be measured alone, as in `cargo bench --bench figures -- audit`, in the order of the table.
const PARTS: [(&str, Measure); 8] = [
    ("import", import::home_of_0_5),
    ("patterns", patterns::hostile),
    ("start", walls::cold_start),
    ("resolve", one_daemon),
    ("pages", stored),
    ("refresh", refresh::refreshes),
    ("sign-in", sign_in::sign_ins),
    ("audit", audit::page),
];

fn main() {
    let named: Vec<String> = std::env::args().collect();
    let is_named = |part: &str| named.iter().any(|name| name == part);
    let all = !PARTS.iter().any(|(part, _)| is_named(part));
    let mut rows = Vec::new();
    for (part, measure) in PARTS {
        if all || is_named(part) {
            measure(&mut rows);
        }
    }
    print(&rows);
}

/// Commands and releases on a daemon that stores one connection.
fn one_daemon(rows: &mut Vec<Row>) {
    let daemon = BenchDaemon::start();
    let agent = daemon.agent();
    walls::idle_memory(&daemon, rows);
    agent.log_in(
        "openai",
        "default",
        "sk-bench-0000000000000000000000000000000000",
    );
    walls::commands(&daemon, rows);
    load::resolve(&daemon, &agent, rows);
}

fn stored(rows: &mut Vec<Row>) {
    store::sizes(rows);
    store::pages(rows);
    pages::open_pages(rows);
}

fn print(rows: &[Row]) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(
        out,
        "\n| | measured | to reach | original 0.5 | baseline of this run |"
    );
    let _ = writeln!(out, "|---|---|---|---|---|");
    for row in rows {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            row.name, row.measured, row.target, row.original, row.baseline
        );
    }
}
