//! `authsome daemon …`: start, stop and watch the daemon of this machine.

use super::context::Context;
use super::error::CliError;
use crate::model::ErrorCode;
use clap::Subcommand;
use std::net::IpAddr;
use std::process::ExitCode;

/// Arguments of `authsome daemon`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the daemon in the foreground
    Serve(Serve),
    /// Start the daemon in the background
    Start,
    /// Stop the daemon
    Stop,
    /// Stop the daemon where it runs, and start it
    Restart,
    /// Show whether the daemon runs, and how it is
    Status,
    /// Show the daemon's log
    Logs(Logs),
    /// Exit with 0 when the daemon is well (for containers)
    HealthCheck,
}

#[derive(Debug, clap::Args)]
struct Serve {
    #[arg(
        long,
        value_name = "IP",
        help = "The address to listen on [default: AUTHSOME_LISTEN, or 127.0.0.1]"
    )]
    host: Option<IpAddr>,
    #[arg(
        long,
        help = "The port to listen on [default: AUTHSOME_LISTEN, or 7998]"
    )]
    port: Option<u16>,
}

#[derive(Debug, clap::Args)]
struct Logs {
    /// At most this many lines
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 50)]
    lines: usize,
    /// Go on with what is written from now on
    #[arg(long, short)]
    follow: bool,
}

impl Args {
    /// Whether the command is the daemon itself, which needs threads.
    pub(crate) const fn serves(&self) -> bool {
        matches!(self.action, Action::Serve(_))
    }
}

pub(crate) async fn run(args: Args, _context: &Context) -> Result<ExitCode, CliError> {
    match args.action {
        Action::Serve(Serve { host: _, port: _ })
        | Action::Logs(Logs {
            lines: _,
            follow: _,
        })
        | Action::Start
        | Action::Stop
        | Action::Restart
        | Action::Status
        | Action::HealthCheck => {
            std::future::ready(Err(CliError::new(ErrorCode::Internal, "not built yet"))).await
        }
    }
}

/// Starts the daemon of this machine where none runs, and waits until it answers.
///
/// Only called when the daemon that commands talk to is on this machine and nobody listens there.
pub(crate) async fn ensure_running(_context: &Context) -> Result<(), CliError> {
    std::future::ready(Err(CliError::new(
        ErrorCode::DaemonUnavailable,
        "the daemon does not run",
    )
    .hint("start it with `authsome daemon serve`")))
    .await
}
