//! The way in: parse, choose a runtime, run one command, turn its end into an exit code.

use super::args::{Cli, Command};
use super::context::Context;
use super::error::{CliError, Kind};
use super::output::{Output, Style};
use super::{
    admin, completions, daemon, demo, doctor, exit, export, get, import_home, init, inspect, list,
    log, login, logout, nearest, profile, provider, register, remove, revoke, run, scan,
    set_default, ui, whoami,
};
use crate::config::{self, Config, TerminalHints, TerminalStyle};
use crate::telemetry::{self, Telemetry};
use clap::Parser;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;
use tracing::Instrument;

/// How long a command may take to send its trace, at its end.
const LAST_SPANS: Duration = Duration::from_secs(1);

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let config = Config::from_env();
    let hints = hints(&config);
    let args: Vec<OsString> = std::env::args_os().collect();
    match Cli::try_parse_from(&args) {
        Ok(cli) => {
            let out = Output::new(Style::of(cli.global, &hints));
            match start(cli.command, config, &out) {
                Ok(code) => code,
                Err(error) => out.error(&error),
            }
        }
        Err(refused) => refuse(&refused, &args, &hints),
    }
}

/// Help and version are answers; everything else clap says is a usage error.
fn refuse(refused: &clap::Error, args: &[OsString], hints: &TerminalHints) -> ExitCode {
    if !refused.use_stderr() {
        // A closed pipe is the reader's choice, not a failure.
        drop(refused.print());
        return ExitCode::SUCCESS;
    }
    let wants_help = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let json = asks_for_json(args);
    if refused.kind() == wants_help && !json {
        drop(refused.print());
        return ExitCode::from(exit::code(Kind::Usage));
    }
    let global = super::args::Global {
        json,
        ..super::args::Global::default()
    };
    Output::new(Style::of(global, hints)).error(&CliError::from_clap(refused))
}

/// Whether `--json` was among our own arguments, although they did not parse.
fn asks_for_json(args: &[OsString]) -> bool {
    args.iter()
        .skip(1)
        .take_while(|arg| *arg != "--")
        .any(|arg| arg == "--json")
}

/// What is known of the terminal; an environment that does not read gets plain text.
fn hints(config: &Result<Config, config::Error>) -> TerminalHints {
    match config {
        Ok(config) => config.terminal.clone(),
        Err(_) => TerminalHints {
            style: TerminalStyle::Dumb,
            columns: None,
            ci: false,
            can_open_browser: false,
            browser: None,
        },
    }
}

fn start(
    command: Command,
    config: Result<Config, config::Error>,
    out: &Output,
) -> Result<ExitCode, CliError> {
    if let Command::Completions(args) = &command {
        return completions::run(args, out);
    }
    let context = Context::new(config?, out.clone());
    let telemetry = watch(&command, &context.config)?;
    let span = tracing::info_span!(
        "command",
        otel.name = format!("authsome {}", command.name()),
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
    );
    let mut builder = if needs_threads(&command) {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|source| CliError::internal("could not start the runtime", source))?;
    let work = async {
        match dispatch(command, &context).await {
            Err(error) => Err(nearest::provider(&context, error).await),
            done => done,
        }
    };
    let code = runtime.block_on(work.instrument(span.clone()));
    // Ours are the only tasks; one that still reads a terminal must not hold the exit.
    runtime.shutdown_background();
    if code.is_err() {
        span.record("otel.status_code", "ERROR");
    }
    drop(span);
    if let Some(telemetry) = telemetry {
        telemetry.shutdown(LAST_SPANS);
    }
    code
}

/// Warnings and, where asked for, traces of this command. The daemon has its own, and its log.
fn watch(command: &Command, config: &Config) -> Result<Option<Telemetry>, CliError> {
    match command {
        Command::Daemon(args) if args.serves() => return Ok(None),
        Command::Run(_) => {
            // A run holds released keys. Where the system refuses, it still works as before.
            let _ = telemetry::hide_memory();
        }
        _ => {}
    }
    Ok(Some(telemetry::start_command(
        &crate::daemon::telemetry_settings(config),
    )?))
}

/// Whether the command serves others; the rest start faster on one thread.
fn needs_threads(command: &Command) -> bool {
    match command {
        Command::Daemon(args) => args.serves(),
        Command::Run(_) | Command::Demo(_) => true,
        _ => false,
    }
}

async fn dispatch(command: Command, context: &Context) -> Result<ExitCode, CliError> {
    match command {
        Command::Demo(args) => demo::run(args, context).await,
        Command::Init(args) => init::run(args, context).await,
        Command::Whoami => whoami::run(context).await,
        Command::Doctor => doctor::run(context).await,
        Command::List(args) => list::run(args, context).await,
        Command::Inspect(args) => inspect::run(args, context).await,
        Command::Login(args) => login::run(args, context).await,
        Command::Get(args) => get::run(args, context).await,
        Command::Export(args) => export::run(args, context).await,
        Command::Run(args) => run::run(args, context).await,
        Command::Scan(args) => scan::run(args, context).await,
        Command::Logout(args) => logout::run(args, context).await,
        Command::SetDefault(args) => set_default::run(args, context).await,
        Command::Provider(args) => provider::run(args, context).await,
        Command::Register(args) => register::run(args, context).await,
        Command::Remove(args) => remove::run(args, context).await,
        Command::Revoke(args) => revoke::run(args, context).await,
        Command::Log(args) => log::run(args, context).await,
        Command::Profile(args) => profile::run(args, context).await,
        Command::Ui(args) => ui::run(args, context).await,
        Command::Daemon(args) => daemon::run(args, context).await,
        Command::ImportHome(args) => import_home::run(args, context).await,
        Command::Admin(args) => admin::run(args, context).await,
        Command::Completions(args) => completions::run(&args, &context.out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn json_is_seen_in_arguments_that_do_not_parse_but_not_in_the_childs() {
        assert!(asks_for_json(&args("authsome list --wrong --json")));
        assert!(!asks_for_json(&args("authsome run --wrong -- curl --json")));
    }
}
