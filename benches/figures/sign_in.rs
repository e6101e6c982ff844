//! What guessing passwords costs everybody else, and what its timing tells.

use super::Row;
use super::daemon::BenchDaemon;
use super::http::{Connection, request};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use url::form_urlencoded;

/// Sign-ins at once.
const FLOOD: usize = 200;
/// Accounts that exist, and as many that do not; few enough tries that none has to wait.
const ACCOUNTS: usize = 7;
const TRIES_EACH: usize = 4;
const PASSWORD: &str = "correct horse battery";

/// What a form needs to be taken: the cookie of its browser, and its token.
struct Form {
    address: SocketAddr,
    path: &'static str,
    cookie: String,
    csrf: String,
}

impl Form {
    fn open(address: SocketAddr, path: &'static str) -> Self {
        let page = exchange(address, &format!("GET {path}"), "", "");
        let between = |from: &str, to: char| {
            let rest = page.split_once(from).expect("the page has a form").1;
            rest.split(to).next().unwrap_or_default().to_owned()
        };
        Self {
            address,
            path,
            cookie: between("set-cookie: ", ';'),
            csrf: between("name=\"csrf\" value=\"", '"'),
        }
    }

    /// The status, and how long it took.
    fn send(&self, email: &str, password: &str) -> (u16, Duration) {
        let body: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf", &self.csrf)
            .append_pair("email", email)
            .append_pair("password", password)
            .append_pair("next", "")
            .append_pair("token", "")
            .finish();
        let start = Instant::now();
        let answer = exchange(
            self.address,
            &format!("POST {}", self.path),
            &self.cookie,
            &body,
        );
        let status = answer.get(9..12).and_then(|code| code.parse().ok());
        (status.unwrap_or(0), start.elapsed())
    }
}

fn exchange(to: SocketAddr, line: &str, cookie: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(to).expect("the daemon listens");
    let cookie = if cookie.is_empty() {
        String::new()
    } else {
        format!("Cookie: {cookie}\r\n")
    };
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {to}\r\nOrigin: http://{to}\r\nSec-Fetch-Site: same-origin\r\n{cookie}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("the daemon reads");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("the daemon answers");
    answer
}

/// Two daemons, since a flood makes its address wait.
pub(crate) fn sign_ins(rows: &mut Vec<Row>) {
    timing(&BenchDaemon::start(), rows);
    flood(&BenchDaemon::start(), rows);
}

/// Asks for `/health` until told to stop.
fn healths(to: SocketAddr, done: &AtomicBool, at_least: usize) -> Vec<Duration> {
    let ask = request("GET", "/health", &to.to_string(), None, "");
    let mut connection = Connection::open(to);
    let mut times = Vec::new();
    while times.len() < at_least || !done.load(Ordering::Relaxed) {
        let start = Instant::now();
        let (status, _) = connection.exchange(&ask);
        assert!(status == 200, "{status}");
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times
}

fn p99(times: &[Duration]) -> f64 {
    times[times.len() * 99 / 100].as_secs_f64() * 1e3
}

fn flood(daemon: &BenchDaemon, rows: &mut Vec<Row>) {
    let address = daemon.address;
    let done = AtomicBool::new(true);
    let quiet = p99(&healths(address, &done, 2_000));
    done.store(false, Ordering::Relaxed);
    let form = Form::open(address, "/auth/login");
    let times = std::thread::scope(|scope| {
        let asking = scope.spawn(|| healths(address, &done, 100));
        let form = &form;
        let tries: Vec<_> = (0..FLOOD)
            .map(|number| {
                scope.spawn(move || form.send(&format!("flood{number}@example.test"), "a guess"))
            })
            .collect();
        for one in tries {
            one.join().expect("no thread fails");
        }
        done.store(true, Ordering::Relaxed);
        asking.join().expect("no thread fails")
    });
    let busy = p99(&times);
    rows.push(Row {
        name: format!("`/health` p99 during {FLOOD} sign-ins at once"),
        measured: format!("{busy:.1} ms, {:.0} MiB", daemon.resident_mib()),
        target: "< 200 ms, < 512 MiB",
        original: "–",
        baseline: format!("{:.0} × without them ({quiet:.2} ms)", busy / quiet),
    });
}

/// Known and unknown accounts in turn, each with a wrong password.
fn timing(daemon: &BenchDaemon, rows: &mut Vec<Row>) {
    for number in 0..ACCOUNTS {
        let form = Form::open(daemon.address, "/auth/register");
        let (status, _) = form.send(&format!("known{number}@example.test"), PASSWORD);
        assert!(status == 303, "{status}");
    }
    let form = Form::open(daemon.address, "/auth/login");
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ACCOUNTS * TRIES_EACH {
        for (kind, times) in ["known", "other"].iter().zip(&mut times) {
            let email = format!("{kind}{}@example.test", round % ACCOUNTS);
            let (status, time) = form.send(&email, "a wrong one");
            assert!(status == 400, "{status}");
            times.push(time);
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e3
    });
    let gap = (known - unknown).abs() / known.max(unknown) * 100.0;
    rows.push(Row {
        name: "sign-in of a known and of an unknown account, medians".to_owned(),
        measured: format!("{gap:.1} % apart"),
        target: "< 10 %",
        original: "–",
        baseline: format!("{known:.1} ms and {unknown:.1} ms"),
    });
}
