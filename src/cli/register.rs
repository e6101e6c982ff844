//! `authsome register`: a provider of your own.
//!
//! Shows where a credential of the provider would go and asks, because a definition decides which
//! hosts receive it. Every rule is checked here, where the
//! line of a fault is known, and again by the daemon.

use super::context::Context;
use super::done::Changed;
use super::error::CliError;
use super::paint::clean;
use super::prompt;
use crate::api::{ProvidersBySource, RegisterProvider};
use crate::catalog::{self, Catalog, Conflict, Invalid};
use crate::model::{ErrorCode, Provider};
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The longest definition that is sent, in bytes of its text; the daemon takes no longer one.
const LONGEST: u64 = 64 * 1024;

const EXAMPLE: &str = "`authsome inspect openai --json` shows a whole definition; docs/providers-schema.md explains the fields";

/// Arguments of `authsome register`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The definition, JSON with comments; `-` reads stdin
    file: PathBuf,
    /// Replace a definition of that name
    #[arg(long)]
    force: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// How a definition is taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// Nobody needs to be asked where its credentials may go.
    pub(crate) is_agreed: bool,
    /// It may take the place of others.
    pub(crate) force: bool,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let text = read(&args.file)?;
    let (definition, checked) = catalog::parse_registration(&text)
        .map_err(|invalid| refused(&shown(&args.file), &invalid))?;
    let provider = checked.provider;
    let terms = Terms {
        is_agreed: args.yes,
        force: args.force,
    };
    let warnings = take(context, definition, &provider, terms).await?;
    let name = provider.name;
    if context.out.style.is_quiet() {
        for warning in &warnings {
            context.out.warn(warning);
        }
    }
    let said = format!("Registered {name}. Log in with `authsome login {name}`");
    context.out.done(&Changed {
        warnings,
        ..Changed::new("registered", name, said)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Registers a definition, when that is agreed to: where its credentials may go, and whose place it
/// takes. Gives what its owner should know.
pub(crate) async fn take(
    context: &Context,
    definition: Value,
    provider: &Provider,
    terms: Terms,
) -> Result<Vec<String>, CliError> {
    let client = context.client().await?;
    let known = client.providers().await?;
    let taken = taken(&known, provider);
    agree(terms.is_agreed, context, &definition, &taken)?;
    let mut force = terms.force;
    if !taken.is_empty() && !force && !terms.is_agreed {
        if !prompt::confirm("Let it take their place?")? {
            return Err(nothing_registered());
        }
        force = true;
    }
    let changed = client
        .register_provider(&RegisterProvider { definition, force })
        .await?;
    let mut warnings = changed.warnings;
    // Said better already.
    warnings
        .retain(|text| !taken.contains(text) && !text.starts_with("a bundled provider is called "));
    Ok(taken.into_iter().chain(warnings).collect())
}

fn nothing_registered() -> CliError {
    CliError::new(ErrorCode::InputCancelled, "nothing was registered")
}

fn shown(path: &Path) -> String {
    clean(&path.display().to_string()).into_owned()
}

fn read(path: &Path) -> Result<String, CliError> {
    let shown = shown(path);
    let unreadable = |source| {
        CliError::usage(format!("could not read the definition in {shown}"))
            .hint("name a JSON file, or `-` to read one from stdin")
            .caused_by(source)
    };
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(path).map_err(unreadable)?)
    };
    let mut text = String::new();
    source
        .take(LONGEST + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > LONGEST {
        return Err(CliError::usage(format!("{shown} is longer than 64 KiB")));
    }
    Ok(text)
}

/// A definition that does not hold the rules: every fault with its field, and its line.
pub(crate) fn refused(what: &str, invalid: &Invalid) -> CliError {
    let problems: Vec<_> = invalid.problems().iter().map(ToString::to_string).collect();
    CliError::new(
        ErrorCode::InvalidProviderSchema,
        format!("{what} is not a valid definition"),
    )
    .hint(format!("{}\n{EXAMPLE}", problems.join("\n")))
    .operation("register")
}

/// Whose place a definition would take: a provider's of its name, or the bundled one's whose host it names.
fn taken(known: &ProvidersBySource, provider: &Provider) -> Vec<String> {
    let name = &provider.name;
    let has = |list: &[crate::api::Definition]| list.iter().any(|one| one.0.name == *name);
    let named = if has(&known.custom) {
        Some(format!("this replaces your own definition of `{name}`"))
    } else if has(&known.bundled) {
        Some(format!(
            "this takes the place of the `{name}` that comes with Authsome; `authsome remove {name}` brings it back"
        ))
    } else {
        None
    };
    let hosts = Catalog::bundled().conflicts(provider).into_iter();
    let hosts = hosts.filter(|conflict| matches!(conflict, Conflict::Host { .. }));
    named
        .into_iter()
        .chain(hosts.map(|conflict| conflict.to_string()))
        .collect()
}

/// Shows where credentials of a definition would go, and asks, unless that was said before.
pub(crate) fn agree(
    is_agreed: bool,
    context: &Context,
    definition: &Value,
    taken: &[String],
) -> Result<(), CliError> {
    if is_agreed {
        return Ok(());
    }
    let reach = reach(definition);
    if !prompt::has_person() || context.out.is_json() {
        return Err(CliError::usage(
            "a definition is looked at before it is taken, and there is no terminal",
        )
        .hint(format!(
            "look at where it sends credentials and say --yes:\n{reach}"
        )));
    }
    for warning in taken {
        context.out.warn(warning);
    }
    context.out.ask(&format!(
        "Credentials of this provider will go to:\n{reach}"
    ));
    if prompt::confirm("Register it?")? {
        return Ok(());
    }
    Err(nothing_registered())
}

/// Every host and endpoint of the definition, one a line.
fn reach(definition: &Value) -> String {
    const LONGEST_LINE: usize = 200;
    let lines = catalog::places(definition).into_iter().map(|(name, text)| {
        let text: String = clean(&text).chars().take(LONGEST_LINE).collect();
        format!("  {name}: {text}")
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return "  (no host)".to_owned();
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_sees_every_place_a_credential_goes() {
        let definition = serde_json::json!({
            "name": "acme",
            "api_url": ["api.acme.example", "regex:.*\\.acme\\.example"],
            "docs_url": "https://docs.example",
            "oauth": {"token_url": "https://evil.example/\u{1b}[2J"},
            "injections": [{"kind": "query", "name": "k", "hosts": ["b.acme.example"]}],
        });
        let seen = reach(&definition);
        assert_eq!(seen.lines().count(), 4, "{seen}");
        assert!(seen.contains("token_url: https://evil.example/\u{fffd}[2J"));
        assert!(!seen.contains("docs.example"));
    }
}
