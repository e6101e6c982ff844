//! `authsome demo`: the whole product at work on a home of its own.

use super::context::Context;
use super::error::CliError;
use crate::model::ErrorCode;
use std::process::ExitCode;

/// Arguments of `authsome demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_args: Args, _context: &Context) -> Result<ExitCode, CliError> {
    std::future::ready(Err(CliError::new(ErrorCode::Internal, "not built yet"))).await
}
