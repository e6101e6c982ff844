//! What a person waits for: whole commands, the cold start, and what an idle daemon costs.

use super::Row;
use super::daemon::{BenchDaemon, command};
use super::http::{Connection, request};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 40;

/// The middle one of `ROUNDS` measurements, in milliseconds.
pub(crate) fn median_ms(mut once: impl FnMut() -> Duration) -> f64 {
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| once()).collect();
    times.sort_unstable();
    times[ROUNDS / 2].as_secs_f64() * 1e3
}

fn wall(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("it starts");
    assert!(status.success(), "{command:?} ended with {status}");
    start.elapsed()
}

/// From starting the process to the first `/health` 200: on an empty home, and on one that is there.
pub(crate) fn cold_start(rows: &mut Vec<Row>) {
    let first = median_ms(|| {
        let dir = tempfile::tempdir().expect("a temporary directory");
        start_and_ask(&dir.path().join("home"))
    });
    let dir = tempfile::tempdir().expect("a temporary directory");
    let home = dir.path().join("home");
    start_and_ask(&home);
    let again = median_ms(|| start_and_ask(&home));
    let baseline = median_ms(|| wall(&mut Command::new("true")));
    for (name, time) in [("empty home", first), ("existing home", again)] {
        rows.push(Row {
            name: format!("cold start to first `/health` 200, {name}"),
            measured: format!("{time:.1} ms"),
            target: "≤ 100 ms",
            original: "1,750 ms",
            baseline: format!(
                "{:.0} × starting `true` ({baseline:.1} ms)",
                time / baseline
            ),
        });
    }
}

fn start_and_ask(home: &std::path::Path) -> Duration {
    let address = free_address();
    let start = Instant::now();
    let mut child = command(home)
        .args(["daemon", "serve"])
        .env("AUTHSOME_LISTEN", address.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let connected = loop {
        match TcpStream::connect(address) {
            Ok(_) => break Connection::open(address),
            Err(_) if start.elapsed() < Duration::from_secs(30) => std::thread::yield_now(),
            Err(error) => panic!("the daemon does not listen: {error}"),
        }
    };
    let mut connection = connected;
    let (status, _) =
        connection.exchange(&request("GET", "/health", &address.to_string(), None, ""));
    assert_eq!(status, 200);
    let took = start.elapsed();
    let _ = child.kill();
    let _ = child.wait();
    took
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

pub(crate) fn idle_memory(daemon: &BenchDaemon, rows: &mut Vec<Row>) {
    rows.push(Row {
        name: "daemon resident memory, idle".to_owned(),
        measured: format!("{:.1} MiB", daemon.resident_mib()),
        target: "≤ 25 MiB",
        original: "117 MiB",
        baseline: String::new(),
    });
}

pub(crate) fn commands(daemon: &BenchDaemon, rows: &mut Vec<Row>) {
    let run = |args: &[&str]| {
        let mut command = command(&daemon.home);
        command.env("AUTHSOME_DAEMON_URL", daemon.url()).args(args);
        wall(&mut command)
    };
    run(&["whoami"]);
    let baseline = median_ms(|| wall(&mut Command::new("true")));
    let figures = [
        (
            "`authsome whoami`, warm daemon, wall",
            &["whoami"][..],
            "≤ 20 ms",
            "1,550 ms",
        ),
        (
            "`authsome run -- true`, wall, warm daemon",
            &["run", "--", "true"][..],
            "≤ 50 ms",
            "1,240 ms",
        ),
    ];
    for (name, args, target, original) in figures {
        let time = median_ms(|| run(args));
        rows.push(Row {
            name: name.to_owned(),
            measured: format!("{time:.1} ms"),
            target,
            original,
            baseline: format!(
                "{:.1} × starting `true` ({baseline:.1} ms)",
                time / baseline
            ),
        });
    }
}

/// With 1,000 connections stored.
pub(crate) fn list(daemon: &BenchDaemon, rows: &mut Vec<Row>) {
    let run = || {
        let mut command = command(&daemon.home);
        command.env("AUTHSOME_DAEMON_URL", daemon.url()).arg("list");
        wall(&mut command)
    };
    run();
    let baseline = median_ms(|| wall(&mut Command::new("true")));
    let time = median_ms(run);
    rows.push(Row {
        name: "`authsome list` with 1,000 stored, wall".to_owned(),
        measured: format!("{time:.1} ms"),
        target: "≤ 25 ms",
        original: "–",
        baseline: format!(
            "{:.1} × starting `true` ({baseline:.1} ms)",
            time / baseline
        ),
    });
}
