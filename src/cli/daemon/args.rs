//! The actions of `authsome daemon` and their arguments.

use super::{health_check, logs, serve, start, status, stop};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use clap::Subcommand;
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
    Serve(serve::Args),
    /// Start the daemon in the background
    Start,
    /// Stop the daemon
    Stop,
    /// Stop the daemon where it runs, and start it
    Restart,
    /// Show whether the daemon runs, and how it is
    Status,
    /// Show the daemon's log
    Logs(logs::Args),
    /// Exit with 0 when the daemon is well (for containers)
    HealthCheck,
}

impl Args {
    /// Whether the command is the daemon itself, which needs threads.
    pub(crate) const fn serves(&self) -> bool {
        matches!(self.action, Action::Serve(_))
    }
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    match args.action {
        Action::Serve(args) => serve::run(&args, context).await,
        Action::Start => start::run(context).await,
        Action::Stop => stop::run(context).await,
        Action::Restart => start::again(context).await,
        Action::Status => status::run(context).await,
        Action::Logs(args) => logs::run(&args, context).await,
        Action::HealthCheck => health_check::run(context).await,
    }
}
