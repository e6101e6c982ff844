//! The audit page over a million events: each filter, a search, and pages far back.

use super::Row;
use super::daemon::{BenchAgent, BenchDaemon};
use super::http::Connection;
use authsome::clock::{Clock, SystemClock};
use authsome::model::{AuditEvent, AuditRecord, EventName, Outcome, PrincipalId};
use authsome::store::{Location, Store};
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// Events in the log, unless the command names another number.
const EVENTS: usize = 1_000_000;
const BATCH: usize = 5_000;
const AGENTS: usize = 40;
const PROVIDERS: usize = 25;
/// The time that the events are spread over.
const SPREAD: time::Duration = time::Duration::days(30);
const ROUNDS: usize = 50;

/// `cargo bench --bench figures -- audit 50000` fills fewer.
pub(crate) fn page(rows: &mut Vec<Row>) {
    let number = std::env::args().find_map(|argument| argument.parse().ok());
    let events = number.unwrap_or(EVENTS);
    let daemon = BenchDaemon::start();
    let agent = daemon.agent();
    let me = agent.call("GET", "/whoami", &Value::Null);
    let home = daemon.home.clone();
    let dir = daemon.stop();
    let now = SystemClock.now();
    fill(&home, &me, events, now);
    let daemon = BenchDaemon::on(dir);
    let agent = agent.at(&daemon);
    let reader = Reader::sign_in(&daemon, &agent);
    reader.wait_until_counted();
    for (name, query) in queries(&me, now) {
        rows.push(reader.measure(&name, &query, events));
    }
}

fn queries(me: &Value, now: OffsetDateTime) -> Vec<(String, String)> {
    let principal = me["principal_id"].as_str().expect("a principal");
    let day = |days| (now - time::Duration::days(days)).date().to_string();
    let far_back = format!("until={}", day(29));
    [
        ("as it opens", String::new()),
        ("the last hour", "range=1h".to_owned()),
        ("the last 30 days", "range=30d".to_owned()),
        ("one account", format!("principal={principal}")),
        ("one agent", "agent=agent-7".to_owned()),
        ("an agent that was never there", "agent=nobody".to_owned()),
        ("one provider", "provider=provider-3".to_owned()),
        (
            "the most frequent event",
            "event=credential.resolved".to_owned(),
        ),
        ("a rare event", "event=login.completed".to_owned()),
        ("what was refused", "outcome=refused".to_owned()),
        (
            "provider, agent and outcome",
            "provider=provider-3&agent=agent-3&outcome=failure".to_owned(),
        ),
        ("a text that is often there", "q=agent-9".to_owned()),
        ("a text that is nowhere", "q=nowhere+at+all".to_owned()),
        ("far back", far_back.clone()),
        (
            "a text that is nowhere, far back",
            format!("{far_back}&q=nowhere"),
        ),
    ]
    .map(|(name, query)| (name.to_owned(), query))
    .to_vec()
}

/// A browser that is signed in.
struct Reader {
    address: std::net::SocketAddr,
    cookie: String,
}

impl Reader {
    fn sign_in(daemon: &BenchDaemon, agent: &BenchAgent) -> Self {
        let opened = agent.call("POST", "/session", &json!({}));
        let url = opened["url"].as_str().expect("a link");
        let target = url.strip_prefix(&daemon.url()).expect("a link of ours");
        let mut connection = Connection::open(daemon.address);
        connection.exchange(&get(daemon.address, target, ""));
        let cookie = connection.last_header("set-cookie").expect("a cookie");
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Self {
            address: daemon.address,
            cookie,
        }
    }

    fn page(&self, connection: &mut Connection, query: &str) -> String {
        let target = format!("/audit?{query}");
        let (status, body) = connection.exchange(&get(self.address, &target, &self.cookie));
        let text = String::from_utf8_lossy(body).into_owned();
        assert!(status == 200, "{target}: {status}: {text}");
        text
    }

    /// The daemon counts once a minute, and began when it started.
    fn wait_until_counted(&self) {
        let mut connection = Connection::open(self.address);
        while self
            .page(&mut connection, "")
            .contains("still being counted")
        {
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn measure(&self, name: &str, query: &str, events: usize) -> Row {
        let mut connection = Connection::open(self.address);
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let start = Instant::now();
                self.page(&mut connection, query);
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        let ms = |at: usize| times[at].as_secs_f64() * 1e3;
        Row {
            name: format!("audit page at {events} events: {name}"),
            measured: format!("p50 {:.2} ms, p99 {:.2} ms", ms(ROUNDS / 2), ms(ROUNDS - 1)),
            target: "≤ 20 ms",
            original: "–",
            baseline: String::new(),
        }
    }
}

fn get(to: std::net::SocketAddr, target: &str, cookie: &str) -> Vec<u8> {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {to}\r\nAccept: text/html\r\nSec-Fetch-Site: same-origin\r\n\
         Cookie: {cookie}\r\n\r\n"
    )
    .into_bytes()
}

/// Writes the events while the daemon is stopped: mostly uses of keys, some logins, some that went wrong.
fn fill(home: &Path, me: &Value, events: usize, now: OffsetDateTime) {
    let principal: PrincipalId = me["principal_id"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("a principal");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let location = Location::Sqlite(home.join("server/store.db"));
        let store = Store::open(location, Arc::new(SystemClock))
            .await
            .expect("the store opens");
        let step = SPREAD / u32::try_from(events).expect("not so many");
        for start in (0..events).step_by(BATCH) {
            let batch: Vec<_> = (start..events.min(start + BATCH))
                .map(|number| {
                    let at = now - SPREAD + step * u32::try_from(number).expect("not so many");
                    numbered(number, at, &principal)
                })
                .collect();
            let written: Result<(), authsome::store::Error> = store
                .write(move |tx| async move { tx.insert_past_events(&batch).await }.boxed())
                .await;
            written.expect("they are stored");
        }
        store.close().await;
    });
}

fn numbered(number: usize, at: OffsetDateTime, principal: &PrincipalId) -> AuditRecord {
    let (name, outcome) = match number % 200 {
        0 => (EventName::LoginCompleted, Outcome::Success),
        50 => (EventName::CredentialRefused, Outcome::Refused),
        100 => (EventName::CredentialRefreshFailed, Outcome::Failure),
        150 => (EventName::CredentialRefreshed, Outcome::Success),
        _ => (EventName::CredentialResolved, Outcome::Success),
    };
    // Each agent has a few providers of its own.
    let agent = number * 7919 % AGENTS;
    let provider = (agent + number % 3) % PROVIDERS;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let mut event = AuditEvent::new(name).ended(outcome);
    event.identity = format!("agent-{agent}").parse().ok();
    event.principal = Some(principal.clone());
    event.provider = format!("provider-{provider}").parse().ok();
    event.connection = Some("default".parse().expect("a name"));
    AuditRecord {
        id: format!("evt_{id}").parse().expect("an id"),
        at,
        event: event.with("way", "proxy").with("number", number),
    }
}
