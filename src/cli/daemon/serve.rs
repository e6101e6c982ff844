//! `authsome daemon serve`: this process becomes the daemon.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::daemon;
use std::net::IpAddr;
use std::process::ExitCode;

/// Arguments of `authsome daemon serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(
        long,
        value_name = "IP",
        help = "The address to listen on (default: that of AUTHSOME_LISTEN, 127.0.0.1)"
    )]
    host: Option<IpAddr>,
    #[arg(
        long,
        help = "The port to listen on (default: that of AUTHSOME_LISTEN, 7998)"
    )]
    port: Option<u16>,
    /// Leave the terminal and log to a file; what `daemon start` uses
    #[arg(long, hide = true)]
    background: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let config = context.config.clone().with_listen(args.host, args.port);
    let log = if args.background {
        // Fails only for the leader of a process group, which then has no terminal to leave.
        let _ = nix::unistd::setsid();
        daemon::LogTo::File
    } else {
        daemon::LogTo::Stderr
    };
    daemon::run(config, log).await?;
    Ok(ExitCode::SUCCESS)
}
