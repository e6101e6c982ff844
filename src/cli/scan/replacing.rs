//! Placeholders in the place of values whose secret is stored, where requests use that secret.
//!
//! A placeholder stands for the connection that a provider uses by default. A value that is stored
//! as another one stays in its file: a program would go on with another key and nobody be told.

use super::report::shown;
use crate::api::{ComparedFind, FindState};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::prompt;
use crate::model::{ConnectionName, ProviderName};
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
    /// Requests use another connection than the one that has this value.
    NotDefault,
}

/// One `.env` file and what was done with its values.
#[derive(Debug, Serialize)]
pub(super) struct Replacement {
    file: String,
    lines: Vec<usize>,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(flatten)]
    unused: Option<Unused>,
}

/// A connection that has the value, and is not the one that is used.
#[derive(Debug, Serialize)]
struct Unused {
    provider: ProviderName,
    connection: ConnectionName,
    default_connection: Option<ConnectionName>,
    hint: String,
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
            Status::NotDefault => format!(
                "{file} is as it was in line {}: {}; {}",
                list(&self.lines),
                self.reason
                    .as_deref()
                    .unwrap_or("requests do not use this key"),
                self.unused
                    .as_ref()
                    .map_or("", |unused| unused.hint.as_str())
            ),
        }
    }
}

/// A value of a `.env` file that is stored.
struct Stored<'a> {
    /// The file of [`Finds::files`].
    file: usize,
    change: &'a Change,
    placeholder: &'a str,
    provider: &'a ProviderName,
    connection: &'a ConnectionName,
    /// The connection that requests use.
    used: Option<&'a ConnectionName>,
}

/// Offers to replace every value of a `.env` file that is stored now and in use, file by file.
pub(super) fn offer(
    found: &Finds,
    compared: &[Option<ComparedFind>],
    is_agreed: bool,
    context: &Context,
) -> Result<Vec<Replacement>, CliError> {
    let finds = found.finds.iter().zip(compared);
    let all: Vec<Stored<'_>> = finds
        .filter_map(|(find, compared)| {
            let (file, change) = find.change.as_ref()?;
            stored(*file, change, compared.as_ref()?)
        })
        .collect();
    let mut done = Vec::new();
    for (index, file) in found.files.iter().enumerate() {
        let here = all.iter().filter(|one| one.file == index);
        let (used, unused): (Vec<_>, Vec<_>) =
            here.partition(|one| one.used == Some(one.connection));
        let changes: Vec<(Change, String)> = used
            .into_iter()
            .map(|one| (one.change.clone(), one.placeholder.to_owned()))
            .collect();
        if !changes.is_empty() {
            done.push(replace(file, &changes, is_agreed, context)?);
        }
        done.extend(unused.into_iter().map(|one| left(file, one)));
    }
    Ok(done)
}

/// What may take the place of a secret: only where it is stored.
fn stored<'a>(file: usize, change: &'a Change, compared: &'a ComparedFind) -> Option<Stored<'a>> {
    match compared.state {
        FindState::Same | FindState::Imported => Some(Stored {
            file,
            change,
            placeholder: compared.placeholder.as_deref()?,
            provider: compared.provider.as_ref()?,
            connection: compared.connection.as_ref()?,
            used: compared.default_connection.as_ref(),
        }),
        FindState::Unknown | FindState::Missing | FindState::Different | FindState::Placeholder => {
            None
        }
    }
}

/// A value that stays, and what the person can do about it.
fn left(file: &EnvFile, one: &Stored<'_>) -> Replacement {
    let (provider, connection, used) = (one.provider, one.connection, one.used);
    let reason = match used {
        Some(used) => format!("requests to {provider} use `{used}`, not this key (`{connection}`)"),
        None => format!("requests to {provider} do not use this key (`{connection}`)"),
    };
    let hint = format!(
        "make it the default with `authsome set-default {provider} {connection}` and scan again, or \
         run programs with `authsome run --connection {provider}={connection}`"
    );
    Replacement {
        file: shown(&file.path),
        lines: vec![one.change.line],
        status: Status::NotDefault,
        reason: Some(reason),
        unused: Some(Unused {
            provider: provider.clone(),
            connection: connection.clone(),
            default_connection: used.cloned(),
            hint,
        }),
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
        unused: None,
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
