//! The built binary as a real daemon process on a free port and a home of its own.

use super::agent::Agent;
use super::browser::Browser;
use super::http::{Answer, PATIENCE, Request};
use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// How a test wants its daemon.
#[derive(Debug, Default)]
pub(crate) struct DaemonBuilder {
    home: Option<PathBuf>,
    env: Vec<(String, String)>,
    listen: Option<String>,
}

impl DaemonBuilder {
    /// Uses a home that is already there, and leaves it there.
    pub(crate) fn home(mut self, home: &Path) -> Self {
        self.home = Some(home.to_owned());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// The address to listen on; a free loopback port unless told.
    pub(crate) fn listen(mut self, address: &str) -> Self {
        self.listen = Some(address.into());
        self
    }

    /// Hosted mode behind `https://authsome.example.test`, with a known setup token.
    pub(crate) fn hosted(self) -> Self {
        self.env("AUTHSOME_SERVER_BASE_URL", HOSTED_URL)
    }

    /// Starts it and waits until it says that it is ready.
    pub(crate) fn start(self) -> TestDaemon {
        self.try_start()
            .unwrap_or_else(|failure| panic!("the daemon did not start:\n{failure}"))
    }

    /// Starts it; a daemon that ends before it is ready gives what it wrote to stderr.
    pub(crate) fn try_start(self) -> Result<TestDaemon, String> {
        let (own_home, path) = if let Some(path) = &self.home {
            (None, path.clone())
        } else {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("home");
            (Some(dir), path)
        };
        let runtime = tempfile::tempdir().unwrap();
        let notify = runtime.path().join("notify");
        let socket = UnixDatagram::bind(&notify).unwrap();
        socket
            .set_read_timeout(Some(std::time::Duration::from_millis(50)))
            .unwrap();
        let stderr = runtime.path().join("stderr");
        let mut child = command(&path, &self.env)
            .args(["daemon", "serve"])
            .env(
                "AUTHSOME_LISTEN",
                self.listen.as_deref().unwrap_or("127.0.0.1:0"),
            )
            .env("NOTIFY_SOCKET", &notify)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        match wait_until_ready(&mut child, &socket) {
            Some(address) => Ok(TestDaemon {
                child,
                address,
                home: path,
                env: self.env,
                stderr,
                own_home,
                runtime,
            }),
            None => Err(std::fs::read_to_string(&stderr).unwrap_or_default()),
        }
    }
}

/// The base URL of [`DaemonBuilder::hosted`].
pub(crate) const HOSTED_URL: &str = "https://authsome.example.test";

/// A running daemon; killed when dropped.
#[derive(Debug)]
pub(crate) struct TestDaemon {
    child: Child,
    address: SocketAddr,
    home: PathBuf,
    env: Vec<(String, String)>,
    stderr: PathBuf,
    own_home: Option<TempDir>,
    runtime: TempDir,
}

impl TestDaemon {
    /// A daemon in loopback mode on an empty home.
    pub(crate) fn start() -> Self {
        Self::builder().start()
    }

    pub(crate) fn builder() -> DaemonBuilder {
        DaemonBuilder::default()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the daemon wrote to stderr so far.
    pub(crate) fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.memory_kib("VmRSS:")
    }

    /// The most resident memory it ever had, in KiB.
    pub(crate) fn peak_resident_kib(&self) -> u64 {
        self.memory_kib("VmHWM:")
    }

    fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Sends a request of nobody.
    pub(crate) fn send(&self, request: &Request) -> Answer {
        request.send(self.address)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.send(&Request::new("GET", target))
    }

    /// A registered agent bound to the home's local admin, with a key of its own.
    pub(crate) fn agent(&self, handle: &str) -> Agent {
        Agent::bound_locally(self, handle)
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address, format!("http://{}", self.address))
    }

    /// The command line as a user of this home and daemon would run it.
    pub(crate) fn cli(&self, args: &[&str]) -> assert_cmd::Command {
        let mut command = command(&self.home, &[]);
        command.env("AUTHSOME_DAEMON_URL", self.url()).args(args);
        assert_cmd::Command::from_std(command)
    }

    /// kill -9, then the same home again; the port changes.
    pub(crate) fn crash_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.start_again();
    }

    /// The same, on the port it had.
    pub(crate) fn crash_and_restart_in_place(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let here = self.address.to_string();
        self.start_as(Self::builder().listen(&here));
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn stop(&mut self) -> std::process::ExitStatus {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap()
    }

    /// Starts a stopped daemon on the same home.
    pub(crate) fn start_again(&mut self) {
        self.start_as(Self::builder());
    }

    fn start_as(&mut self, builder: DaemonBuilder) {
        let mut builder = builder.home(&self.home);
        builder.env = self.env.clone();
        let mut next = builder.start();
        std::mem::swap(&mut self.child, &mut next.child);
        std::mem::swap(&mut self.stderr, &mut next.stderr);
        std::mem::swap(&mut self.runtime, &mut next.runtime);
        self.address = next.address;
    }
}

impl Drop for TestDaemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary with an environment that knows nothing of the machine it runs on.
pub(crate) fn command(home: &Path, env: &[(String, String)]) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "a child process needs the path of its tools"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(env!("CARGO_BIN_EXE_authsome"));
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", home.parent().unwrap_or(home))
        .env("AUTHSOME_HOME", home)
        .envs(env.iter().map(|(name, value)| (name, value)));
    command
}

/// Waits for `READY=1`, which carries the address in `STATUS=listening on …` (the systemd protocol).
fn wait_until_ready(child: &mut Child, socket: &UnixDatagram) -> Option<SocketAddr> {
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut buffer = [0; 4096];
    while std::time::Instant::now() < deadline {
        if let Ok(length) = socket.recv(&mut buffer) {
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if message.lines().any(|line| line == "READY=1") {
                let status = message
                    .lines()
                    .find_map(|l| l.strip_prefix("STATUS=listening on "));
                return status.and_then(|address| address.parse().ok());
            }
        } else if child.try_wait().unwrap().is_some() {
            return None;
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}
