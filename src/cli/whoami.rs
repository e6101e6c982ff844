//! `authsome whoami`.

use super::context::Context;
use super::error::CliError;
use crate::model::ErrorCode;
use std::process::ExitCode;

pub(crate) async fn run(_context: &Context) -> Result<ExitCode, CliError> {
    std::future::ready(Err(CliError::new(ErrorCode::Internal, "not built yet"))).await
}
