//! `authsome log`.

use super::context::Context;
use super::error::CliError;
use crate::model::ErrorCode;
use std::process::ExitCode;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_args: Args, _context: &Context) -> Result<ExitCode, CliError> {
    std::future::ready(Err(CliError::new(ErrorCode::Internal, "not built yet"))).await
}
