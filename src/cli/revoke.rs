//! `authsome revoke`: log everybody out of a provider.

use super::context::Context;
use super::done::Changed;
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
        "Revoke every connection to {}, for everybody?",
        args.provider
    );
    prompt::consent(args.yes, context.out.is_json(), &question)?;
    client.revoke_provider(&args.provider).await?;
    context.out.done(&Changed {
        said: format!("Revoked every connection to {}", args.provider),
        status: "revoked",
        provider: args.provider,
        connection: None,
        warnings: Vec::new(),
    })?;
    Ok(ExitCode::SUCCESS)
}
