//! `authsome run` as a user has it: a real daemon, a provider at a real HTTPS API, a stored key.

use crate::support::daemon::TestDaemon;
use crate::support::upstream::Upstream;
use serde_json::json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

/// The key that is stored for `acme`.
pub(crate) const KEY: &str = "sk-acme-Real_Key-000111222333";

/// A laptop with one connection.
pub(crate) struct Laptop {
    pub(crate) daemon: TestDaemon,
    pub(crate) upstream: Upstream,
    home: tempfile::TempDir,
}

impl Laptop {
    pub(crate) fn new() -> Self {
        let laptop = Self {
            daemon: TestDaemon::start(),
            upstream: Upstream::start(),
            home: tempfile::tempdir().unwrap(),
        };
        let definition = laptop.home.path().join("acme.json");
        let text = json!({
            "name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": "api_key",
            "api_url": laptop.upstream.api_url(),
            "api_key": {"header_name": "Authorization", "header_prefix": "Bearer"},
            "export": {"ACME_KEY": "API_TOKEN", "ACME_TOKEN": "API_TOKEN"},
            "placeholder": "sk-acme-{random:20}",
        });
        std::fs::write(&definition, text.to_string()).unwrap();
        let path = definition.to_str().unwrap();
        laptop
            .daemon
            .cli(&["register", path, "--yes"])
            .assert()
            .success();
        laptop.log_in("default");
        laptop
    }

    pub(crate) fn log_in(&self, connection: &str) {
        let args = ["login", "acme", "--connection", connection, "--key-stdin"];
        self.daemon.cli(&args).write_stdin(KEY).assert().success();
    }

    /// `authsome run ARGS`, not started yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        #[expect(
            clippy::disallowed_methods,
            reason = "a child needs the path of its tools"
        )]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut command = Command::new(env!("CARGO_BIN_EXE_authsome"));
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.home.path())
            .env("AUTHSOME_HOME", self.daemon.home())
            .env("AUTHSOME_DAEMON_URL", self.daemon.url())
            .env("AUTHSOME_UPSTREAM_CA_FILE", self.upstream.ca())
            .arg("run")
            .args(args)
            .stdin(Stdio::null());
        command
    }

    /// Runs `args` under `authsome run --` and gives its exit code, stdout and stderr.
    pub(crate) fn run(&self, args: &[&str]) -> (i32, String, String) {
        finished(self.command(&["--"]).args(args))
    }

    /// What a shell script prints under `run`; it must end well.
    #[track_caller]
    pub(crate) fn script(&self, text: &str) -> String {
        let (code, out, err) = self.run(&["sh", "-c", text]);
        assert_eq!(code, 0, "{out}\n{err}");
        out
    }

    /// Starts a shell script under `run` that prints a line, and then waits at a `read`.
    pub(crate) fn halted(&self, script: &str) -> Halted {
        let mut child = self
            .command(&["--", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        Halted { child, out, first }
    }
}

/// A run in the middle of its script.
pub(crate) struct Halted {
    child: Child,
    out: BufReader<ChildStdout>,
    /// The line it printed, with its end.
    pub(crate) first: String,
}

impl Halted {
    /// Lets it go on to its end; what else it wrote to stdout, and all of its stderr.
    pub(crate) fn go_on(mut self) -> (String, String) {
        let mut go = self.child.stdin.take().unwrap();
        go.write_all(b"go\n").unwrap();
        drop(go);
        let output = self.child.wait_with_output().unwrap();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (rest, told)
    }
}

pub(crate) fn finished(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(output.stdout),
        text(output.stderr),
    )
}
