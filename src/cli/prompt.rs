//! What a person is asked in the terminal. Secrets are read masked, never echoed and never an argument.

use super::error::CliError;
use crate::api::WireSecret;
use crate::model::ErrorCode;
use dialoguer::theme::SimpleTheme;
use std::io::{self, IsTerminal, Read};

/// The longest secret that is taken from stdin, in bytes.
const LONGEST_SECRET: u64 = 64 * 1024;

/// Whether somebody can be asked.
pub(crate) fn has_person() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks yes or no; no is the answer of an empty line.
pub(crate) fn confirm(question: &str) -> Result<bool, CliError> {
    dialoguer::Confirm::with_theme(&SimpleTheme)
        .with_prompt(question)
        .default(false)
        .interact_opt()
        .map(|answer| answer.unwrap_or(false))
        .map_err(cancelled)
}

/// Asks for a secret without showing it.
pub(crate) fn secret(question: &str) -> Result<WireSecret, CliError> {
    let text = dialoguer::Password::with_theme(&SimpleTheme)
        .with_prompt(question)
        .allow_empty_password(true)
        .interact()
        .map_err(cancelled)?;
    taken(text)
}

/// Reads a secret from stdin to its end; one line end after it is not part of it.
pub(crate) fn secret_from_stdin() -> Result<WireSecret, CliError> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(LONGEST_SECRET + 1)
        .read_to_string(&mut text)
        .map_err(|source| {
            CliError::usage("could not read the key from stdin as text").caused_by(source)
        })?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > LONGEST_SECRET {
        return Err(CliError::usage("the key on stdin is longer than 64 KiB"));
    }
    taken(text)
}

fn taken(text: String) -> Result<WireSecret, CliError> {
    let text = zeroize::Zeroizing::new(text);
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(CliError::new(
            ErrorCode::InputCancelled,
            "nothing was typed, so nothing was stored",
        ));
    }
    Ok(WireSecret::new(trimmed))
}

fn cancelled(source: dialoguer::Error) -> CliError {
    let dialoguer::Error::IO(source) = source;
    if source.kind() == io::ErrorKind::Interrupted {
        return CliError::interrupted("cancelled; nothing was stored");
    }
    CliError::new(ErrorCode::InputCancelled, "could not ask in this terminal").caused_by(source)
}
