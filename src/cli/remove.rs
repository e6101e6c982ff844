//! `authsome remove`: a provider of your own goes; what it stood for, if anything, is in use again.

use super::context::Context;
use super::done::{Changed, ended};
use super::error::CliError;
use super::prompt;
use crate::api::ProviderChange;
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
    // One that cannot be read is there all the same, and this is how it goes.
    match client.provider(&args.provider).await {
        Err(error) if error.code() != ErrorCode::InvalidProviderSchema => return Err(error.into()),
        Ok(_) | Err(_) => {}
    }
    let question = format!(
        "Remove {}? Every connection to it is revoked, for everybody.",
        args.provider
    );
    prompt::consent(args.yes, context.out.is_json(), &question)?;
    let changed = client.remove_provider(&args.provider).await?;
    let (status, said) = match changed.change {
        Some(ProviderChange::Reset) => (
            "reset",
            format!(
                "{} is as it was before anybody registered it",
                args.provider
            ),
        ),
        Some(ProviderChange::Removed) | None => ("removed", format!("Removed {}", args.provider)),
    };
    let said = format!("{said}; {}", ended(changed.connections_ended));
    context.out.done(&Changed {
        connections_ended: changed.connections_ended,
        warnings: changed.warnings,
        ..Changed::new(status, args.provider, said)
    })?;
    Ok(ExitCode::SUCCESS)
}
