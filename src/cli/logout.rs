//! `authsome logout`: forget a connection.

use super::context::Context;
use super::done::Changed;
use super::error::CliError;
use super::pick;
use crate::model::{ConnectionName, ProviderName};
use std::process::ExitCode;

/// Arguments of `authsome logout`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The provider
    provider: ProviderName,
    /// The connection (default: the provider's default one)
    #[arg(long, short, value_name = "NAME")]
    connection: Option<ConnectionName>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let client = context.client().await?;
    let connection = pick::connection(&client, &args.provider, args.connection).await?;
    client.log_out(&args.provider, &connection).await?;
    context.out.done(&Changed {
        said: format!("Logged out of {} ({connection})", args.provider),
        status: "logged_out",
        provider: args.provider,
        connection: Some(connection),
        warnings: Vec::new(),
    })?;
    Ok(ExitCode::SUCCESS)
}
