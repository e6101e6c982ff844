//! `authsome provider`: definitions of one's own.

mod answers;
mod new;

use super::context::Context;
use super::error::CliError;
use clap::Subcommand;
use std::process::ExitCode;

/// Arguments of `authsome provider`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the definition of a service of your own, by answering questions or by flags
    New(Box<new::Args>),
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    match args.command {
        Command::New(args) => new::run(*args, context).await,
    }
}
