//! `authsome completions`: the completions of a shell.

use super::args::command_tree;
use super::error::CliError;
use super::output::Output;
use clap::{ValueEnum as _, ValueHint};
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
    let mut tree = without_file_names(command_tree());
    clap_complete::generate(args.shell, &mut tree, "authsome", &mut script);
    if args.shell == Shell::Fish {
        // The generator leaves the values of arguments without a flag out for this shell.
        let shells: Vec<_> = Shell::value_variants()
            .iter()
            .map(ToString::to_string)
            .collect();
        let line = format!(
            "complete -c authsome -n \"__fish_seen_subcommand_from completions\" -f -a \"{}\"\n",
            shells.join(" ")
        );
        script.extend_from_slice(line.as_bytes());
    }
    out.raw(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// The names of providers, connections and identities are no files: nothing is offered for them.
fn without_file_names(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| match argument.get_id().as_str() {
            "file" => argument.value_hint(ValueHint::FilePath),
            "command" => argument,
            _ if argument.get_action().takes_values() => argument.value_hint(ValueHint::Other),
            _ => argument,
        })
        .mut_subcommands(without_file_names)
}
