//! `authsome daemon stop`.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Answer, Style};
use crate::daemon;
use crate::model::ErrorCode;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Serialize;
use std::process::ExitCode;
use std::time::Duration;

/// How long a daemon may take to finish what it is doing.
const PATIENCE: Duration = Duration::from_secs(30);

/// What `daemon stop` says.
#[derive(Debug, Serialize)]
struct Stopped {
    /// `stopped` or `not_running`.
    status: &'static str,
    pid: Option<u32>,
}

impl Answer for Stopped {
    fn text(&self, style: &Style) -> String {
        let _ = style;
        match self.pid {
            Some(pid) => format!("The daemon was stopped (pid {pid}).\n"),
            None => "No daemon runs on this home.\n".to_owned(),
        }
    }
}

pub(super) async fn run(context: &Context) -> Result<ExitCode, CliError> {
    super::start::note_where_commands_go(context)?;
    let pid = stop(context).await?;
    let status = if pid.is_some() {
        "stopped"
    } else {
        "not_running"
    };
    context.out.done(&Stopped { status, pid })?;
    Ok(ExitCode::SUCCESS)
}

/// Stops the daemon that holds this home and waits until it is gone; its process id, if one ran.
pub(super) async fn stop(context: &Context) -> Result<Option<u32>, CliError> {
    let home = context.config.home.clone();
    let Some(holder) = daemon::find_holder(&home)? else {
        return Ok(None);
    };
    let pid = i32::try_from(holder.pid).unwrap_or_default();
    if pid <= 1 {
        return Err(
            CliError::new(ErrorCode::Internal, "the lock of the home names no process")
                .hint(format!("look at {}", home.daemon_lock().display())),
        );
    }
    kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(|source| {
        CliError::new(
            ErrorCode::OperationNotAllowed,
            format!("could not stop the daemon (pid {pid})"),
        )
        .hint("stop it as the user who started it")
        .caused_by(source)
    })?;
    let gone = tokio::task::spawn_blocking(move || daemon::wait_until_released(&home));
    match tokio::time::timeout(PATIENCE, gone).await {
        Ok(_) => Ok(Some(holder.pid)),
        Err(_) => Err(CliError::new(
            ErrorCode::DaemonUnavailable,
            format!("the daemon (pid {pid}) did not stop within 30 s"),
        )
        .hint(format!("read `authsome daemon logs`; `kill -9 {pid}` ends it at once and loses nothing acknowledged"))),
    }
}
