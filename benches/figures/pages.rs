//! Pages as a browser gets them: how long the daemon takes, how much travels, and what one costs that
//! stays open.

use super::Row;
use super::daemon::{BenchAgent, BenchDaemon};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const ROUNDS: usize = 200;
const PAGES: [&str; 7] = [
    "/ui/",
    "/ui/providers",
    "/ui/apps/openai",
    "/ui/agents",
    "/ui/people",
    "/ui/settings",
    "/audit",
];
/// Streams that are open at the same time, and how many one person may have.
const STREAMS: usize = 200;
const EACH: usize = 20;

/// An answer and the bytes it took on the wire.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
    wire: usize,
}

/// One browser on one keep-alive connection.
struct Browser {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
    cookies: Vec<String>,
}

impl Browser {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the daemon listens");
        stream.set_nodelay(true).expect("a socket takes options");
        let patience = Some(Duration::from_mins(1));
        stream
            .set_read_timeout(patience)
            .expect("a socket takes options");
        Self {
            address,
            stream: BufReader::new(stream),
            cookies: Vec::new(),
        }
    }

    /// Signed in by the link of `authsome ui`.
    fn of(agent: &BenchAgent, daemon: &BenchDaemon) -> Self {
        let link = agent.call("POST", "/session", &json!({}));
        let link = link["url"].as_str().unwrap_or_default();
        let mut browser = Self::new(daemon.address);
        let path = link.strip_prefix(&daemon.url()).unwrap_or(link).to_owned();
        browser.send("GET", &path, None, "");
        browser
    }

    /// Somebody with an account of his own.
    fn of_guest(daemon: &BenchDaemon, number: usize) -> Self {
        let mut browser = Self::new(daemon.address);
        let form = browser.send("GET", "/auth/register?token=", None, "");
        let form = String::from_utf8_lossy(&form.body).into_owned();
        let csrf = between(&form, "name=\"csrf\" value=\"", "\"").unwrap_or_default();
        let body = format!(
            "csrf={csrf}&token=&next=&email=guest-{number}%40example.test&password=correct+horse"
        );
        let done = browser.send("POST", "/auth/register", None, &body);
        assert_eq!(done.status, 303, "{}", done.head);
        browser
    }

    fn write(&mut self, method: &str, path: &str, encoding: Option<&str>, body: &str) {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nSec-Fetch-Site: same-origin\r\nAccept: text/html\r\n",
            self.address
        );
        if let Some(encoding) = encoding {
            head.push_str("Accept-Encoding: ");
            head.push_str(encoding);
            head.push_str("\r\n");
        }
        if !self.cookies.is_empty() {
            head.push_str("Cookie: ");
            head.push_str(&self.cookies.join("; "));
            head.push_str("\r\n");
        }
        if method == "POST" {
            head.push_str("Origin: http://");
            head.push_str(&self.address.to_string());
            head.push_str(
                "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ",
            );
            head.push_str(&body.len().to_string());
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        head.push_str(body);
        let socket = self.stream.get_mut();
        socket.write_all(head.as_bytes()).expect("the daemon reads");
    }

    fn send(&mut self, method: &str, path: &str, encoding: Option<&str>, body: &str) -> Answer {
        self.write(method, path, encoding, body);
        let head = self.head();
        for line in head.lines() {
            let cookie = line
                .split_once(": ")
                .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
                .and_then(|(_, value)| value.split(';').next());
            self.cookies.extend(cookie.map(str::to_owned));
        }
        let (body, wire) = self.body(&head);
        Answer {
            status: head
                .get(9..12)
                .and_then(|code| code.parse().ok())
                .unwrap_or(0),
            wire: head.len() + wire,
            head,
            body,
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream
            .read_line(&mut line)
            .expect("the daemon answers");
        assert!(!line.is_empty(), "the daemon closed the connection");
        line
    }

    fn head(&mut self) -> String {
        let mut head = String::new();
        loop {
            let line = self.line();
            head.push_str(&line);
            if line == "\r\n" {
                return head;
            }
        }
    }

    /// The body, and the bytes it took.
    fn body(&mut self, head: &str) -> (Vec<u8>, usize) {
        let head = head.to_ascii_lowercase();
        let mut body = Vec::new();
        if !head.contains("transfer-encoding: chunked") {
            let length = between(&head, "content-length: ", "\r\n");
            let length = length.and_then(|text| text.parse().ok()).unwrap_or(0);
            body.resize(length, 0);
            self.stream.read_exact(&mut body).expect("the whole body");
            return (body, length);
        }
        let mut wire = 0;
        loop {
            let line = self.line();
            let size = usize::from_str_radix(line.trim(), 16).expect("a size");
            let start = body.len();
            body.resize(start + size, 0);
            self.stream.read_exact(&mut body[start..]).expect("a chunk");
            wire += line.len() + size + self.line().len();
            if size == 0 {
                return (body, wire);
            }
        }
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split(end).next()
}

/// Each page with what is stored at the moment.
pub(crate) fn pages(daemon: &BenchDaemon, agent: &BenchAgent, stored: usize, rows: &mut Vec<Row>) {
    let mut browser = Browser::of(agent, daemon);
    for path in PAGES {
        let plain = browser.send("GET", path, None, "");
        if plain.status == 404 {
            continue;
        }
        assert_eq!(plain.status, 200, "{path}: {}", plain.head);
        let text = String::from_utf8_lossy(&plain.body).into_owned();
        let assets: BTreeSet<&str> = text
            .split("\"/assets/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let assets: usize = assets
            .iter()
            .map(|name| browser.send("GET", &format!("/assets/{name}"), Some("gzip"), ""))
            .map(|asset| asset.wire)
            .sum();
        let mut times: Vec<Duration> = Vec::new();
        let mut wire = 0;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            wire = browser.send("GET", path, Some("gzip"), "").wire;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        rows.push(Row {
            name: format!("the page `{path}`, {stored} connections stored, compressed"),
            measured: format!(
                "p50 {:.2} ms; {:.1} KiB first, with assets, then {:.1} KiB",
                times[times.len() / 2].as_secs_f64() * 1e3,
                (wire + assets) as f64 / 1024.0,
                wire as f64 / 1024.0
            ),
            target: "≤ 5 ms; ≤ 60 KiB, ≤ 10 KiB",
            original: "–",
            baseline: String::new(),
        });
    }
}

/// What an open page costs the daemon.
pub(crate) fn open_pages(rows: &mut Vec<Row>) {
    let daemon = BenchDaemon::start();
    let people: Vec<Browser> = (0..STREAMS / EACH)
        .map(|number| Browser::of_guest(&daemon, number))
        .collect();
    let mut open = Vec::new();
    let mut sit = |cookies: &[String]| {
        let mut browser = Browser::new(daemon.address);
        browser.cookies = cookies.to_vec();
        browser.write("GET", "/ui/live", None, "");
        let head = browser.head();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        // The first words, after which it waits.
        browser.line();
        browser.line();
        open.push(browser);
    };
    // What is made once for all is there before anything is measured.
    sit(&people[0].cookies);
    let before = daemon.resident_mib();
    for person in &people {
        let rest = usize::from(person.cookies == people[0].cookies);
        for _ in rest..EACH {
            sit(&person.cookies);
        }
    }
    let grown = (daemon.resident_mib() - before) * 1024.0;
    rows.push(Row {
        name: format!("memory of an open page ({STREAMS} of them)"),
        measured: format!("{:.1} KiB", grown / (STREAMS - 1) as f64),
        target: "≤ 100 KiB",
        original: "–",
        baseline: String::new(),
    });
}
