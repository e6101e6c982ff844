//! What a person is asked in the terminal. Secrets are read masked, never echoed and never an argument.

use super::error::CliError;
use super::interrupt::Interrupt;
use super::paint::clean;
use crate::api::WireSecret;
use crate::model::ErrorCode;
use dialoguer::theme::SimpleTheme;
use nix::sys::termios::{self, SetArg, Termios};
use std::io::{self, IsTerminal, Read};
use zeroize::Zeroizing;

/// The longest secret that is taken from stdin, in bytes.
const LONGEST_SECRET: u64 = 64 * 1024;

/// Whether somebody can be asked.
pub(crate) fn has_person() -> bool {
    stdin_is_terminal() && io::stderr().is_terminal()
}

/// Whether what comes on stdin is typed, and would be seen while it is.
pub(crate) fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
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

/// Asks for a line of text that is no secret; it may be empty.
pub(crate) fn line(question: &str) -> Result<String, CliError> {
    dialoguer::Input::<String>::with_theme(&SimpleTheme)
        .with_prompt(clean(question).into_owned())
        .allow_empty(true)
        .interact_text()
        .map(|text| text.trim().to_owned())
        .map_err(cancelled)
}

/// The same, asked again with the reason until it fits.
pub(crate) fn fitting_line(
    question: &str,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<String, CliError> {
    dialoguer::Input::<String>::with_theme(&SimpleTheme)
        .with_prompt(clean(question).into_owned())
        .allow_empty(true)
        .validate_with(|text: &String| check(text).map_err(|wrong| clean(&wrong).into_owned()))
        .interact_text()
        .map(|text| text.trim().to_owned())
        .map_err(cancelled)
}

/// Asks for one of several; its place in the list.
pub(crate) fn choose(question: &str, choices: &[&str]) -> Result<usize, CliError> {
    dialoguer::Select::with_theme(&SimpleTheme)
        .with_prompt(clean(question).into_owned())
        .items(choices)
        .default(0)
        .interact()
        .map_err(cancelled)
}

/// The text of a file that a person names.
pub(crate) fn file(question: &str) -> Result<WireSecret, CliError> {
    let path = line(question)?;
    let shown = clean(&path);
    let opened = std::fs::File::open(&path).map_err(|source| {
        let message = format!("could not open `{shown}`");
        CliError::new(ErrorCode::InvalidInput, message).caused_by(source)
    })?;
    read_secret(&format!("`{shown}`"), opened)
}

fn read_secret(what: &str, from: impl Read) -> Result<WireSecret, CliError> {
    let mut text = Zeroizing::new(String::new());
    from.take(LONGEST_SECRET + 1)
        .read_to_string(&mut text)
        .map_err(|source| {
            CliError::usage(format!("could not read {what} as text")).caused_by(source)
        })?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > LONGEST_SECRET {
        return Err(CliError::usage(format!("{what} is longer than 64 KiB")));
    }
    taken(&text)
}

/// Asks for a secret without showing it. Ctrl-C gives up and leaves the terminal as it was.
pub(crate) async fn secret(question: &str) -> Result<WireSecret, CliError> {
    let mut interrupt = Interrupt::listen();
    let _echo = Echo::keep();
    let question = clean(question).into_owned();
    let typing = tokio::task::spawn_blocking(move || {
        dialoguer::Password::with_theme(&SimpleTheme)
            .with_prompt(question)
            .allow_empty_password(true)
            .interact()
    });
    tokio::select! {
        typed = typing => match typed {
            Ok(typed) => taken(&Zeroizing::new(typed.map_err(cancelled)?)),
            Err(source) => Err(CliError::internal("could not ask in this terminal", source)),
        },
        () = interrupt.pressed() => {
            // The cursor still stands behind the question.
            drop(dialoguer::console::Term::stderr().write_line(""));
            Err(CliError::interrupted("cancelled; nothing was stored"))
        }
    }
}

/// Puts the terminal back as it was, also when the prompt is left in the middle.
struct Echo(Option<Termios>);

impl Echo {
    fn keep() -> Self {
        Self(termios::tcgetattr(io::stdin()).ok())
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        if let Some(was) = &self.0 {
            // A terminal that has gone needs nothing put back.
            termios::tcsetattr(io::stdin(), SetArg::TCSANOW, was).unwrap_or_default();
        }
    }
}

/// Reads a secret from stdin to its end; one line end after it is not part of it.
pub(crate) fn secret_from_stdin() -> Result<WireSecret, CliError> {
    read_secret("the key on stdin", io::stdin().lock())
}

fn taken(text: &str) -> Result<WireSecret, CliError> {
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

/// Asks before something that cannot be undone, where a person can be asked. A script has decided
/// already: without a terminal, with `--yes` and with `--json` nobody is asked.
pub(crate) fn consent(yes: bool, json: bool, question: &str) -> Result<(), CliError> {
    if yes || json || !has_person() || confirm(question)? {
        return Ok(());
    }
    Err(CliError::new(
        ErrorCode::InputCancelled,
        "nothing was changed",
    ))
}
