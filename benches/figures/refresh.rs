//! A token that has ended: how often its provider is asked, and what everybody else notices while the
//! provider's token endpoint hangs.

use super::Row;
use super::daemon::{BenchAgent, BenchDaemon};
use super::http::Connection as Http;
use super::load::{drive, signed_resolves};
use authsome::clock::{Clock, SystemClock};
use authsome::model::connection::Account;
use authsome::model::provider::AuthType;
use authsome::model::{
    Connection, ConnectionState, Credential, MasterKeySource, PrincipalId, ProviderClient, VaultId,
};
use authsome::secret::{AccessToken, RefreshToken};
use authsome::store::{Location, ProviderClientRecord, Store};
use authsome::vault::{CredentialAddress, Vaults};
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};

const CALLERS: usize = 200;

/// A token endpoint on this machine that counts, and can be held.
struct Provider {
    port: u16,
    calls: AtomicUsize,
    held: Mutex<bool>,
    changed: Condvar,
    over: AtomicBool,
}

impl Provider {
    fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let provider = Arc::new(Self {
            port: listener.local_addr().expect("an address").port(),
            calls: AtomicUsize::new(0),
            held: Mutex::new(false),
            changed: Condvar::new(),
            over: AtomicBool::new(false),
        });
        let shared = Arc::clone(&provider);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.over.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || drop(shared.attend(stream)));
            }
        });
        provider
    }

    fn attend(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            } else if line.is_empty() {
                break;
            }
        }
        stream.read_exact(&mut vec![0; length])?;
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let mut held = self.held.lock().expect("a lock");
        self.changed.notify_all();
        while *held {
            held = self.changed.wait(held).expect("a lock");
        }
        drop(held);
        let body = json!({
            "access_token": format!("access-{number}"), "refresh_token": format!("refresh-{number}"),
            "token_type": "Bearer", "expires_in": 3_600,
        })
        .to_string();
        let opening = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
        let answer = format!("{opening}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.get_mut().write_all(answer.as_bytes())
    }

    fn hold(&self, is_held: bool) {
        *self.held.lock().expect("a lock") = is_held;
        self.changed.notify_all();
    }

    fn wait_for(&self, calls: usize) {
        let mut held = self.held.lock().expect("a lock");
        while self.calls.load(Ordering::SeqCst) < calls {
            held = self.changed.wait(held).expect("a lock");
        }
    }

    fn definition(&self) -> Value {
        let url = |path: &str| format!("http://127.0.0.1:{}{path}", self.port);
        json!({
            "name": "acme", "display_name": "Acme", "auth_type": "oauth2", "flow": "pkce",
            "api_url": "api.acme.example",
            "oauth": {"authorization_url": url("/authorize"), "token_url": url("/token")},
        })
    }
}

pub(crate) fn refreshes(rows: &mut Vec<Row>) {
    let provider = Provider::start();
    let env = [("AUTHSOME_PRIVATE_HOSTS", "127.0.0.1")];
    let daemon = BenchDaemon::with(&env);
    let agent = daemon.agent();
    let me = agent.call("GET", "/whoami", &Value::Null);
    let home = daemon.home.clone();
    let dir = daemon.stop();
    let providers = home.join("providers");
    std::fs::create_dir_all(&providers).expect("a directory");
    let definition = provider.definition().to_string();
    std::fs::write(providers.join("acme.json"), definition).expect("a file");
    fill(&home, &me);
    let daemon = BenchDaemon::on_with(dir, &env);
    let agent = agent.at(&daemon);
    agent.log_in(
        "openai",
        "default",
        "sk-bench-0000000000000000000000000000000000",
    );
    stampede(&daemon, &agent, &provider, rows);
    hanging(&daemon, &agent, &provider, rows);
    provider.hold(false);
    provider.over.store(true, Ordering::Relaxed);
}

fn stampede(daemon: &BenchDaemon, agent: &BenchAgent, provider: &Provider, rows: &mut Vec<Row>) {
    let body = |_| r#"{"provider":"acme","connection":"c0"}"#.to_owned();
    let requests = signed_resolves(agent, CALLERS, body);
    let together = Barrier::new(CALLERS);
    let tokens: BTreeSet<String> = std::thread::scope(|scope| {
        let callers: Vec<_> = requests
            .iter()
            .map(|request| {
                scope.spawn(|| {
                    let mut connection = Http::open(daemon.address);
                    together.wait();
                    let (status, answer) = connection.exchange(request);
                    assert!(status == 200, "{status}");
                    let answer: Value = serde_json::from_slice(answer).expect("JSON");
                    answer["headers"]["Authorization"].to_string()
                })
            })
            .collect();
        let joined = callers
            .into_iter()
            .map(|caller| caller.join().expect("an answer"));
        joined.collect()
    });
    rows.push(Row {
        name: format!("{CALLERS} callers at once for a token that has ended: token calls"),
        measured: format!(
            "{}; {} token for everybody",
            provider.calls.load(Ordering::SeqCst),
            tokens.len()
        ),
        target: "1",
        original: "–",
        baseline: String::new(),
    });
}

fn hanging(daemon: &BenchDaemon, agent: &BenchAgent, provider: &Provider, rows: &mut Vec<Row>) {
    let body = |_| r#"{"provider":"openai","connection":null}"#.to_owned();
    let load = || drive(daemon.address, &signed_resolves(agent, 20_000, body)).p99;
    load();
    let before = load().as_secs_f64() * 1e3;
    let calls = provider.calls.load(Ordering::SeqCst);
    provider.hold(true);
    let waiting = std::thread::scope(|scope| {
        for number in 1..=16 {
            let body = format!(r#"{{"provider":"acme","connection":"c{number}"}}"#);
            let request = agent.signed("POST", "/credentials/resolve", &body);
            // Answered when the provider is let go.
            scope.spawn(move || {
                let mut connection = Http::open(daemon.address);
                connection.exchange(&request).0
            });
        }
        provider.wait_for(calls + 16);
        let during = load().as_secs_f64() * 1e3;
        provider.hold(false);
        during
    });
    rows.push(Row {
        name: "resolving elsewhere while 16 refreshes hang at a token endpoint, p99".to_owned(),
        measured: format!("{waiting:.2} ms"),
        target: "< 2 × before",
        original: "–",
        baseline: format!("{:.2} × before ({before:.2} ms)", waiting / before),
    });
}

/// Our client at the provider, and logins there whose tokens have ended.
fn fill(home: &Path, me: &Value) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let text = |name: &str| me[name].as_str().unwrap_or_default().to_owned();
    let vault: VaultId = text("vault_id").parse().expect("a vault");
    let owner: PrincipalId = text("principal_id").parse().expect("a principal");
    runtime.block_on(async {
        let location = Location::Sqlite(home.join("server/store.db"));
        let store = Store::open(location, Arc::new(SystemClock));
        let store = store.await.expect("the store opens");
        let key = MasterKeySource::HomeFile(home.join("server/master.key"));
        let vaults = Vaults::unlock(&store, key).await.expect("the vault opens");
        let now = SystemClock.now();
        let provider = "acme".parse().expect("a name");
        let client = ProviderClient {
            client_id: "bench".to_owned(),
            client_secret: None,
            base_url: None,
        };
        let sealed = vaults.seal_client(&provider, 1, &client).await;
        let client = ProviderClientRecord {
            provider,
            version: 1,
            metadata: serde_json::Map::new(),
            sealed: sealed.expect("it seals"),
            created_at: now,
            updated_at: now,
        };
        let mut batch = Vec::new();
        for number in 0..=16 {
            let ended = now - std::time::Duration::from_mins(1);
            let credential = Credential::OAuth2 {
                access_token: AccessToken::new("ended"),
                refresh_token: Some(RefreshToken::new("refresh-0")),
                token_type: "Bearer".to_owned(),
                expires_at: Some(ended),
            };
            let connection = numbered(number, &vault, &owner, ended);
            let address = CredentialAddress::of(&connection);
            let sealed = vaults.seal_credential(&address, &credential).await;
            batch.push((connection, sealed.expect("it seals")));
        }
        let written: Result<(), authsome::store::Error> = store
            .write(move |tx| {
                async move {
                    tx.insert_provider_client(&client).await?;
                    for (connection, sealed) in &batch {
                        tx.insert_connection(connection, sealed).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await;
        written.expect("it is stored");
        store.close().await;
    });
}

fn numbered(
    number: usize,
    vault: &VaultId,
    owner: &PrincipalId,
    ended: time::OffsetDateTime,
) -> Connection {
    Connection {
        vault: vault.clone(),
        provider: "acme".parse().expect("a provider"),
        name: format!("c{number}").parse().expect("a name"),
        is_default: number == 0,
        auth_type: AuthType::OAuth2,
        state: ConnectionState::Connected {
            expires_at: Some(ended),
        },
        scopes: Vec::new(),
        base_url: None,
        api_url: None,
        account: Account::default(),
        principal: owner.clone(),
        obtained_at: ended - std::time::Duration::from_hours(1),
        refreshable: true,
        version: 1,
    }
}
