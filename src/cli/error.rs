//! Why a command did not do what it was told, and what to do next.

use super::paint::clean;
use crate::client;
use crate::config;
use crate::model::ErrorCode;
use crate::telemetry;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde::Serialize;
use std::error::Error as StdError;

/// The longest part of a refused argument that is shown again, in characters.
const LONGEST_ECHO: usize = 1_200;

/// What kind of end it was; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line itself is wrong.
    Usage,
    /// The person pressed Ctrl-C.
    Interrupted,
    /// A closed code of the product.
    Code(ErrorCode),
}

impl Kind {
    /// The class name in JSON.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Usage => "UsageError",
            Self::Interrupted => "InterruptedError",
            Self::Code(code) => code.class(),
        }
    }
}

/// A command that failed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct CliError(Box<Told>);

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Told {
    kind: Kind,
    message: String,
    hint: Option<String>,
    provider: Option<String>,
    operation: Option<String>,
    trace_id: Option<String>,
    claim: Option<Claim>,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What a person opens and compares before an identity may do anything.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Claim {
    pub(crate) claim_url: String,
    pub(crate) fingerprint: String,
}

/// The error as `--json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorObject<'a> {
    v: u32,
    error: &'static str,
    message: String,
    hint: Option<&'a str>,
    provider: Option<&'a str>,
    operation: Option<&'a str>,
    trace_id: Option<&'a str>,
    #[serde(flatten)]
    claim: Option<&'a Claim>,
}

impl CliError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::of(Kind::Code(code), message.into())
    }

    fn of(kind: Kind, message: String) -> Self {
        Self(Box::new(Told {
            kind,
            message,
            hint: None,
            provider: None,
            operation: None,
            trace_id: None,
            claim: None,
            source: None,
        }))
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The closed code, where the end has one.
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self.0.kind {
            Kind::Code(code) => Some(code),
            Kind::Usage | Kind::Interrupted => None,
        }
    }

    /// The next step.
    pub(crate) fn next_step(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The provider it is about.
    pub(crate) fn named_provider(&self) -> Option<&str> {
        self.0.provider.as_deref()
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::of(Kind::Usage, message.into())
    }

    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self::of(Kind::Interrupted, message.into())
    }

    pub(crate) fn internal(
        message: impl Into<String>,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Self::new(ErrorCode::Internal, message).caused_by(source)
    }

    /// What clap refused, without the control characters and the length of what it echoes.
    pub(crate) fn from_clap(refused: &clap::Error) -> Self {
        if refused.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            return Self::usage("a command is missing").hint("see them with `authsome --help`");
        }
        let text = clean(&refused.to_string()).into_owned();
        let text = text.trim().trim_start_matches("error: ");
        let (text, more) = match text.rsplit_once("\n\nFor more information, ") {
            Some((text, _)) => (text, "see the flags with `--help`"),
            None => (text, ""),
        };
        let (message, usage) = match text.split_once("\n\nUsage:") {
            Some((message, usage)) => (message, Some(usage.trim())),
            None => (text, None),
        };
        // That a value may begin with `--` helps nobody who mistyped a flag.
        let lines = message.lines().filter(|line| {
            !line.trim().is_empty() && !line.trim_start().starts_with("tip: to pass ")
        });
        let error = Self::usage(cut(&lines.collect::<Vec<_>>().join("\n")));
        let hint = match usage {
            Some(usage) if forgot_dashes(refused, usage) => {
                "write `--` before the program: authsome run -- COMMAND".to_owned()
            }
            Some(usage) => format!("usage: {usage}"),
            None => more.to_owned(),
        };
        if hint.is_empty() {
            error
        } else {
            error.hint(cut(&hint))
        }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn provider(mut self, provider: &str) -> Self {
        self.0.provider = Some(provider.to_owned());
        self
    }

    #[must_use]
    pub(crate) fn operation(mut self, operation: &str) -> Self {
        self.0.operation = Some(operation.to_owned());
        self
    }

    /// The same as fields, for programs that pass them on.
    #[must_use]
    pub(crate) fn claim(mut self, claim: Claim) -> Self {
        self.0.claim = Some(claim);
        self
    }

    #[must_use]
    pub(crate) fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The message and its causes, joined by colons, without saying anything twice.
    pub(crate) fn whole_message(&self) -> String {
        let mut text = self.0.message.clone();
        let mut next = StdError::source(self);
        while let Some(cause) = next {
            let said = cause.to_string();
            if !text.contains(&said) {
                text.push_str(": ");
                text.push_str(&said);
            }
            next = cause.source();
        }
        clean(&text).into_owned()
    }

    pub(crate) fn object(&self) -> ErrorObject<'_> {
        ErrorObject {
            v: 1,
            error: self.0.kind.class(),
            message: self.whole_message(),
            hint: self.0.hint.as_deref(),
            provider: self.0.provider.as_deref(),
            operation: self.0.operation.as_deref(),
            trace_id: self.0.trace_id.as_deref(),
            claim: self.0.claim.as_ref(),
        }
    }
}

/// `authsome run python agent.py`: the first word that is no flag of ours is the program.
fn forgot_dashes(refused: &clap::Error, usage: &str) -> bool {
    refused.kind() == ErrorKind::UnknownArgument
        && usage.starts_with("authsome run ")
        && matches!(
            refused.get(ContextKind::InvalidArg),
            Some(ContextValue::String(word)) if !word.starts_with('-')
        )
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_ECHO) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

impl From<client::Error> for CliError {
    fn from(error: client::Error) -> Self {
        let mut told = Self::new(error.code(), error.to_string());
        told.0.hint = error.hint();
        if let Some(refusal) = error.refusal() {
            told.0.provider.clone_from(&refusal.provider);
            told.0.operation.clone_from(&refusal.operation);
            told.0.trace_id.clone_from(&refusal.trace_id);
        }
        told.0.source = error.into_source();
        told
    }
}

impl From<telemetry::Error> for CliError {
    fn from(error: telemetry::Error) -> Self {
        let code = ErrorCode::InvalidInput;
        Self::new(code, "could not set up the log or the traces").caused_by(error)
    }
}

impl From<config::Error> for CliError {
    /// A value is the person's to put right, as a file that does not open is; a full disk is the machine's.
    fn from(error: config::Error) -> Self {
        let message = error.to_string();
        let mut told = match &error {
            config::Error::File { .. } if error.is_full() => {
                Self::new(ErrorCode::StoreUnavailable, message)
            }
            config::Error::File { .. } => Self::new(ErrorCode::InvalidInput, message),
            _ => Self::usage(message),
        };
        told.0.hint = error.hint();
        told.0.source = StdError::source(&error).map(|cause| cause.to_string().into());
        told
    }
}

impl From<crate::daemon::Error> for CliError {
    fn from(error: crate::daemon::Error) -> Self {
        let told = Self::new(error.code(), error.to_string());
        let told = match error.hint() {
            Some(hint) => told.hint(hint),
            None => told,
        };
        told.caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let cause = std::io::Error::other("disk is full");
        let error = CliError::new(ErrorCode::Internal, "could not write").caused_by(cause);
        assert_eq!(error.whole_message(), "could not write: disk is full");
    }

    #[test]
    fn a_long_hostile_argument_is_cut() {
        assert!(cut(&"é".repeat(100_000)).chars().count() <= LONGEST_ECHO + 1);
    }
}
