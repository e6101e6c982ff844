//! An agent: a key of its own and signed requests, byte for byte what a client would send.

use super::daemon::TestDaemon;
use super::http::{Answer, Request};
use authsome::clock::{Clock, SystemClock};
use authsome::crypto::keypair::SigningKeyPair;
use authsome::crypto::proof::{ProofRequest, issue};
use authsome::model::Handle;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// An identity that talks to one daemon.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) handle: Handle,
    pub(crate) key: SigningKeyPair,
    address: SocketAddr,
    origin: String,
}

impl Agent {
    /// A key nobody has heard of; it believes the daemon at `address` answers for `origin`.
    pub(crate) fn unregistered(address: SocketAddr, origin: &str, handle: &str) -> Self {
        Self {
            handle: handle.parse().unwrap(),
            key: SigningKeyPair::generate(),
            address,
            origin: origin.to_owned(),
        }
    }

    /// An identity that the daemon knows already.
    pub(crate) fn with_key(daemon: &TestDaemon, handle: &str, key: SigningKeyPair) -> Self {
        Self {
            key,
            ..Self::unregistered(daemon.address(), &daemon.url(), handle)
        }
    }

    /// The same identity, at a daemon that was started again.
    pub(crate) fn at(self, daemon: &TestDaemon) -> Self {
        Self {
            address: daemon.address(),
            origin: daemon.url(),
            ..self
        }
    }

    /// The same agent, at another daemon on the same store.
    pub(crate) fn visiting(&self, daemon: &TestDaemon) -> Self {
        Self {
            handle: self.handle.clone(),
            key: SigningKeyPair::from_hex(&self.key.to_hex()).unwrap(),
            address: daemon.address(),
            origin: daemon.url(),
        }
    }

    /// Registered and bound to the local admin by the file secret of the home.
    pub(crate) fn bound_locally(daemon: &TestDaemon, handle: &str) -> Self {
        let agent = Self::unregistered(daemon.address(), &daemon.url(), handle);
        agent.register().expect(200);
        let secret = std::fs::read_to_string(daemon.home().join("server/bind.secret")).unwrap();
        let path = format!("/identities/{handle}/bind-local");
        agent
            .post(&path, &json!({"secret": secret.trim()}))
            .expect(200);
        agent
    }

    /// The signed registration.
    pub(crate) fn register(&self) -> Answer {
        let did = self.key.did();
        self.post(
            "/identities/register",
            &json!({"handle": self.handle, "did": did}),
        )
    }

    /// The proof of one request, for the URL this agent believes in.
    pub(crate) fn proof(&self, method: &str, target: &str, body: &[u8]) -> String {
        let url = format!("{}{target}", self.origin);
        let request = ProofRequest {
            handle: &self.handle,
            method,
            url: &url,
            body,
            now: SystemClock.now(),
        };
        issue(&self.key, &request).unwrap()
    }

    /// A signed request, not sent yet, so that a test can spoil it.
    pub(crate) fn signed(&self, method: &str, target: &str, body: Option<&Value>) -> Request {
        let mut request = Request::new(method, target);
        if let Some(body) = body {
            request = request.json(body);
        }
        let proof = self.proof(method, target, &request.body);
        let host = self.origin.split("//").nth(1).unwrap_or_default();
        request
            .header("Host", host)
            .header("Authorization", &format!("PoP {proof}"))
    }

    pub(crate) fn send(&self, request: &Request) -> Answer {
        request.send(self.address)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.send(&self.signed("GET", target, None))
    }

    pub(crate) fn post(&self, target: &str, body: &Value) -> Answer {
        self.send(&self.signed("POST", target, Some(body)))
    }

    pub(crate) fn delete(&self, target: &str) -> Answer {
        self.send(&self.signed("DELETE", target, None))
    }

    /// Logs in to an API-key provider the way a terminal does.
    pub(crate) fn log_in(&self, provider: &str, connection: &str, key: &str) {
        let begun = self
            .post(
                "/auth/sessions",
                &json!({"provider": provider, "connection": connection}),
            )
            .expect(200)
            .json();
        let path = format!("/auth/sessions/{}/resume", begun["id"].as_str().unwrap());
        let done = self
            .post(&path, &json!({"data": {"api_key": key}}))
            .expect(200)
            .json();
        assert_eq!(done["status"], "completed", "{done}");
    }

    /// Begins a login; the address of its form.
    pub(crate) fn login_url(&self, provider: &str) -> String {
        let wish = json!({"provider": provider});
        let login = self.post("/auth/sessions", &wish).expect(200).json();
        login["next_action"]["url"].as_str().unwrap().to_owned()
    }

    /// Asks for what to add to a request to `provider`.
    pub(crate) fn resolve(&self, provider: &str) -> Answer {
        self.post(
            "/credentials/resolve",
            &json!({"provider": provider, "connection": null}),
        )
    }
}
