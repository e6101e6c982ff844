//! `authsome run`: a program behind the proxy.

use super::context::Context;
use super::error::CliError;
use crate::model::ErrorCode;
use std::ffi::OsString;
use std::process::ExitCode;

/// Arguments of `authsome run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

pub(crate) async fn run(_args: Args, _context: &Context) -> Result<ExitCode, CliError> {
    std::future::ready(Err(CliError::new(ErrorCode::Internal, "not built yet"))).await
}
