//! `authsome completions`: the completions of a shell.

use super::args::command_tree;
use super::error::CliError;
use super::output::Output;
use clap_complete::Shell;
use std::process::ExitCode;

/// Arguments of `authsome completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "For bash, add to ~/.bashrc:  eval \"$(authsome completions bash)\"")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command_tree(), "authsome", &mut script);
    out.raw(&script)?;
    Ok(ExitCode::SUCCESS)
}
