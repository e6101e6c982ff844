//! The tree of commands and their global flags.

use super::{
    admin, completions, daemon, demo, export, get, import_home, init, inspect, list, log, login,
    logout, profile, provider, register, remove, revoke, run, scan, set_default, ui,
};
use clap::{Args, CommandFactory, Parser, Subcommand};

/// People log in once, agents never hold the secret.
#[derive(Debug, Parser)]
#[command(
    name = "authsome",
    version,
    propagate_version = false,
    max_term_width = 100,
    after_help = "First steps:\n  \
        authsome login openai           log in to a service, once\n  \
        authsome run -- python agent.py start a program that may use it\n  \
        authsome doctor                 see what is wrong"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Global {
    /// Print one JSON object instead of text; errors too
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,
    /// Print only what was asked for
    #[arg(long, short, global = true, help_heading = "Everywhere")]
    pub(crate) quiet: bool,
    // An attribute, because a doc comment would want backticks in the help.
    #[arg(
        long,
        global = true,
        help_heading = "Everywhere",
        help = "Print without colours (NO_COLOR does the same)"
    )]
    pub(crate) no_color: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole product at work, on a home of its own that is gone afterwards
    Demo(demo::Args),
    /// Make the home and an identity; other commands do it by themselves
    Init(init::Args),
    /// Show who you are to the daemon
    Whoami,
    /// Find what is wrong and how to put it right
    Doctor,
    /// List providers and your connections
    List(list::Args),
    /// Show the definition of a provider and your connections to it
    Inspect(inspect::Args),
    /// Log in to a provider
    Login(login::Args),
    /// Show a connection; its secrets only on request
    Get(get::Args),
    /// Print credentials as variables
    Export(export::Args),
    /// Run a program that can use your connections without holding them
    Run(run::Args),
    /// Find credentials that lie in plain text, and store them
    Scan(scan::Args),
    /// Forget a connection, and revoke it at the provider where that is possible
    Logout(logout::Args),
    /// Choose the connection a provider uses when none is named
    SetDefault(set_default::Args),
    /// Write the definition of a provider of your own
    Provider(provider::Args),
    /// Add a provider of your own (administrators)
    Register(register::Args),
    /// Remove a provider of your own, or reset a bundled one (administrators)
    Remove(remove::Args),
    /// Log everybody out of a provider (administrators)
    Revoke(revoke::Args),
    /// Show who used what (administrators)
    Log(log::Args),
    /// Manage the identities of this home
    Profile(profile::Args),
    /// Open the dashboard in a browser
    Ui(ui::Args),
    /// Start, stop and watch the daemon
    Daemon(daemon::Args),
    /// Take over a home of Authsome 0.5
    ImportHome(import_home::Args),
    /// Manage the people and OAuth clients of a daemon (administrators)
    Admin(admin::Args),
    /// Print the completions of a shell
    Completions(completions::Args),
}

impl Command {
    /// As it is typed.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Demo(_) => "demo",
            Self::Init(_) => "init",
            Self::Whoami => "whoami",
            Self::Doctor => "doctor",
            Self::List(_) => "list",
            Self::Inspect(_) => "inspect",
            Self::Login(_) => "login",
            Self::Get(_) => "get",
            Self::Export(_) => "export",
            Self::Run(_) => "run",
            Self::Scan(_) => "scan",
            Self::Logout(_) => "logout",
            Self::SetDefault(_) => "set-default",
            Self::Provider(_) => "provider",
            Self::Register(_) => "register",
            Self::Remove(_) => "remove",
            Self::Revoke(_) => "revoke",
            Self::Log(_) => "log",
            Self::Profile(_) => "profile",
            Self::Ui(_) => "ui",
            Self::Daemon(_) => "daemon",
            Self::ImportHome(_) => "import-home",
            Self::Admin(_) => "admin",
            Self::Completions(_) => "completions",
        }
    }
}

/// The whole tree, for completions and for the test that the documentation names all of it.
pub fn command_tree() -> clap::Command {
    Cli::command()
}
