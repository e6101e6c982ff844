//! The built daemon on a home of its own, and an agent that talks to it.

use super::http::{Connection, request};
use authsome::clock::{Clock, SystemClock};
use authsome::crypto::keypair::SigningKeyPair;
use authsome::crypto::proof::{ProofRequest, issue};
use authsome::model::Handle;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The release binary under measurement.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_authsome");

/// A running daemon; ended when dropped.
pub(crate) struct BenchDaemon {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) home: PathBuf,
    dir: TempDir,
}

impl BenchDaemon {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// On an empty home, with something in its environment.
    pub(crate) fn with(env: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self::on_with(dir, env)
    }

    /// Starts on `dir/home` and waits until it says that it is ready.
    pub(crate) fn on(dir: TempDir) -> Self {
        Self::on_with(dir, &[])
    }

    pub(crate) fn on_with(dir: TempDir, env: &[(&str, &str)]) -> Self {
        let home = dir.path().join("home");
        let notify = dir.path().join("notify");
        let _ = std::fs::remove_file(&notify);
        let socket = UnixDatagram::bind(&notify).expect("a socket");
        socket
            .set_read_timeout(Some(Duration::from_mins(1)))
            .expect("a socket takes options");
        let child = command(&home)
            .args(["daemon", "serve"])
            .env("AUTHSOME_LISTEN", "127.0.0.1:0")
            .env("NOTIFY_SOCKET", &notify)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let address = ready(&socket);
        Self {
            child,
            address,
            home,
            dir,
        }
    }

    /// Ends it in order and gives the home back.
    pub(crate) fn stop(mut self) -> TempDir {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(pid),
            nix::sys::signal::Signal::SIGTERM,
        );
        let _ = self.child.wait();
        let empty = tempfile::tempdir().expect("a temporary directory");
        std::mem::replace(&mut self.dir, empty)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn resident_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("the process is there");
        let kib: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .expect("Linux tells");
        kib / 1024.0
    }

    /// A registered agent bound to the home's administrator.
    pub(crate) fn agent(&self) -> BenchAgent {
        let agent = BenchAgent {
            handle: "bench-agent".parse().expect("a handle"),
            key: SigningKeyPair::generate(),
            address: self.address,
            origin: self.url(),
        };
        let did = agent.key.did();
        agent.call(
            "POST",
            "/identities/register",
            &json!({"handle": agent.handle, "did": did}),
        );
        let secret =
            std::fs::read_to_string(self.home.join("server/bind.secret")).expect("the secret");
        agent.call(
            "POST",
            "/identities/bench-agent/bind-local",
            &json!({"secret": secret.trim()}),
        );
        agent
    }
}

impl Drop for BenchDaemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary on `home`, with nothing else of the environment.
pub(crate) fn command(home: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", home)
        .env("AUTHSOME_HOME", home);
    command
}

/// Waits for `READY=1` and reads the address from its status.
fn ready(socket: &UnixDatagram) -> SocketAddr {
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).expect("the daemon gets ready");
        let message = String::from_utf8_lossy(&buffer[..length]);
        let address = message
            .lines()
            .find_map(|line| line.strip_prefix("STATUS=listening on "));
        if let Some(address) = address {
            return address.parse().expect("an address");
        }
    }
}

/// An identity with its key.
pub(crate) struct BenchAgent {
    handle: Handle,
    key: SigningKeyPair,
    address: SocketAddr,
    origin: String,
}

impl BenchAgent {
    /// The same identity at another address (the daemon was started again).
    pub(crate) fn at(mut self, daemon: &BenchDaemon) -> Self {
        self.address = daemon.address;
        self.origin = daemon.url();
        self
    }

    /// A whole signed request, ready to be sent once.
    pub(crate) fn signed(&self, method: &str, target: &str, body: &str) -> Vec<u8> {
        let url = format!("{}{target}", self.origin);
        let proof = issue(
            &self.key,
            &ProofRequest {
                handle: &self.handle,
                method,
                url: &url,
                body: body.as_bytes(),
                now: SystemClock.now(),
            },
        )
        .expect("a proof");
        request(
            method,
            target,
            &self.address.to_string(),
            Some(&proof),
            body,
        )
    }

    pub(crate) fn call(&self, method: &str, target: &str, body: &Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut connection = Connection::open(self.address);
        let (status, answer) = connection.exchange(&self.signed(method, target, &body));
        let text = String::from_utf8_lossy(answer);
        assert!(status == 200, "{method} {target}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) fn log_in(&self, provider: &str, connection: &str, key: &str) {
        let begun = self.call(
            "POST",
            "/auth/sessions",
            &json!({"provider": provider, "connection": connection}),
        );
        let path = format!(
            "/auth/sessions/{}/resume",
            begun["id"].as_str().unwrap_or_default()
        );
        let done = self.call("POST", &path, &json!({"data": {"api_key": key}}));
        assert_eq!(done["status"], "completed", "{done}");
    }
}
