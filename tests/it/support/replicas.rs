//! Two daemons on one PostgreSQL, with a provider they both know and one agent of both.

use super::agent::Agent;
use super::daemon::{DaemonBuilder, TestDaemon};
use super::http::{Answer, Request};
use super::oauth_home::{CLIENT_ID, CLIENT_SECRET, begin};
use super::oauth_home::{definition, go_on, open};
use super::oauth_server::{Auth, OAuthServer};
use super::postgres::TestPostgres;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The daemons and their provider.
#[derive(Debug)]
pub(crate) struct Replicas {
    pub(crate) daemons: [TestDaemon; 2],
    pub(crate) server: OAuthServer,
    pub(crate) agent: Agent,
    _dir: TempDir,
}

impl Replicas {
    /// Both are there, and the agent is logged in at `acme`.
    pub(crate) fn start(postgres: &TestPostgres) -> Self {
        let server = OAuthServer::start();
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("master.key");
        authsome::files::create_private(&key, "a passphrase of two replicas".as_bytes()).unwrap();
        let database = postgres.database();
        let daemons = ["one", "other"].map(|name| {
            let home = dir.path().join(name);
            let providers = home.join("providers");
            std::fs::create_dir_all(&providers).unwrap();
            let text = definition(&server).to_string();
            std::fs::write(providers.join("acme.json"), text).unwrap();
            DaemonBuilder::default()
                .home(&home)
                .env("AUTHSOME_DATABASE_URL", &database)
                .env("AUTHSOME_MASTER_KEY_FILE", key.to_str().unwrap())
                .env("AUTHSOME_PRIVATE_HOSTS", "localhost")
                .env("AUTHSOME_UPSTREAM_CA_FILE", server.ca().to_str().unwrap())
                .start()
        });
        let back = format!("{}/auth/callback/oauth", daemons[0].url());
        server.client(CLIENT_ID, Some(CLIENT_SECRET), Auth::Form, &[&back]);
        let agent = daemons[0].agent("scout");
        let replicas = Self {
            daemons,
            server,
            agent,
            _dir: dir,
        };
        replicas.log_in("default");
        replicas
    }

    /// A whole login at the first daemon.
    #[track_caller]
    pub(crate) fn log_in(&self, name: &str) {
        let login = begin(&self.agent, &json!({"connection": name}));
        let mut browser = self.daemons[0].browser();
        let page = open(&mut browser, &login);
        let at_provider = go_on(&mut browser, &page);
        let back = self.server.approve(&at_provider);
        let done = browser.open(&back).expect(200).text();
        assert!(done.contains("Login successful"), "{done}");
    }

    /// Asks a daemon for the credential, as a client of that very daemon.
    pub(crate) fn resolve(&self, daemon: usize, name: &str) -> Answer {
        self.resolving(daemon, name)
            .send(self.daemons[daemon].address())
    }

    /// The request, signed for one daemon and not sent yet.
    pub(crate) fn resolving(&self, daemon: usize, name: &str) -> Request {
        let body = json!({"provider": "acme", "connection": name});
        resolving(&self.agent, &self.daemons[daemon], &body)
    }
}

/// A request for a credential by an agent that may be of another daemon on the same store.
pub(crate) fn resolving(agent: &Agent, daemon: &TestDaemon, body: &Value) -> Request {
    let visitor = agent.visiting(daemon);
    visitor.signed("POST", "/credentials/resolve", Some(body))
}

/// The access token of an answer.
#[track_caller]
pub(crate) fn token(answer: &Answer) -> String {
    let header = answer.clone().expect(200).json();
    let header = header["headers"]["Authorization"].as_str().unwrap();
    header.strip_prefix("Bearer ").unwrap().to_owned()
}
