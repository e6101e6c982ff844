//! What a scan says: places, names and states, never a value.

use super::Args;
use super::replacing::Replacement;
use crate::api::{ComparedFind, ConnectedProvider, FindState};
use crate::cli::output::{Answer, Style};
use crate::cli::paint::clean;
use crate::cli::table::{Rows, Tone};
use crate::cli::wrap::wrapped;
use crate::model::{ConnectionName, ProviderName};
use crate::scan::{Find, Skipped, Source, What};
use serde::Serialize;
use std::path::Path;

/// The words scripts compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    EnvOnly,
    AuthsomeOnly,
    EnvAndAuthsomeMatch,
    EnvAndAuthsomeDifferent,
    NoEnvMapping,
    Imported,
    SkippedUnchanged,
    Placeholder,
    NameOnly,
}

/// One place.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    provider: Option<ProviderName>,
    status: Status,
    env_var: Option<String>,
    /// `file:line`, or `environment`.
    source: Option<String>,
    file: Option<String>,
    line: Option<usize>,
    /// What it is called there.
    name: Option<String>,
    connection: Option<ConnectionName>,
    /// Why it was not stored.
    problem: Option<String>,
}

impl Row {
    /// `None` where it turned out to be nothing.
    pub(super) fn of(find: &Find, compared: Option<&ComparedFind>, import: bool) -> Option<Self> {
        let state = compared.map(|compared| compared.state);
        let status = match (&find.what, state) {
            (What::NameOnly, _) => Status::NameOnly,
            (_, Some(FindState::Placeholder)) => Status::Placeholder,
            (What::Guess(_), None | Some(FindState::Unknown)) | (What::Secret(_), None) => {
                return None;
            }
            (What::Secret(_), Some(FindState::Unknown)) => Status::NoEnvMapping,
            (_, Some(FindState::Missing)) => Status::EnvOnly,
            (_, Some(FindState::Same)) if import => Status::SkippedUnchanged,
            (_, Some(FindState::Same)) => Status::EnvAndAuthsomeMatch,
            (_, Some(FindState::Different)) => Status::EnvAndAuthsomeDifferent,
            (_, Some(FindState::Imported)) => Status::Imported,
        };
        let (source, file, line) = match &find.source {
            Source::Environment => ("environment".to_owned(), None, None),
            Source::File { path, line } => {
                let shown = shown(path);
                (format!("{shown}:{line}"), Some(shown), Some(*line))
            }
        };
        Some(Self {
            provider: compared.and_then(|compared| compared.provider.clone()),
            status,
            env_var: find.variable.clone(),
            source: Some(source),
            file,
            line,
            name: Some(find.label.clone()),
            connection: compared.and_then(|compared| compared.connection.clone()),
            problem: compared.and_then(|compared| compared.problem.clone()),
        })
    }

    fn only_stored(one: ConnectedProvider) -> Self {
        Self {
            provider: Some(one.provider),
            status: Status::AuthsomeOnly,
            env_var: one.variables.into_iter().next(),
            source: None,
            file: None,
            line: None,
            name: None,
            connection: None,
            problem: None,
        }
    }

    fn state(&self) -> (String, Tone) {
        let connection = self.connection.as_ref().map_or("?", ConnectionName::as_str);
        let (text, tone) = match self.status {
            Status::EnvOnly => ("not in Authsome".to_owned(), Tone::Warn),
            Status::EnvAndAuthsomeMatch | Status::SkippedUnchanged => {
                (format!("same as connection {connection}"), Tone::Good)
            }
            Status::EnvAndAuthsomeDifferent => {
                (format!("differs from connection {connection}"), Tone::Warn)
            }
            Status::Imported => (format!("stored as connection {connection}"), Tone::Good),
            Status::Placeholder => ("placeholder".to_owned(), Tone::Dim),
            Status::NoEnvMapping => ("of no known provider".to_owned(), Tone::Dim),
            Status::NameOnly => ("not looked at".to_owned(), Tone::Dim),
            Status::AuthsomeOnly => ("only in Authsome".to_owned(), Tone::Good),
        };
        match &self.problem {
            Some(problem) => (format!("{text}: {problem}"), Tone::Bad),
            None => (text, tone),
        }
    }
}

/// A file or folder that was passed over.
#[derive(Debug, Serialize)]
struct Passed {
    path: String,
    reason: String,
}

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    connection: ConnectionName,
    import: bool,
    configured_count: usize,
    imported_count: usize,
    results: Vec<Row>,
    skipped: Vec<Passed>,
    pub(super) replacements: Vec<Replacement>,
}

impl Report {
    pub(super) fn new(
        mut rows: Vec<Row>,
        connected: Vec<ConnectedProvider>,
        args: &Args,
        skipped: &[Skipped],
    ) -> Self {
        let count = |wanted: &[Status]| {
            let rows = rows.iter();
            rows.filter(|row| wanted.contains(&row.status)).count()
        };
        let imported_count = count(&[Status::Imported]);
        let configured_count = count(&[
            Status::Imported,
            Status::SkippedUnchanged,
            Status::EnvAndAuthsomeMatch,
            Status::EnvAndAuthsomeDifferent,
        ]);
        let is_new = |one: &ConnectedProvider| {
            rows.iter()
                .all(|row| row.provider.as_ref() != Some(&one.provider))
        };
        let only: Vec<_> = connected.into_iter().filter(is_new).collect();
        rows.extend(only.into_iter().map(Row::only_stored));
        let passed = |skipped: &Skipped| Passed {
            path: shown(&skipped.path),
            reason: skipped.reason.clone(),
        };
        Self {
            connection: args.connection.clone(),
            import: args.import,
            configured_count,
            imported_count,
            results: rows,
            skipped: skipped.iter().map(passed).collect(),
            replacements: Vec::new(),
        }
    }

    pub(super) fn has_failures(&self) -> bool {
        self.replacements.iter().any(Replacement::has_failed)
    }

    fn next_step(&self) -> Option<String> {
        let missing = [Status::EnvOnly, Status::EnvAndAuthsomeDifferent];
        let is_missing = |row: &&Row| missing.contains(&row.status);
        match self.results.iter().filter(is_missing).count() {
            0 => None,
            _ if self.import => None,
            count => Some(format!(
                "{count} in plain text and not in Authsome: store with `authsome scan --import`\n"
            )),
        }
    }
}

impl Answer for Report {
    fn text(&self, style: &Style) -> String {
        let paint = style.paint();
        let mut text = String::new();
        let (only, found): (Vec<&Row>, Vec<&Row>) = self
            .results
            .iter()
            .partition(|row| row.status == Status::AuthsomeOnly);
        if found.is_empty() && !style.is_quiet() {
            text.push_str(
                "No credential lies in plain text in the places that were looked into.\n",
            );
        } else if !found.is_empty() {
            let mut rows = Rows::new(style, &["PLACE", "NAME", "PROVIDER", "STATE"]);
            for row in found {
                let (state, tone) = row.state();
                let provider = row.provider.as_ref().map_or("-", ProviderName::as_str);
                rows.push(&[
                    (row.source.as_deref().unwrap_or("-"), Tone::Plain),
                    (row.name.as_deref().unwrap_or("-"), Tone::Plain),
                    (provider, Tone::Plain),
                    (&state, tone),
                ]);
            }
            text.push_str(&rows.finish());
        }
        if style.is_quiet() {
            return text;
        }
        if !only.is_empty() {
            let names = only.iter().filter_map(|row| row.provider.as_ref());
            let names: Vec<_> = names.map(ProviderName::as_str).collect();
            let line = format!(
                "Connected, and nowhere here in plain text: {}",
                names.join(", ")
            );
            text.push_str(&paint.dim(&wrapped(&line, style.width)));
            text.push('\n');
        }
        for replacement in &self.replacements {
            text.push_str(&wrapped(&clean(&replacement.said()), style.width));
            text.push('\n');
        }
        let next = self.next_step().unwrap_or_default();
        text.push_str(&wrapped(&next, style.width));
        text
    }
}

/// A path as a person writes it: from here, where it is below here.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir()
        .and_then(|here| here.canonicalize())
        .ok();
    let below = here
        .as_deref()
        .and_then(|here| path.strip_prefix(here).ok());
    clean(&below.unwrap_or(path).display().to_string()).into_owned()
}
