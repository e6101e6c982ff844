//! `authsome run`: a program behind the proxy.
//!
//! The program gets placeholders where it looks for keys and a proxy that puts the real ones into
//! its requests. It keeps the terminal, gets every signal, and its exit code is ours.

mod child;
mod environment;
mod keeper;
mod routes;

use super::context::Context;
use super::error::CliError;
use crate::client;
use crate::config::ChildEnvironment;
use crate::daemon::check_roots;
use crate::model::{ConnectionName, ErrorCode, ProviderName};
use crate::proxy::{self, ProxyConfig, RunningProxy};
use crate::telemetry;
use keeper::Keeper;
use routes::Plan;
use std::ffi::OsString;
use std::process::ExitCode;
use tokio::sync::mpsc;

/// Warnings that wait to be printed; more than anybody reads are dropped.
const NOTICES: usize = 32;

/// Arguments of `authsome run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    authsome run -- python agent.py\n  \
    authsome run --connection github-pat=work -- gh pr list")]
pub(crate) struct Args {
    /// Use this connection of a provider instead of its default; may come more than once
    #[arg(long, short, value_name = "PROVIDER=CONNECTION", value_parser = choice)]
    pub(crate) connection: Vec<(ProviderName, ConnectionName)>,
    /// Only this provider; may come more than once
    #[arg(long, short, value_name = "PROVIDER")]
    pub(crate) provider: Vec<ProviderName>,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

fn choice(text: &str) -> Result<(ProviderName, ConnectionName), String> {
    let (provider, connection) = text
        .split_once('=')
        .ok_or("write it as PROVIDER=CONNECTION, for example github-pat=work")?;
    let provider = provider.parse().map_err(|error| format!("{error}"))?;
    let connection = connection.parse().map_err(|error| format!("{error}"))?;
    Ok((provider, connection))
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    // A dump of this process would hold the key of the run's CA; its child keeps its own limits.
    drop(telemetry::hide_memory());
    // Before anything is made: a signal from now on ends the run and cleans up.
    let signals = child::Signals::listen()?;
    check_roots(&context.config)?;
    let client = context.client().await?;
    let plan = Plan::of(&client, &args).await?;
    if plan.routes.is_empty() {
        context.out.note(
            "nothing is connected yet, so nothing is added; `authsome login PROVIDER` is the way",
        );
    }
    let environment = ChildEnvironment::capture();
    let directory = environment::Directory::create(&context.config.home)?;
    let proxy = start_proxy(context, client, &plan).await?;
    let variables = directory.fill(&proxy, &plan, &environment, &context.config)?;
    let code = child::run(&args.command, variables, signals, context).await;
    proxy.shutdown().await;
    drop(directory);
    code
}

async fn start_proxy(
    context: &Context,
    client: client::Client,
    plan: &Plan,
) -> Result<RunningProxy, CliError> {
    let (sender, mut notices) = mpsc::channel(NOTICES);
    let mut config = ProxyConfig::new(client::now());
    config.connections.clone_from(&plan.connections);
    config.providers.clone_from(&plan.providers);
    config.placeholders = plan.placeholders();
    config.notices = Some(sender);
    let files = context.config.root_files();
    config.upstream_roots = files.map(|(_, file)| file.to_owned()).collect();
    let keeper = Keeper::new(client, plan.routes.clone());
    let proxy = proxy::start(config, keeper)
        .await
        .map_err(|error| CliError::internal("could not start the proxy of this run", error))?;
    let out = context.out.clone();
    tokio::spawn(async move {
        while let Some(notice) = notices.recv().await {
            out.warn(&notice.to_string());
        }
    });
    Ok(proxy)
}

/// Nothing that was asked for is there.
fn not_connected(provider: &ProviderName, connection: Option<&ConnectionName>) -> CliError {
    let (named, option) = match connection {
        Some(connection) => (
            format!("connection `{connection}` to "),
            format!(" --connection {connection}"),
        ),
        None => ("connection to ".to_owned(), String::new()),
    };
    CliError::new(
        ErrorCode::ConnectionNotFound,
        format!("there is no usable {named}`{provider}`"),
    )
    .hint(format!("log in with `authsome login {provider}{option}`"))
    .provider(provider.as_str())
}
