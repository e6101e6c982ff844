//! `authsome set-default`: the connection a provider uses when none is named.

use super::context::Context;
use super::error::CliError;
use super::output::{Answer, Style};
use super::pick;
use crate::model::{ConnectionName, ProviderName};
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `authsome set-default`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The provider
    provider: ProviderName,
    /// The connection
    connection: ConnectionName,
}

#[derive(Debug, Serialize)]
struct Chosen {
    status: &'static str,
    provider: ProviderName,
    default_connection: ConnectionName,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let client = context.client().await?;
    let set = match client.set_default(&args.provider, &args.connection).await {
        Ok(set) => set,
        Err(refused) => return Err(pick::explained(&client, &args.provider, refused).await),
    };
    context.out.done(&Chosen {
        status: "ok",
        provider: set.provider,
        default_connection: set.default_connection,
    })?;
    Ok(ExitCode::SUCCESS)
}

impl Answer for Chosen {
    fn text(&self, _style: &Style) -> String {
        format!("{} now uses {}\n", self.provider, self.default_connection)
    }
}
