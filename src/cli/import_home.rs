//! `authsome import-home`: everything of a home of Authsome 0.5.
//!
//! Works on the files of this home, without a daemon. It only shows what was done; every decision
//! is made below.

use super::context::Context;
use super::error::CliError;
use super::output::{Answer, Style};
use super::paint::clean;
use crate::config::Config;
use crate::daemon::{self, Adopted, ImportCounts, ImportKind, ImportOptions, ImportOutcome};
use crate::daemon::{ImportRemark, Imported};
use crate::model::Handle;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// The most remarks that are shown to a person; programs get all of them.
const MOST_SHOWN: usize = 40;

/// Arguments of `authsome import-home`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The home of 0.5; it is only read
    path: PathBuf,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Overwrite what is here already and differs
    #[arg(long)]
    force: bool,
    /// The master key of the old home, where it is neither in there nor in the environment
    #[arg(long, value_name = "FILE")]
    master_key_file: Option<PathBuf>,
}

/// What `import-home` says.
#[derive(Debug, Serialize)]
struct Told {
    /// `imported`, `unchanged` (everything was here), or `dry_run`.
    status: &'static str,
    from: String,
    home: String,
    /// Everything was read back from this home and compared.
    verified: bool,
    /// Where the key was that opened the old vault.
    opened_with: Option<String>,
    master_key: Adopted,
    /// The identity that commands act as from now on, where they acted as none.
    active_identity: Option<Handle>,
    counts: BTreeMap<&'static str, ImportCounts>,
    remarks: Vec<ImportRemark>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let config = &context.config;
    if !Config::is_local_daemon(&context.daemon_url()?) {
        context.out.note(&format!(
            "note: this takes the old home over into this machine's home; commands use the daemon at {}",
            context.daemon_address()?
        ));
    }
    let options = ImportOptions {
        force: args.force,
        dry_run: args.dry_run,
    };
    let spinner = context.out.spinner("Reading the old home …");
    let done = daemon::import(config, &args.path, args.master_key_file.as_deref(), options).await;
    drop(spinner);
    let told = tell(&args, config, done?);
    context.out.done(&told)?;
    Ok(ExitCode::SUCCESS)
}

fn tell(args: &Args, config: &Config, done: Imported) -> Told {
    let report = done.report;
    let changed = report.total(ImportOutcome::Imported) + report.total(ImportOutcome::Replaced);
    Told {
        status: match (args.dry_run, changed) {
            (true, _) => "dry_run",
            (false, 0) => "unchanged",
            (false, _) => "imported",
        },
        from: args.path.display().to_string(),
        home: config.home.path().display().to_string(),
        verified: !args.dry_run,
        opened_with: done.opened_with,
        master_key: done.master_key,
        active_identity: done.active_identity,
        counts: ImportKind::ALL
            .into_iter()
            .map(|kind| {
                let counts = report.counts.get(&kind).copied().unwrap_or_default();
                (kind.as_str(), counts)
            })
            .collect(),
        remarks: report.remarks,
    }
}

impl Told {
    /// Whether nothing was left out and nothing differs.
    fn is_whole(&self) -> bool {
        let left = |counts: &ImportCounts| counts.skipped + counts.differs;
        self.counts.values().all(|counts| left(counts) == 0)
    }
}

impl Answer for Told {
    fn text(&self, style: &Style) -> String {
        let paint = style.paint();
        let first = match (self.status, self.is_whole()) {
            ("dry_run", _) => paint.bold("This would be done; nothing was written"),
            ("unchanged", true) => paint.good("Everything of the old home is here already"),
            ("unchanged", false) => paint.warn("Nothing new was taken over"),
            (_, true) => paint.good("The old home was taken over, and reads back as it was"),
            (_, false) => paint.good("The old home was taken over, but for what is named below"),
        };
        let mut text = format!(
            "{first}\n  from  {}\n  into  {}\n",
            clean(&self.from),
            clean(&self.home)
        );
        for kind in ImportKind::ALL {
            if let Some(counts) = self.counts.get(kind.as_str()) {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "  {:<18}{}", words(kind), numbers(*counts));
            }
        }
        text.push_str(match self.master_key {
            Adopted::Imported => "  The old master key is this home's own from now on.\n",
            Adopted::NotNeeded if self.opened_with.is_some() => {
                "  Everything is sealed under this home's own master key.\n"
            }
            Adopted::NotNeeded | Adopted::Unchanged => "",
        });
        if let Some(handle) = &self.active_identity {
            let _ = writeln!(text, "  Commands act as {handle}, as before.");
        }
        for remark in self.remarks.iter().take(MOST_SHOWN) {
            let _ = writeln!(
                text,
                "{} {} {}: {}",
                paint.warn(&format!("{}:", remark.outcome.as_str())),
                words(remark.kind),
                clean(&remark.name),
                clean(&remark.reason)
            );
        }
        if self.remarks.len() > MOST_SHOWN {
            let more = self.remarks.len() - MOST_SHOWN;
            let _ = writeln!(text, "and {more} more; `--json` has them all");
        }
        text.push_str(match self.status {
            "dry_run" => "Next: the same without --dry-run\n",
            _ => "Next: authsome list\n",
        });
        text
    }
}

const fn words(kind: ImportKind) -> &'static str {
    match kind {
        ImportKind::Accounts => "accounts",
        ImportKind::Identities => "identities",
        ImportKind::Claims => "claims",
        ImportKind::Keys => "identity keys",
        ImportKind::Providers => "providers",
        ImportKind::ProviderClients => "OAuth clients",
        ImportKind::Connections => "connections",
        ImportKind::Defaults => "defaults",
        ImportKind::Events => "audit events",
    }
}

/// `3 imported, 1 skipped`; `none` where there was nothing.
fn numbers(counts: ImportCounts) -> String {
    let parts: Vec<String> = [
        (counts.imported, "imported"),
        (counts.replaced, "replaced"),
        (counts.unchanged, "unchanged"),
        (counts.differs, "different here"),
        (counts.skipped, "skipped"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    if parts.is_empty() {
        return "none".to_owned();
    }
    parts.join(", ")
}
