//! `authsome logout`: forget a connection.

use super::context::Context;
use super::done::Changed;
use super::error::CliError;
use super::pick;
use crate::client::{self, Client};
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
    let before = default_of(&client, &args.provider).await?;
    if let Err(refused) = client.log_out(&args.provider, &connection).await {
        return Err(pick::explained(&client, &args.provider, refused).await);
    }
    let mut said = format!("Logged out of {} ({connection})", args.provider);
    // It is done by now: what cannot be asked is not said.
    let after = default_of(&client, &args.provider).await.unwrap_or(None);
    let default_connection = after.filter(|now| before.as_ref() != Some(now));
    if let Some(now) = &default_connection {
        said = format!("{said}; {} now uses {now}", args.provider);
    }
    context.out.done(&Changed {
        connection: Some(connection),
        default_connection,
        ..Changed::new("logged_out", args.provider, said)
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn default_of(
    client: &Client,
    provider: &ProviderName,
) -> Result<Option<ConnectionName>, client::Error> {
    let at = pick::all_at(client, provider).await?;
    Ok(at.and_then(|at| at.default_connection))
}
