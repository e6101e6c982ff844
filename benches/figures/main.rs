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

fn main() {
    let mut rows = Vec::new();
    // `cargo bench --bench figures -- audit`
    if std::env::args().any(|argument| argument == "audit") {
        audit::page(&mut rows);
        print(&rows);
        return;
    }
    // `cargo bench --bench figures -- sign-in`
    if std::env::args().any(|argument| argument == "sign-in") {
        sign_in::sign_ins(&mut rows);
        print(&rows);
        return;
    }
    // `cargo bench --bench figures -- import`
    let is_import_alone = std::env::args().any(|argument| argument == "import");
    import::home_of_0_5(&mut rows);
    if is_import_alone {
        print(&rows);
        return;
    }
    // `cargo bench --bench figures -- pages`
    if std::env::args().any(|argument| argument == "pages") {
        store::pages(&mut rows);
        pages::open_pages(&mut rows);
        print(&rows);
        return;
    }
    patterns::hostile(&mut rows);
    walls::cold_start(&mut rows);
    {
        let daemon = BenchDaemon::start();
        let agent = daemon.agent();
        walls::idle_memory(&daemon, &mut rows);
        agent.log_in(
            "openai",
            "default",
            "sk-bench-0000000000000000000000000000000000",
        );
        walls::commands(&daemon, &mut rows);
        load::resolve(&daemon, &agent, &mut rows);
    }
    store::sizes(&mut rows);
    store::pages(&mut rows);
    pages::open_pages(&mut rows);
    refresh::refreshes(&mut rows);
    sign_in::sign_ins(&mut rows);
    audit::page(&mut rows);
    print(&rows);
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
