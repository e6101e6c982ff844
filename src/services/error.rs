//! How a use case fails: a code of the closed set, a sentence, and the next step.
//!
//! The message is shown to people and agents as it is, so it never holds a secret, a path of the
//! server or the text of a cause; the cause stays in `source` for the log.

use crate::model::{ErrorCode, NameError, ProviderName};
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

type Cause = Box<dyn StdError + Send + Sync>;

/// A use case that did not come about.
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: ErrorCode,
    message: String,
    hint: Option<String>,
    provider: Option<ProviderName>,
    operation: Option<&'static str>,
    retry_after: Option<Duration>,
    source: Option<Cause>,
}

impl Error {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            hint: None,
            provider: None,
            operation: None,
            retry_after: None,
            source: None,
        }))
    }

    /// A defect of ours; the cause goes to the log, never to the caller.
    pub fn internal(source: impl Into<Cause>) -> Self {
        Self::new(ErrorCode::Internal, "the daemon met an error of its own").caused_by(source)
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidInput, message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn provider(mut self, provider: &ProviderName) -> Self {
        self.0.provider = Some(provider.clone());
        self
    }

    #[must_use]
    pub fn operation(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Cause>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// One sentence for people: what went wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The next step, where there is one.
    pub fn next_step(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The provider it was about.
    pub fn about(&self) -> Option<&ProviderName> {
        self.0.provider.as_ref()
    }

    /// What was being done, for example `login` (the wire field `operation`).
    pub fn doing(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// When it makes sense to come back.
    pub fn come_back_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|cause| cause as _)
    }
}

impl From<NameError> for Error {
    fn from(wrong: NameError) -> Self {
        Self::invalid(wrong.to_string())
    }
}
