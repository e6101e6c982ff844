//! Starting a daemon in the background and waiting until it answers.
//!
//! The daemon tells that it is ready as it would tell systemd (`NOTIFY_SOCKET`), so nobody polls and
//! a daemon that cannot start is noticed at once, with its own words.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::config::Config;
use crate::daemon;
use crate::model::ErrorCode;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::fs::File;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::UnixDatagram;
use tokio::process::{Child, ChildStderr, Command};

/// How long a daemon may take to start; migrations of a large store are the slowest step.
const PATIENCE: Duration = Duration::from_mins(1);

/// How much of a failed daemon's last words is kept, in bytes.
const LAST_WORDS: u64 = 16 * 1024;

/// The exit code of a daemon that its configuration keeps from starting: ours is the same then.
const BAD_INPUT: i32 = 2;

/// Starts the daemon of this machine where none runs, and waits until it answers.
///
/// Only called when the daemon that commands talk to is on this machine and nobody listens there.
pub(crate) async fn ensure_running(context: &Context) -> Result<(), CliError> {
    context.out.note("starting the daemon of this machine");
    launch(context, asked_port(context)?).await.map(drop)
}

/// Starts a daemon in the background and returns its process id. It listens where `AUTHSOME_LISTEN`
/// says, at `port` where one is given.
pub(super) async fn launch(context: &Context, port: Option<u16>) -> Result<u32, CliError> {
    let failed = |source| unavailable("could not start the daemon").caused_by(source);
    let runtime = tempfile::Builder::new()
        .prefix("authsome-")
        .tempdir()
        .map_err(failed)?;
    let notify = runtime.path().join("notify");
    let socket = UnixDatagram::bind(&notify).map_err(failed)?;
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(["daemon", "serve", "--background"]);
    if let Some(port) = port {
        command.args(["--port", &port.to_string()]);
    }
    // The daemon stands elsewhere than whoever starts it.
    if let Some(file) = &context.config.ssl_cert_file
        && let Ok(path) = std::path::absolute(file)
    {
        command.env("SSL_CERT_FILE", path);
    }
    let mut child = command
        .env("NOTIFY_SOCKET", &notify)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let pid = child.id().unwrap_or_default();
    let waited = tokio::time::timeout(PATIENCE, ready(&mut child, &socket)).await;
    match waited.map_err(|_| unavailable("the daemon was not ready within 60 s"))? {
        Ready::Yes(words) => {
            // What it said while a person could still be reached: the set-up link of a hosted one.
            for line in words.lines() {
                context.out.ask(line);
            }
            Ok(pid)
        }
        Ready::Ended(words, code) => after_a_failed_start(context, &words, code),
    }
}

/// The port that commands look at, where it is not the one the daemon would take by itself.
fn asked_port(context: &Context) -> Result<Option<u16>, CliError> {
    let url = context.daemon_url()?;
    if !Config::is_local_daemon(&url) {
        return Ok(None);
    }
    let port = url.port_or_known_default();
    Ok(port.filter(|port| *port != context.config.listen.port()))
}

/// Two commands may start a daemon at the same time: the one that lost finds the winner's.
fn after_a_failed_start(
    context: &Context,
    words: &str,
    code: Option<i32>,
) -> Result<u32, CliError> {
    if let Some(holder) = daemon::holder(&context.config.home) {
        return Ok(holder.pid);
    }
    let (message, hint) = last_words(words);
    let mut error = if code == Some(BAD_INPUT) {
        CliError::new(ErrorCode::InvalidInput, message)
    } else {
        unavailable(message)
    };
    if let Some(hint) = hint {
        error = error.hint(hint);
    }
    Err(error)
}

/// The `error:` line a daemon ended with, and the hint below it.
fn last_words(words: &str) -> (String, Option<String>) {
    let mut lines = words
        .lines()
        .skip_while(|line| !line.starts_with("error: "));
    let Some(message) = lines.next() else {
        let log = "read `authsome daemon logs`".to_owned();
        return ("the daemon ended before it was ready".to_owned(), Some(log));
    };
    let hint: Vec<&str> = lines
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let message = message.trim_start_matches("error: ").to_owned();
    (message, (!hint.is_empty()).then(|| hint.join("\n")))
}

fn unavailable(message: impl Into<String>) -> CliError {
    CliError::new(ErrorCode::DaemonUnavailable, message)
}

enum Ready {
    /// It answers; what it wrote to stderr before it said so.
    Yes(String),
    /// It ended; what it wrote to stderr, and its exit code.
    Ended(String, Option<i32>),
}

async fn ready(child: &mut Child, socket: &UnixDatagram) -> Ready {
    let mut stderr = child.stderr.take();
    let mut buffer = vec![0; 4096];
    loop {
        tokio::select! {
            received = socket.recv(&mut buffer) => {
                let message = received.map(|n| String::from_utf8_lossy(&buffer[..n]).into_owned());
                if message.is_ok_and(|m| m.lines().any(|line| line == "READY=1")) {
                    return Ready::Yes(read_so_far(stderr.take()));
                }
            }
            ended = child.wait() => {
                let code = ended.ok().and_then(|status| status.code());
                return Ready::Ended(read_all(stderr.take()).await, code);
            }
        }
    }
}

async fn read_all(stderr: Option<ChildStderr>) -> String {
    let mut words = Vec::new();
    if let Some(stderr) = stderr {
        // What cannot be read was not said.
        let _ = stderr.take(LAST_WORDS).read_to_end(&mut words).await;
    }
    String::from_utf8_lossy(&words).into_owned()
}

/// What stands in the pipe already: a daemon says what it has to say, and then that it is ready.
fn read_so_far(stderr: Option<ChildStderr>) -> String {
    let mut words = Vec::new();
    // The daemon keeps its end open, so a pipe that would be waited for is not read at all.
    if let Some(Ok(pipe)) = stderr.map(ChildStderr::into_owned_fd)
        && fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).is_ok()
    {
        // Ends where there is no more, with an error that says so; what was read before it stays.
        let _ = File::from(pipe).take(LAST_WORDS).read_to_end(&mut words);
    }
    String::from_utf8_lossy(&words).into_owned()
}

#[cfg(test)]
mod tests {
    use super::last_words;

    #[test]
    fn the_last_words_are_the_error_and_its_hint() {
        let words = "{\"level\":\"INFO\"}\nerror: port 7998 is taken\n  stop the other program\n";
        let (message, hint) = last_words(words);
        assert_eq!(message, "port 7998 is taken");
        assert_eq!(hint.as_deref(), Some("stop the other program"));
        assert!(last_words("").1.is_some());
    }
}
