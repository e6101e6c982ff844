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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
    /// The sentence for people.
    #[serde(skip)]
    pub(crate) said: String,
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
