//! Commands that give a secret out, called by a program of `authsome run`.
//!
//! The program acts as the same identity as whoever started it, and could leave the run's variables
//! out: this keeps a secret from getting there by accident, and nothing from getting it on purpose.

use super::error::CliError;
use crate::config::ChildEnvironment;
use crate::model::ErrorCode;
use crate::scan;

/// Refuses where the environment is one that a run made.
pub(super) fn refuse(operation: &str) -> Result<(), CliError> {
    if !scan::is_in_run(&ChildEnvironment::capture()) {
        return Ok(());
    }
    Err(CliError::new(
        ErrorCode::OperationNotAllowed,
        "a program of `authsome run` gets no secret, only placeholders",
    )
    .operation(operation)
    .hint(
        "send the request with the placeholder, and the proxy puts the secret in; a person who wants to see it \
         runs this command outside of `authsome run`",
    ))
}
