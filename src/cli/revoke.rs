//! `authsome revoke`: log everybody out of a provider.

use super::context::Context;
use super::done::{Changed, ended};
use super::error::CliError;
use super::prompt;
use crate::model::ProviderName;
use std::process::ExitCode;

/// Arguments of `authsome revoke`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The provider
    provider: ProviderName,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let client = context.client().await?;
    let question = format!(
        "Revoke every connection to {}, for everybody, and forget this daemon's OAuth client there?",
        args.provider
    );
    prompt::consent(args.yes, context.out.is_json(), &question)?;
    let connections_ended = client
        .revoke_provider(&args.provider)
        .await?
        .connections_ended;
    let said = format!(
        "Revoked every connection to {}: {}",
        args.provider,
        ended(connections_ended)
    );
    context.out.done(&Changed {
        connections_ended,
        ..Changed::new("revoked", args.provider, said)
    })?;
    Ok(ExitCode::SUCCESS)
}
