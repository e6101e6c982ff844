//! The same with 10, 1,000 and 100,000 connections stored, and listing 1,000 of them.

use super::Row;
use super::daemon::{BenchAgent, BenchDaemon};
use super::http::Connection as Http;
use super::load::{Outcome, drive, signed_resolves};
use super::walls::{self, median_ms};
use authsome::clock::{Clock, SystemClock};
use authsome::model::MasterKeySource;
use authsome::model::connection::Account;
use authsome::model::provider::AuthType;
use authsome::model::{Connection, ConnectionState, Credential, PrincipalId, VaultId};
use authsome::secret::ApiKey;
use authsome::store::{Location, Store};
use authsome::vault::{CredentialAddress, Vaults};
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const BATCH: usize = 1_000;
const ROUNDS: usize = 5;
/// Requests of a round.
const ROUND: usize = 8_000;
const WARM_UP: usize = 4_000;

/// A daemon with so many connections stored, and what its rounds of load did.
struct Filled {
    stored: usize,
    daemon: BenchDaemon,
    agent: BenchAgent,
    /// One connection, asked for all the time.
    same: Vec<Outcome>,
    /// Another one each time: of a hundred thousand none is remembered.
    in_turn: Vec<Outcome>,
}

impl Filled {
    fn start(stored: usize) -> Self {
        let daemon = BenchDaemon::start();
        let agent = daemon.agent();
        let me = agent.call("GET", "/whoami", &Value::Null);
        let home = daemon.home.clone();
        let dir = daemon.stop();
        fill(&home, &me, stored);
        let daemon = BenchDaemon::on(dir);
        let agent = agent.at(&daemon);
        Self {
            stored,
            daemon,
            agent,
            same: Vec::new(),
            in_turn: Vec::new(),
        }
    }

    fn round(&mut self, number: usize) {
        let outcome = self.load(ROUND, |_| 0);
        self.same.push(outcome);
        let stored = self.stored;
        let outcome = self.load(ROUND, |n| (number * ROUND + n) * 7919 % stored);
        self.in_turn.push(outcome);
    }

    fn load(&self, count: usize, which: impl Fn(usize) -> usize) -> Outcome {
        let body = |n: usize| {
            json!({"provider": "openai", "connection": format!("c{}", which(n))}).to_string()
        };
        drive(
            self.daemon.address,
            &signed_resolves(&self.agent, count, body),
        )
    }
}

/// The three take turns, because the machine is not equally fast all the time and what counts is how
/// they compare.
pub(crate) fn sizes(rows: &mut Vec<Row>) {
    let mut all = [10, 1_000, 100_000].map(Filled::start);
    for filled in &all {
        filled.load(WARM_UP, |_| 0);
    }
    for number in 0..ROUNDS {
        for filled in &mut all {
            filled.round(number);
        }
    }
    let a_thousand = &all[1];
    list(&a_thousand.daemon, &a_thousand.agent, rows);
    walls::list(&a_thousand.daemon, rows);
    log_in(&a_thousand.agent, rows);
    rows.extend(compared(
        &all,
        ", each used in turn",
        "p50 within 1.5 ×",
        |filled| &filled.in_turn,
    ));
    // The easier one beside it, which says how much of that is the looking up: no target of its own.
    rows.extend(compared(&all, ", one used all the time", "–", |filled| {
        &filled.same
    }));
}

fn compared(
    all: &[Filled],
    how: &str,
    target: &'static str,
    rounds: impl Fn(&Filled) -> &[Outcome],
) -> Vec<Row> {
    let base = median(rounds(&all[0]), |outcome| outcome.p50.as_secs_f64());
    let row = |filled: &Filled| {
        let rounds = rounds(filled);
        let p50 = median(rounds, |outcome| outcome.p50.as_secs_f64());
        let p99 = median(rounds, |outcome| outcome.p99.as_secs_f64());
        Row {
            name: format!("the same with {} connections stored{how}", filled.stored),
            measured: format!(
                "p50 {:.2} ms, p99 {:.2} ms, {:.0}/s",
                p50 * 1e3,
                p99 * 1e3,
                median(rounds, |outcome| outcome.per_second)
            ),
            target,
            original: "–",
            baseline: format!("{:.2} × the p50 with 10", p50 / base),
        }
    };
    all.iter().map(row).collect()
}

fn median(rounds: &[Outcome], of: impl Fn(&Outcome) -> f64) -> f64 {
    let mut all: Vec<f64> = rounds.iter().map(of).collect();
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}

/// The pages with a thousand connections.
pub(crate) fn pages(rows: &mut Vec<Row>) {
    const STORED: usize = 1_000;
    let daemon = BenchDaemon::start();
    let agent = daemon.agent();
    let me = agent.call("GET", "/whoami", &Value::Null);
    let home = daemon.home.clone();
    let dir = daemon.stop();
    fill(&home, &me, STORED);
    let daemon = BenchDaemon::on(dir);
    let agent = agent.at(&daemon);
    // Half of them were used.
    let body = |n: usize| {
        json!({"provider": "openai", "connection": format!("c{}", n % (STORED / 2))}).to_string()
    };
    drive(daemon.address, &signed_resolves(&agent, STORED / 2, body));
    super::pages::pages(&daemon, &agent, STORED, rows);
}

fn list(daemon: &BenchDaemon, agent: &BenchAgent, rows: &mut Vec<Row>) {
    let mut connection = Http::open(daemon.address);
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let request = agent.signed("GET", "/connections", "");
            let start = Instant::now();
            let (status, body) = connection.exchange(&request);
            assert!(
                status == 200 && body.len() > 100_000,
                "a thousand connections are listed"
            );
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    rows.push(Row {
        name: "`GET /connections` with 1,000 stored".to_owned(),
        measured: format!("{:.2} ms", times[times.len() / 2].as_secs_f64() * 1e3),
        target: "≤ 5 ms",
        original: "113 ms",
        baseline: String::new(),
    });
}

/// Beginning a login and answering it with a key: both requests, proofs and commits included.
fn log_in(agent: &BenchAgent, rows: &mut Vec<Row>) {
    let mut round = 0;
    let time = median_ms(|| {
        round += 1;
        let name = format!("login-{round}");
        let start = Instant::now();
        agent.log_in(
            "openai",
            &name,
            "sk-bench-0000000000000000000000000000000000",
        );
        start.elapsed()
    });
    rows.push(Row {
        name: "login with an API key, both requests, 1,000 stored".to_owned(),
        measured: format!("{time:.2} ms"),
        target: "≤ 30 ms",
        original: "–",
        baseline: String::new(),
    });
}

/// Stores connections the way the daemon does, while it is stopped.
fn fill(home: &Path, me: &Value, count: usize) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let vault: VaultId = me["vault_id"]
        .as_str()
        .and_then(|t| t.parse().ok())
        .expect("a vault");
    let owner: PrincipalId = me["principal_id"]
        .as_str()
        .and_then(|t| t.parse().ok())
        .expect("a principal");
    runtime.block_on(async {
        let location = Location::Sqlite(home.join("server/store.db"));
        let store = Store::open(location, Arc::new(SystemClock))
            .await
            .expect("the store opens");
        let key = MasterKeySource::HomeFile(home.join("server/master.key"));
        let vaults = Vaults::unlock(&store, key).await.expect("the vault opens");
        for start in (0..count).step_by(BATCH) {
            let mut batch = Vec::new();
            for n in start..count.min(start + BATCH) {
                let connection = numbered(n, &vault, &owner);
                let credential = Credential::ApiKey {
                    key: ApiKey::new(format!("sk-bench-{n:040}")),
                };
                let address = CredentialAddress::of(&connection);
                let sealed = vaults
                    .seal_credential(&address, &credential)
                    .await
                    .expect("it seals");
                batch.push((connection, sealed));
            }
            let written: Result<(), authsome::store::Error> = store
                .write(move |tx| {
                    async move {
                        for (connection, sealed) in &batch {
                            tx.insert_connection(connection, sealed).await?;
                        }
                        Ok(())
                    }
                    .boxed()
                })
                .await;
            written.expect("it is stored");
        }
        store.close().await;
    });
}

fn numbered(n: usize, vault: &VaultId, owner: &PrincipalId) -> Connection {
    Connection {
        vault: vault.clone(),
        provider: "openai".parse().expect("a provider"),
        name: format!("c{n}").parse().expect("a name"),
        is_default: n == 0,
        auth_type: AuthType::ApiKey,
        state: ConnectionState::Connected { expires_at: None },
        scopes: Vec::new(),
        base_url: None,
        api_url: None,
        account: Account::default(),
        principal: owner.clone(),
        obtained_at: SystemClock.now(),
        refreshable: false,
        version: 1,
    }
}
