//! `authsome daemon start` and `restart`.

use super::{background, stop};
use crate::cli::context::Context;
use crate::cli::elsewhere;
use crate::cli::error::CliError;
use crate::cli::output::{Answer, Style};
use crate::config::Config;
use crate::daemon;
use serde::Serialize;
use std::process::ExitCode;

/// What `daemon start` and `daemon restart` say.
#[derive(Debug, Serialize)]
struct Started {
    /// `started`, `restarted` or `already_running`.
    status: &'static str,
    pid: u32,
    daemon_url: String,
}

impl Answer for Started {
    fn text(&self, style: &Style) -> String {
        let _ = style;
        let said = match self.status {
            "already_running" => "The daemon already runs",
            "restarted" => "The daemon was restarted",
            _ => "The daemon was started",
        };
        format!("{said} at {} (pid {}).\n", self.daemon_url, self.pid)
    }
}

pub(super) async fn run(context: &Context) -> Result<ExitCode, CliError> {
    note_where_commands_go(context)?;
    if let Some(elsewhere) = elsewhere::daemon(context, &context.daemon_url()?) {
        return Err(elsewhere);
    }
    if let Some(holder) = daemon::holder(&context.config.home) {
        return say(context, "already_running", holder.pid);
    }
    let pid = background::launch(context).await?;
    say(context, "started", pid)
}

/// A daemon elsewhere is the one that commands use, whatever runs on this machine.
pub(super) fn note_where_commands_go(context: &Context) -> Result<(), CliError> {
    if !Config::is_local_daemon(&context.daemon_url()?) {
        context.out.note(&format!(
            "note: this is about the daemon of this machine; commands use the one at {}",
            context.daemon_address()?
        ));
    }
    Ok(())
}

pub(super) async fn again(context: &Context) -> Result<ExitCode, CliError> {
    note_where_commands_go(context)?;
    let was_running = stop::stop(context).await?.is_some();
    let pid = background::launch(context).await?;
    say(
        context,
        if was_running { "restarted" } else { "started" },
        pid,
    )
}

fn say(context: &Context, status: &'static str, pid: u32) -> Result<ExitCode, CliError> {
    let holder = daemon::holder(&context.config.home);
    let daemon_url = match holder.and_then(|holder| holder.address) {
        Some(address) => format!("http://{address}"),
        None => format!("http://{}", context.config.listen),
    };
    context.out.done(&Started {
        status,
        pid,
        daemon_url,
    })?;
    Ok(ExitCode::SUCCESS)
}
