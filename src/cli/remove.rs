//! `authsome remove`: a provider of your own goes, a bundled one returns to how it came.

use super::context::Context;
use super::done::{Changed, ended};
use super::error::CliError;
use super::prompt;
use crate::model::{ErrorCode, ProviderName};
use std::process::ExitCode;

/// Arguments of `authsome remove`.
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
    client.provider(&args.provider).await?;
    let question = format!(
        "Remove {}? Every connection to it is revoked, for everybody.",
        args.provider
    );
    prompt::consent(args.yes, context.out.is_json(), &question)?;
    let changed = client.remove_provider(&args.provider).await?;
    let still_there = match client.provider(&args.provider).await {
        Ok(_) => true,
        Err(error) if error.code() == ErrorCode::ProviderNotFound => false,
        Err(error) => return Err(error.into()),
    };
    let (status, said) = if still_there {
        (
            "reset",
            format!("{} is as it came with Authsome again", args.provider),
        )
    } else {
        ("removed", format!("Removed {}", args.provider))
    };
    let said = format!("{said}; {}", ended(changed.connections_ended));
    context.out.done(&Changed {
        connections_ended: changed.connections_ended,
        warnings: changed.warnings,
        ..Changed::new(status, args.provider, said)
    })?;
    Ok(ExitCode::SUCCESS)
}
