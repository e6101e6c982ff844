//! The only writer of the command line: text for people, one JSON object for programs.
//!
//! Answers go to stdout, everything said along the way to stderr. A reader that closes the pipe has
//! had enough; that is never an error and never a panic.

use super::args::Global;
use super::error::CliError;
use super::exit;
use super::paint::{Paint, clean, escaped};
use super::wrap::wrapped;
use crate::config::{TerminalHints, TerminalStyle};
use crate::model::ErrorCode;
use serde::Serialize;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

/// What is printed: for programs as it serialises, for people as it reads.
pub(crate) trait Answer: Serialize {
    /// Whole lines, each ended.
    fn text(&self, style: &Style) -> String;
}

/// Who reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Person,
    /// A person or script that wants only what was asked for.
    Quiet,
    /// A program; indented where it prints to a terminal.
    Json {
        indented: bool,
    },
}

/// How to print, decided once.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    reader: Reader,
    /// The characters of a line of stdout; `None` where nobody sees lines.
    pub(crate) width: Option<u16>,
    /// The same of stderr.
    width_err: Option<u16>,
    colour_out: bool,
    colour_err: bool,
    /// Somebody watches stderr and its cursor may move.
    animate: bool,
}

impl Style {
    pub(crate) fn of(global: Global, hints: &TerminalHints) -> Self {
        let colours = !global.no_color && hints.style == TerminalStyle::Full;
        let out = io::stdout().is_terminal();
        let err = io::stderr().is_terminal();
        let reader = match (global.json, global.quiet) {
            (true, _) => Reader::Json { indented: out },
            (false, true) => Reader::Quiet,
            (false, false) => Reader::Person,
        };
        Self {
            reader,
            width: out.then(|| terminal_width(hints)).flatten(),
            width_err: err.then(|| terminal_width(hints)).flatten(),
            colour_out: colours && out,
            colour_err: colours && err,
            animate: err
                && !hints.ci
                && hints.style != TerminalStyle::Dumb
                && reader == Reader::Person,
        }
    }

    /// The colours of stdout.
    pub(crate) const fn paint(&self) -> Paint {
        Paint {
            on: self.colour_out,
        }
    }

    /// Whether notes inside an answer are unwanted too.
    pub(crate) fn is_quiet(&self) -> bool {
        self.reader == Reader::Quiet
    }

    const fn paint_err(&self) -> Paint {
        Paint {
            on: self.colour_err,
        }
    }
}

fn terminal_width(hints: &TerminalHints) -> Option<u16> {
    hints.columns.or_else(|| console_width().filter(|n| *n > 0))
}

fn console_width() -> Option<u16> {
    comfy_table::Table::new().width()
}

/// Where a command says what it has to say.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) style: Style,
}

#[derive(Serialize)]
struct Versioned<'a, T: Serialize> {
    v: u32,
    #[serde(flatten)]
    body: &'a T,
}

impl Output {
    pub(crate) const fn new(style: Style) -> Self {
        Self { style }
    }

    pub(crate) const fn is_json(&self) -> bool {
        matches!(self.style.reader, Reader::Json { .. })
    }

    /// Prints what was asked for.
    pub(crate) fn show(&self, answer: &impl Answer) -> Result<(), CliError> {
        if self.is_json() {
            return self.json(answer);
        }
        self.raw(answer.text(&self.style).as_bytes())
    }

    /// Confirms what was done; `--quiet` keeps it to itself.
    pub(crate) fn done(&self, answer: &impl Answer) -> Result<(), CliError> {
        if self.style.reader == Reader::Quiet {
            return Ok(());
        }
        self.show(answer)
    }

    fn json(&self, body: &impl Serialize) -> Result<(), CliError> {
        let body = Versioned { v: 1, body };
        let bytes = self
            .object(&body)
            .map_err(|source| CliError::internal("could not write JSON", source))?;
        self.raw(&bytes)
    }

    /// One object and a line end. It may be read at a terminal, so that it is as harmless as text.
    fn object(&self, body: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
        let json = match self.style.reader {
            Reader::Json { indented: true } => serde_json::to_string_pretty(body)?,
            _ => serde_json::to_string(body)?,
        };
        let mut bytes = escaped(json).into_bytes();
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Writes bytes to stdout as they are: exports, completions, logs.
    #[expect(
        clippy::unused_self,
        reason = "the one writer is asked, whatever the style"
    )]
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CliError::new(
                ErrorCode::Internal,
                "could not write the answer",
            )
            .caused_by(error)),
            _ => Ok(()),
        }
    }

    /// Says something of interest to a person who watches; not under `--json` or `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if self.style.reader == Reader::Person {
            self.stderr(&clean(text));
        }
    }

    /// Says what the person has to do now; never kept back.
    pub(crate) fn ask(&self, text: &str) {
        self.stderr(&clean(text));
    }

    pub(crate) fn warn(&self, text: &str) {
        let paint = self.style.paint_err();
        self.stderr(&format!("{} {}", paint.warn("warning:"), clean(text)));
    }

    /// Prints the error and gives the exit code of the process.
    pub(crate) fn error(&self, error: &CliError) -> ExitCode {
        if self.is_json() {
            self.error_object(error);
        } else {
            let paint = self.style.paint_err();
            self.stderr(&format!(
                "{} {}",
                paint.bad("error:"),
                error.whole_message()
            ));
            if let Some(hint) = error.next_step() {
                for line in clean(hint).lines().filter(|line| !line.trim().is_empty()) {
                    self.stderr(&format!("  {line}"));
                }
            }
        }
        ExitCode::from(exit::code_of(error))
    }

    fn error_object(&self, error: &CliError) {
        if let Ok(bytes) = self.object(&error.object()) {
            // The exit code still tells when even this cannot be written.
            drop(self.raw(&bytes));
        }
    }

    /// A spinner on a terminal; elsewhere the text once, as a note.
    pub(crate) fn spinner(&self, text: &str) -> Spinner {
        if !self.style.animate {
            self.note(text);
            return Spinner { bar: None };
        }
        let bar = indicatif::ProgressBar::new_spinner();
        bar.set_message(clean(text).into_owned());
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        Spinner { bar: Some(bar) }
    }

    fn stderr(&self, line: &str) {
        let line = wrapped(line, self.style.width_err);
        // Nobody is left to tell when stderr itself is gone.
        drop(writeln!(io::stderr().lock(), "{line}"));
    }
}

/// Turns while something is awaited; gone when dropped.
#[derive(Debug)]
pub(crate) struct Spinner {
    bar: Option<indicatif::ProgressBar>,
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
