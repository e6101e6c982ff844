//! A hosted daemon with people: an administrator, guests who were invited, and their agents, all
//! made over HTTP as people and agents do.

use super::agent::Agent;
use super::browser::Browser;
use super::daemon::{HOSTED_URL, TestDaemon};
use super::http::Answer;
use serde_json::json;
use tempfile::TempDir;

const SETUP: &str = "a-setup-token-0123456789-0123456789-abcdef";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The daemon, and the browser of its administrator.
pub(crate) struct Hosted {
    pub(crate) daemon: TestDaemon,
    pub(crate) admin: Browser,
    _setup: TempDir,
}

impl Hosted {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("setup");
        std::fs::write(&file, format!("{SETUP}\n")).unwrap();
        let daemon = TestDaemon::builder()
            .hosted()
            .env("AUTHSOME_SETUP_TOKEN_FILE", file.to_str().unwrap())
            .start();
        let mut admin = browser_at(&daemon);
        let link = format!("/auth/register?token={SETUP}");
        sign_up(&mut admin, &link, "admin@example.test").expect(303);
        Self {
            daemon,
            admin,
            _setup: dir,
        }
    }

    pub(crate) fn browser(&self) -> Browser {
        browser_at(&self.daemon)
    }

    /// The browser of somebody whom `boss`, an administrator's agent, invites.
    pub(crate) fn guest(&self, boss: &Agent, email: &str) -> Browser {
        let wish = json!({"role": "user"});
        let invitation = boss.post("/admin/invitations", &wish).expect(200).json();
        let mut browser = self.browser();
        let link = invitation["url"].as_str().unwrap();
        sign_up(&mut browser, link, email).expect(303);
        browser
    }

    pub(crate) fn stranger(&self, handle: &str) -> Agent {
        Agent::unregistered(self.daemon.address(), HOSTED_URL, handle)
    }

    /// A new agent that the person at `browser` accepts.
    pub(crate) fn agent_of(&self, browser: &mut Browser, handle: &str) -> Agent {
        let agent = self.stranger(handle);
        let page = browser.open(&claim_link(&agent)).expect(200);
        browser.submit(&page, "/confirm", &[]).expect(303);
        agent
    }
}

/// Registers, and gives the link by which somebody accepts.
pub(crate) fn claim_link(agent: &Agent) -> String {
    let registered = agent.register().expect(200).json();
    registered["claim_url"].as_str().unwrap().to_owned()
}

fn browser_at(daemon: &TestDaemon) -> Browser {
    Browser::new(daemon.address(), HOSTED_URL.to_owned())
}

fn sign_up(browser: &mut Browser, link: &str, email: &str) -> Answer {
    let page = browser.open(link).expect(200);
    let fields = [("email", email), ("password", PASSWORD)];
    browser.submit(&page, "/auth/register", &fields)
}
