//! A daemon that knows a provider `acme`, which is an OAuth server of the test's own.

use super::agent::Agent;
use super::browser::Browser;
use super::daemon::{DaemonBuilder, TestDaemon};
use super::http::Answer;
use super::oauth_server::{Auth, OAuthServer};
use serde_json::{Value, json};
use std::fs;
use tempfile::TempDir;

pub(crate) const CLIENT_ID: &str = "authsome-of-acme";
/// With what must be encoded on its way.
pub(crate) const CLIENT_SECRET: &str = "s3:cr+t &/%41";

/// A daemon and its provider.
#[derive(Debug)]
pub(crate) struct OAuthHome {
    pub(crate) daemon: TestDaemon,
    pub(crate) server: OAuthServer,
    _home: TempDir,
}

/// A login that was begun, with its page open in a browser.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) agent: Agent,
    pub(crate) login: Value,
    pub(crate) browser: Browser,
    pub(crate) page: Answer,
}

impl OAuthHome {
    pub(crate) fn start() -> Self {
        Self::with(|definition| definition, |daemon| daemon)
    }

    /// With a definition and a daemon that a test has changed.
    pub(crate) fn with(
        define: impl FnOnce(Value) -> Value,
        configure: impl FnOnce(DaemonBuilder) -> DaemonBuilder,
    ) -> Self {
        let server = OAuthServer::start();
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        let providers = home.join("providers");
        fs::create_dir_all(&providers).unwrap();
        let definition = define(definition(&server));
        fs::write(providers.join("acme.json"), definition.to_string()).unwrap();
        let builder = TestDaemon::builder()
            .home(&home)
            .env("AUTHSOME_PRIVATE_HOSTS", "localhost")
            .env("AUTHSOME_UPSTREAM_CA_FILE", server.ca().to_str().unwrap());
        let daemon = configure(builder).start();
        let back = format!("{}/auth/callback/oauth", daemon.url());
        server.client(CLIENT_ID, Some(CLIENT_SECRET), Auth::Form, &[&back]);
        Self {
            daemon,
            server,
            _home: dir,
        }
    }

    /// A login of a new agent, opened in a new browser.
    #[track_caller]
    pub(crate) fn opened(&self, wish: &Value) -> Opened {
        let agent = self.daemon.agent("scout");
        let login = begin(&agent, wish);
        let mut browser = self.daemon.browser();
        let page = open(&mut browser, &login);
        Opened {
            agent,
            login,
            browser,
            page,
        }
    }

    /// A whole login, as a person does it who allows everything; answers with the last page.
    #[track_caller]
    pub(crate) fn log_in(&self, agent: &Agent, wish: &Value) -> Answer {
        let login = begin(agent, wish);
        let mut browser = self.daemon.browser();
        let page = open(&mut browser, &login);
        let at_provider = go_on(&mut browser, &page);
        let back = self.server.approve(&at_provider);
        browser.open(&back)
    }
}

impl Opened {
    /// Presses Continue on the page; answers with the URL of the provider.
    #[track_caller]
    pub(crate) fn go_on(&mut self) -> String {
        go_on(&mut self.browser, &self.page)
    }
}

/// Begins a login of an agent at `acme`.
#[track_caller]
pub(crate) fn begin(agent: &Agent, wish: &Value) -> Value {
    let mut body = json!({"provider": "acme"});
    for (name, value) in wish.as_object().unwrap() {
        body[name] = value.clone();
    }
    agent.post("/auth/sessions", &body).expect(200).json()
}

/// Opens the page of a login.
#[track_caller]
pub(crate) fn open(browser: &mut Browser, login: &Value) -> Answer {
    let url = login["next_action"]["url"].as_str().unwrap();
    browser.open(url).expect(200)
}

/// Presses Continue, with our client filled in where the page asks for it; answers with the URL
/// of the provider.
#[track_caller]
pub(crate) fn go_on(browser: &mut Browser, page: &Answer) -> String {
    let client = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let asked = page.text().contains("name=\"client_id\"");
    let fields = if asked { &client[..] } else { &[] };
    let sent = browser.submit(page, "/input", fields).expect(303);
    sent.header("location").unwrap().to_owned()
}

/// All endpoints are at the server; its API takes the token as a bearer.
pub(crate) fn definition(server: &OAuthServer) -> Value {
    json!({
        "name": "acme", "display_name": "Acme", "auth_type": "oauth2", "flow": "pkce",
        "api_url": format!("https://{}/api", server.authority()),
        "oauth": {
            "authorization_url": server.url("/authorize"),
            "token_url": server.url("/token"),
            "revocation_url": server.url("/revoke"),
            "device_authorization_url": server.url("/device/authorize"),
            "scopes": ["read", "write"],
            "pkce": true,
            "userinfo": {"url": server.url("/userinfo"), "id": "/id", "label": "/login"},
        },
        "export": {"ACME_TOKEN": "ACCESS_TOKEN"},
    })
}
