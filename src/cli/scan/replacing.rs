//! Placeholders in the place of values whose secret is stored.

use super::report::shown;
use crate::api::{ComparedFind, FindState};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::prompt;
use crate::scan::{Change, EnvFile, Finds};
use serde::Serialize;

/// What became of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Replaced,
    /// Nobody could be asked, and nobody agreed beforehand.
    Offered,
    Declined,
    Failed,
}

/// One `.env` file and what was done with its values.
#[derive(Debug, Serialize)]
pub(super) struct Replacement {
    file: String,
    lines: Vec<usize>,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Replacement {
    pub(super) fn has_failed(&self) -> bool {
        self.status == Status::Failed
    }

    /// A line for people.
    pub(super) fn said(&self) -> String {
        let values = values(self.lines.len());
        let file = &self.file;
        match self.status {
            Status::Replaced => format!(
                "Replaced {values} in {file} by placeholders; no copy of the old text was kept"
            ),
            Status::Offered => format!(
                "Would replace {values} in {file} by placeholders (line {}); say so with --yes",
                list(&self.lines)
            ),
            Status::Declined => format!("{file} is as it was"),
            Status::Failed => format!(
                "{file} is as it was: it {}",
                self.reason.as_deref().unwrap_or("could not be written")
            ),
        }
    }
}

/// Offers to replace every value of a `.env` file that is stored now, file by file.
pub(super) fn offer(
    found: &Finds,
    compared: &[Option<ComparedFind>],
    is_agreed: bool,
    context: &Context,
) -> Result<Vec<Replacement>, CliError> {
    let mut done = Vec::new();
    for (index, file) in found.files.iter().enumerate() {
        let mut changes: Vec<(Change, String)> = Vec::new();
        for (find, compared) in found.finds.iter().zip(compared) {
            let placeholder = compared.as_ref().and_then(stands_for);
            if let (Some((at, change)), Some(placeholder)) = (&find.change, placeholder)
                && *at == index
            {
                changes.push((change.clone(), placeholder.to_owned()));
            }
        }
        if !changes.is_empty() {
            done.push(replace(file, &changes, is_agreed, context)?);
        }
    }
    Ok(done)
}

/// What may take the place of a secret: only where it is stored.
fn stands_for(compared: &ComparedFind) -> Option<&str> {
    match compared.state {
        FindState::Same | FindState::Imported => compared.placeholder.as_deref(),
        FindState::Unknown | FindState::Missing | FindState::Different | FindState::Placeholder => {
            None
        }
    }
}

fn replace(
    file: &EnvFile,
    changes: &[(Change, String)],
    is_agreed: bool,
    context: &Context,
) -> Result<Replacement, CliError> {
    let lines: Vec<usize> = changes.iter().map(|(change, _)| change.line).collect();
    let name = shown(&file.path);
    let is_askable = prompt::has_person() && !context.out.is_json();
    let (status, reason) = if !is_agreed && !is_askable {
        (Status::Offered, None)
    } else if !is_agreed && !is_confirmed(context, &name, &lines)? {
        (Status::Declined, None)
    } else {
        match file.replace(changes) {
            Ok(()) => (Status::Replaced, None),
            Err(error) => (Status::Failed, Some(error.to_string())),
        }
    };
    Ok(Replacement {
        file: name,
        lines,
        status,
        reason,
    })
}

fn is_confirmed(context: &Context, name: &str, lines: &[usize]) -> Result<bool, CliError> {
    context.out.ask(&format!(
        "{name}, line {}: stored in Authsome. `authsome run` puts the real value into requests \
         where a placeholder stands.\nNo copy of the old text is kept: it would keep the secret.",
        list(lines)
    ));
    let values = values(lines.len());
    prompt::confirm(&format!("Replace {values} in {name} by placeholders?"))
}

fn values(count: usize) -> String {
    match count {
        1 => "1 value".to_owned(),
        more => format!("{more} values"),
    }
}

fn list(lines: &[usize]) -> String {
    let lines: Vec<_> = lines.iter().map(usize::to_string).collect();
    lines.join(", ")
}
