//! The short answer of a command that changed something.

use super::output::{Answer, Style};
use crate::model::{ConnectionName, ProviderName};
use serde::Serialize;

/// What was done to which provider or connection.
#[derive(Debug, Serialize)]
pub(crate) struct Changed {
    /// The word scripts compare, such as `logged_out`.
    pub(crate) status: &'static str,
    pub(crate) provider: ProviderName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connection: Option<ConnectionName>,
    /// What the provider uses from now on, where that is another than before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_connection: Option<ConnectionName>,
    /// How many connections were ended, in every vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connections_ended: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
    /// The sentence for people.
    #[serde(skip)]
    pub(crate) said: String,
}

impl Changed {
    pub(crate) const fn new(status: &'static str, provider: ProviderName, said: String) -> Self {
        Self {
            status,
            provider,
            connection: None,
            default_connection: None,
            connections_ended: None,
            warnings: Vec::new(),
            said,
        }
    }
}

/// `2 connections were ended`, where the daemon told.
pub(crate) fn ended(count: Option<u64>) -> String {
    match count {
        Some(0) => "there was no connection to end".to_owned(),
        Some(1) => "1 connection was ended".to_owned(),
        Some(count) => format!("{count} connections were ended"),
        None => "its connections were ended".to_owned(),
    }
}

impl Answer for Changed {
    fn text(&self, style: &Style) -> String {
        let paint = style.paint();
        let mut text = format!("{}\n", paint.good(&self.said));
        for warning in &self.warnings {
            text = format!(
                "{text}{} {}\n",
                paint.warn("note:"),
                super::paint::clean(warning)
            );
        }
        text
    }
}
