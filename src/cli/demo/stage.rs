//! The stage of the demo: a temporary home with a daemon of its own, and this program run on it.
//!
//! Everything happens through the program's own command line, in processes of their own, as a user
//! would do it. Dropping the stage ends the daemon and removes the home.

use crate::config::ChildEnvironment;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};

/// How long any single step may take before the demo gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// Which step of the demo failed, and how.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{step} failed")]
    Io {
        step: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("the daemon did not start: {0}")]
    Daemon(String),
    #[error("`authsome {command}` failed: {output}")]
    Command { command: String, output: String },
    #[error("`authsome {command}` did not end within 60 s")]
    Slow { command: String },
    #[error("`authsome {command}` did not answer with JSON")]
    Json {
        command: String,
        #[source]
        source: serde_json::Error,
    },
}

/// A temporary home and the daemon on it.
#[derive(Debug)]
pub(super) struct Stage {
    dir: TempDir,
    program: PathBuf,
    daemon: Child,
    url: String,
}

impl Stage {
    /// Starts a daemon on an empty home and waits until it is ready.
    pub(super) async fn build() -> Result<Self, Error> {
        let io = |step| move |source| Error::Io { step, source };
        let dir = tempfile::Builder::new()
            .prefix("authsome-demo-")
            .tempdir()
            .map_err(io("making a temporary home"))?;
        let program = std::env::current_exe().map_err(io("finding this program"))?;
        let notify = dir.path().join("notify");
        let socket = UnixDatagram::bind(&notify).map_err(io("waiting for the daemon"))?;
        let mut daemon = command(&program, dir.path())
            .args(["daemon", "serve"])
            .env("AUTHSOME_LISTEN", "127.0.0.1:0")
            .env("NOTIFY_SOCKET", &notify)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(io("starting the daemon"))?;
        let url = tokio::time::timeout(PATIENCE, ready(&mut daemon, &socket))
            .await
            .map_err(|_| Error::Daemon("it was not ready within 60 s".to_owned()))??;
        Ok(Self {
            dir,
            program,
            daemon,
            url,
        })
    }

    /// A file of the stage, removed with it.
    pub(super) fn write(&self, name: &str, content: &str) -> Result<PathBuf, Error> {
        let path = self.dir.path().join(name);
        crate::files::create_private(&path, content.as_bytes()).map_err(|source| Error::Io {
            step: "writing a file",
            source,
        })?;
        Ok(path)
    }

    /// The path of this program.
    pub(super) fn program(&self) -> String {
        self.program.display().to_string()
    }

    /// Runs `authsome ARGS`, giving `stdin` on standard input, and returns what it printed.
    pub(super) async fn run(
        &self,
        args: &[&str],
        stdin: Option<&str>,
        env: &[(&str, &Path)],
    ) -> Result<String, Error> {
        let name = args.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        let mut child = command(&self.program, self.dir.path())
            .args(args)
            .env("AUTHSOME_DAEMON_URL", &self.url)
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| Error::Io {
                step: "starting a command",
                source,
            })?;
        if let (Some(mut pipe), Some(text)) = (child.stdin.take(), stdin) {
            // A command that ended early says why itself.
            let _ = pipe.write_all(text.as_bytes()).await;
        }
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
            .await
            .map_err(|_| Error::Slow {
                command: name.clone(),
            })?
            .map_err(|source| Error::Io {
                step: "waiting for a command",
                source,
            })?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::Command {
            command: name,
            output: format!("{text}{said}").trim().to_owned(),
        })
    }

    /// The same, reading what it printed as JSON.
    pub(super) async fn json(
        &self,
        args: &[&str],
        stdin: Option<&str>,
    ) -> Result<serde_json::Value, Error> {
        let text = self.run(args, stdin, &[]).await?;
        serde_json::from_str(&text).map_err(|source| Error::Json {
            command: args.join(" "),
            source,
        })
    }

    /// Ends the daemon and removes the home.
    pub(super) async fn strike(mut self) -> Result<(), Error> {
        let io = |step| move |source| Error::Io { step, source };
        if let Some(pid) = self.daemon.id().and_then(|pid| i32::try_from(pid).ok()) {
            let pid = nix::unistd::Pid::from_raw(pid);
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        }
        if tokio::time::timeout(Duration::from_secs(10), self.daemon.wait())
            .await
            .is_err()
        {
            self.daemon
                .kill()
                .await
                .map_err(io("stopping the daemon"))?;
        }
        self.dir.close().map_err(io("removing the temporary home"))
    }
}

/// The program on the stage's home, with nothing of the user's own settings.
fn command(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(
            ChildEnvironment::capture()
                .vars()
                .filter(|(name, _)| !steers_us(name)),
        )
        .env("AUTHSOME_HOME", dir.join("home"))
        .kill_on_drop(true);
    command
}

/// The user's own settings, which the demo must neither use nor change.
fn steers_us(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("AUTHSOME_") || name.starts_with("OTEL_")
}

/// Waits for the daemon's `READY=1`, whose status names the address.
async fn ready(daemon: &mut Child, socket: &UnixDatagram) -> Result<String, Error> {
    let mut buffer = vec![0; 4096];
    loop {
        tokio::select! {
            received = socket.recv(&mut buffer) => {
                let length = received.map_err(|source| Error::Io { step: "waiting for the daemon", source })?;
                let message = String::from_utf8_lossy(&buffer[..length]);
                let address = message.lines().find_map(|line| line.strip_prefix("STATUS=listening on "));
                if let (true, Some(address)) = (message.lines().any(|l| l == "READY=1"), address) {
                    return Ok(format!("http://{address}"));
                }
            }
            ended = daemon.wait() => {
                let how = ended.map_or_else(|e| e.to_string(), |status| status.to_string());
                return Err(Error::Daemon(format!("it ended with {how}")));
            }
        }
    }
}
