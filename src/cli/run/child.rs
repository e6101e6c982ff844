//! The child process: its terminal, its signals and its end.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::model::ErrorCode;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgrp, tcgetpgrp};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};
use tokio::process::Command;
use tokio::signal::unix::{self, SignalKind};

/// As shells say it: found but not executable, and not found.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
/// Added to the number of the signal that ended a child.
const SIGNALLED: i32 = 128;

/// What is passed on. A terminal sends the first two to its whole foreground group by itself.
const PASSED: [Signal; 8] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGCONT,
];

/// Catches what is passed on, from before the child is there.
#[derive(Debug)]
pub(super) struct Signals(Vec<(Signal, unix::Signal)>);

impl Signals {
    pub(super) fn listen() -> Result<Self, CliError> {
        let listen = |signal: Signal| {
            unix::signal(SignalKind::from_raw(signal as i32)).map(|stream| (signal, stream))
        };
        let all: Result<_, _> = PASSED.into_iter().map(listen).collect();
        all.map(Self)
            .map_err(|error| CliError::internal("could not listen for signals", error))
    }

    /// The next signal for the child.
    async fn next(&mut self) -> Signal {
        std::future::poll_fn(|cx| {
            for (signal, stream) in &mut self.0 {
                if stream.poll_recv(cx).is_ready() {
                    return std::task::Poll::Ready(*signal);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// Runs the command to its end and gives its exit code.
pub(super) async fn run(
    command: &[OsString],
    variables: BTreeMap<OsString, OsString>,
    mut signals: Signals,
    context: &Context,
) -> Result<ExitCode, CliError> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(CliError::usage("name a command: authsome run -- COMMAND"));
    };
    let spawned = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(variables)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return Ok(not_started(program, error, context)),
    };
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            signal = signals.next() => pass_on(signal, child.id()),
        }
    };
    status
        .map(code)
        .map_err(|error| CliError::internal("lost sight of the command", error))
}

fn pass_on(signal: Signal, child: Option<u32>) {
    let by_terminal = matches!(signal, Signal::SIGINT | Signal::SIGQUIT) && is_foreground();
    let pid = child.and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = pid.filter(|_| !by_terminal) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

/// Whether a terminal sends its keys to our group, and so to the child as well.
fn is_foreground() -> bool {
    let own = Ok(getpgrp());
    tcgetpgrp(std::io::stdin()) == own
        || tcgetpgrp(std::io::stdout()) == own
        || tcgetpgrp(std::io::stderr()) == own
}

fn code(status: ExitStatus) -> ExitCode {
    let number = status
        .code()
        .or_else(|| status.signal().map(|signal| SIGNALLED + signal));
    number
        .and_then(|number| u8::try_from(number).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}

fn not_started(program: &OsString, error: std::io::Error, context: &Context) -> ExitCode {
    let name = program.to_string_lossy();
    let (number, told) = match error.kind() {
        ErrorKind::NotFound => (
            NOT_FOUND,
            CliError::new(ErrorCode::NotFound, format!("there is no command `{name}`"))
                .hint("check the spelling and PATH; everything after `--` is the command"),
        ),
        ErrorKind::PermissionDenied => (
            NOT_EXECUTABLE,
            CliError::new(
                ErrorCode::OperationNotAllowed,
                format!("`{name}` is not executable"),
            )
            .hint(format!("chmod +x {name}, or name its interpreter")),
        ),
        _ => (
            NOT_EXECUTABLE,
            CliError::internal(format!("could not start `{name}`"), error),
        ),
    };
    context.out.error(&told);
    ExitCode::from(number)
}
