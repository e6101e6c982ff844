//! `authsome scan`: credentials that lie in plain text, and how they stand to what is stored.
//!
//! The values stay here: the daemon is sent keyed digests, in one call. With `--import` it is sent
//! those that it is to store, and for what stands in a `.env` file then a placeholder is offered,
//! where requests use that very key.

mod replacing;
mod report;

use super::context::Context;
use super::error::CliError;
use super::output::Output;
use crate::api::{self, FindState, WireDigest, WireSecret};
use crate::catalog::Catalog;
use crate::client::{self, Client};
use crate::config::ChildEnvironment;
use crate::model::ConnectionName;
use crate::model::key::LONGEST_KEY;
use crate::scan::{self, Find, Finds, What};
use crate::secret::ApiKey;
use report::{Report, Row};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The most that is asked about in one call.
const MOST_FINDS: usize = 1_000;

/// Arguments of `authsome scan`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Looks into .env files from PATH up to the root of its repository or your home, into the \
    environment, and into the files of gh, npm, pip, cargo, docker and aws (names only). No value is shown."
)]
pub(crate) struct Args {
    /// Where to begin, or one file (default: this folder)
    path: Option<PathBuf>,
    /// Store what is not there yet, and offer to replace it in .env files by placeholders
    #[arg(long)]
    import: bool,
    /// What is stored is called so, where that name is free
    #[arg(
        long, short, value_name = "NAME", default_value = ConnectionName::DEFAULT, requires = "import"
    )]
    connection: ConnectionName,
    /// Replace a connection of that name where its key is another, instead of adding a second
    #[arg(long, requires = "import")]
    force: bool,
    /// Replace values in .env files by placeholders without asking
    #[arg(long, short, requires = "import")]
    yes: bool,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let start = args.path.as_deref().unwrap_or(Path::new("."));
    let environment = ChildEnvironment::capture();
    let catalog = Catalog::with_custom(context.config.home.providers_dir());
    let found = scan::find(start, &catalog, &environment).map_err(|source| {
        CliError::usage(format!("could not look into {}", start.display()))
            .hint("name a folder, or one file")
            .caused_by(source)
    })?;
    tell_skipped(&context.out, &found);
    let client = context.client().await?;
    let compared = compare(&client, &args, &found, &context.out).await?;
    let mut rows: Vec<Row> = Vec::new();
    for (find, compared) in found.finds.iter().zip(&compared.finds) {
        rows.extend(Row::of(find, compared.as_ref(), args.import));
    }
    let mut report = Report::new(rows, compared.connected, &args, &found.skipped);
    if args.import {
        report.replacements = replacing::offer(&found, &compared.finds, args.yes, context)?;
    }
    let failed = report.has_failures();
    context.out.show(&report)?;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn tell_skipped(out: &Output, found: &Finds) {
    for skipped in &found.skipped {
        let path = report::shown(&skipped.path);
        out.warn(&format!(
            "{path} {}; it was not looked into",
            skipped.reason
        ));
    }
    if found.is_in_run {
        out.note("this is a program of `authsome run`: its environment holds placeholders only");
    }
}

/// The daemon's answer, one place for each find; `None` where it was not asked.
struct Answers {
    finds: Vec<Option<api::ComparedFind>>,
    connected: Vec<api::ConnectedProvider>,
}

/// Asks once. A second call is for variables that only the daemon has a definition for: their
/// values are sent when it is known that they are to be stored, and not before.
async fn compare(
    client: &Client,
    args: &Args,
    found: &Finds,
    out: &Output,
) -> Result<Answers, CliError> {
    let finds = &found.finds;
    let mut asked: Vec<usize> = (0..finds.len())
        .filter(|at| secret(&finds[*at]).is_some())
        .collect();
    if asked.len() > MOST_FINDS {
        out.warn(&format!("only the first {MOST_FINDS} finds are compared"));
        asked.truncate(MOST_FINDS);
    }
    let is_sure = |find: &Find| args.import && matches!(find.what, What::Secret(_));
    let first = ask(client, args, finds, &asked, is_sure).await?;
    let mut answers = Answers {
        finds: vec![None; finds.len()],
        connected: first.connected,
    };
    for (at, answer) in asked.iter().zip(first.finds) {
        answers.finds[*at] = Some(answer);
    }
    if args.import {
        let is_left = |at: &usize| {
            matches!(finds[*at].what, What::Guess(_))
                && answers.finds[*at].as_ref().is_some_and(missing)
        };
        let left: Vec<usize> = asked.into_iter().filter(is_left).collect();
        if !left.is_empty() {
            let second = ask(client, args, finds, &left, |_| true).await?;
            for (at, answer) in left.iter().zip(second.finds) {
                answers.finds[*at] = Some(answer);
            }
        }
    }
    Ok(answers)
}

async fn ask(
    client: &Client,
    args: &Args,
    finds: &[Find],
    which: &[usize],
    whole: impl Fn(&Find) -> bool,
) -> Result<api::Comparison, client::Error> {
    let salt = client::comparison_salt();
    let find = |at: &usize| {
        let find = &finds[*at];
        let secret = secret(find)?;
        let is_whole = whole(find) && secret.reveal().len() <= LONGEST_KEY;
        Some(api::Find {
            variable: find.variable.clone(),
            providers: find.providers.clone(),
            digest: (!is_whole)
                .then(|| WireDigest(client::comparison_digest(&salt, secret.reveal()))),
            value: is_whole.then(|| WireSecret::new(secret.reveal())),
        })
    };
    client
        .compare(&api::Compare {
            salt: WireDigest(salt),
            finds: which.iter().filter_map(find).collect(),
            connection: args.connection.clone(),
            replace: args.force,
        })
        .await
}

const fn secret(find: &Find) -> Option<&ApiKey> {
    match &find.what {
        What::Secret(secret) | What::Guess(secret) => Some(secret),
        What::NameOnly => None,
    }
}

const fn missing(answer: &api::ComparedFind) -> bool {
    matches!(answer.state, FindState::Missing | FindState::Different)
}
