//! `authsome daemon start` and `restart`.

use super::{background, stop};
use crate::cli::context::Context;
use crate::cli::elsewhere;
use crate::cli::error::CliError;
use crate::cli::output::{Answer, Style};
use crate::client::Client;
use crate::config::Config;
use crate::daemon;
use serde::Serialize;
use std::process::ExitCode;

/// What `daemon start` and `daemon restart` say.
#[derive(Debug, Serialize)]
struct Started {
    /// `started`, `restarted` or `already_running`.
    status: &'static str,
    /// Unknown where one answers whose home cannot be read.
    pid: Option<u32>,
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
        match self.pid {
            Some(pid) => format!("{said} at {} (pid {pid}).\n", self.daemon_url),
            None => format!("{said} at {}.\n", self.daemon_url),
        }
    }
}

pub(super) async fn run(context: &Context) -> Result<ExitCode, CliError> {
    note_where_commands_go(context)?;
    let url = context.config.local_daemon_url()?;
    if let Some(elsewhere) = elsewhere::daemon(context, &url) {
        return Err(elsewhere);
    }
    match daemon::find_holder(&context.config.home) {
        Ok(Some(holder)) => return say(context, "already_running", Some(holder.pid)),
        Ok(None) => {}
        // One that starts at this moment: ours ends then, and gives the number of that one.
        Err(error) if error.is_held() => {}
        Err(unknown) => {
            // Whether it is the one of this home does not show, but nothing can be started beside it.
            if Client::anonymous(&url)?.health().await.is_ok() {
                return say(context, "already_running", None);
            }
            return Err(unknown.into());
        }
    }
    let pid = background::launch(context, None).await?;
    say(context, "started", Some(pid))
}

/// A daemon elsewhere is the one that commands use, whatever runs here at `AUTHSOME_LISTEN`.
pub(super) fn note_where_commands_go(context: &Context) -> Result<(), CliError> {
    let (asked, own) = (context.daemon_url()?, context.config.local_daemon_url()?);
    let has_other_port = asked.port_or_known_default() != own.port_or_known_default();
    if has_other_port || !Config::is_local_daemon(&asked) {
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
    let pid = background::launch(context, None).await?;
    let status = if was_running { "restarted" } else { "started" };
    say(context, status, Some(pid))
}

fn say(context: &Context, status: &'static str, pid: Option<u32>) -> Result<ExitCode, CliError> {
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
