//! `authsome register`: a provider of your own.
//!
//! Shows where a credential of the provider would go and asks, because a definition decides which
//! hosts receive it. The daemon checks every rule; this command only reads the file.

use super::context::Context;
use super::done::Changed;
use super::error::CliError;
use super::paint::clean;
use super::prompt;
use crate::api::{ProvidersBySource, RegisterProvider};
use crate::model::provider::text_dialect;
use crate::model::{ErrorCode, ProviderName};
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

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let definition = read(&args.file)?;
    let name = name_of(&definition)?;
    let client = context.client().await?;
    let known = client.providers().await?;
    let overrides = overrides(&known, &name).filter(|_| args.force);
    agree(args.yes, context, &definition, overrides.as_deref())?;
    let changed = client
        .register_provider(&RegisterProvider {
            definition,
            force: args.force,
        })
        .await?;
    let mut warnings = changed.warnings;
    if overrides.is_some() {
        // Said better, now that it is done.
        warnings.retain(|text| !text.starts_with("a bundled provider is called "));
    }
    if context.out.style.is_quiet() {
        for warning in &warnings {
            context.out.warn(warning);
        }
    }
    let said = format!("Registered {name}. Log in with `authsome login {name}`");
    context.out.done(&Changed {
        warnings: overrides.into_iter().chain(warnings).collect(),
        ..Changed::new("registered", name, said)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Value, CliError> {
    let shown = clean(&path.display().to_string()).into_owned();
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
    if text.trim().is_empty() {
        let told = CliError::new(
            ErrorCode::InvalidProviderSchema,
            format!("{shown} is empty"),
        );
        return Err(told.hint(EXAMPLE));
    }
    let value: Value =
        jsonc_parser::parse_to_serde_value(&text, &text_dialect()).map_err(|source| {
            CliError::new(
                ErrorCode::InvalidProviderSchema,
                format!("{shown} is not JSON"),
            )
            .hint(EXAMPLE)
            .caused_by(source)
        })?;
    Ok(unwrap_envelope(value))
}

/// `{"definition": {…}}` is taken too, as the API does.
fn unwrap_envelope(mut value: Value) -> Value {
    match value.get_mut("definition") {
        Some(inner @ Value::Object(_)) => inner.take(),
        _ => value,
    }
}

fn name_of(definition: &Value) -> Result<ProviderName, CliError> {
    let invalid =
        |message: String| CliError::new(ErrorCode::InvalidProviderSchema, message).hint(EXAMPLE);
    if !definition.is_object() {
        return Err(invalid("a definition is one JSON object".to_owned()));
    }
    let name = definition
        .get("name")
        .and_then(Value::as_str)
        .ok_or_else(|| invalid("the definition has no `name`".to_owned()))?;
    name.parse()
        .map_err(|source: crate::model::NameError| invalid(source.to_string()))
}

fn overrides(known: &ProvidersBySource, name: &ProviderName) -> Option<String> {
    let has = |list: &[crate::api::Definition]| list.iter().any(|one| one.0.name == *name);
    if has(&known.custom) {
        Some(format!("this replaces your own definition of `{name}`"))
    } else if has(&known.bundled) {
        Some(format!(
            "this takes the place of the `{name}` that comes with Authsome; `authsome remove {name}` brings it back"
        ))
    } else {
        None
    }
}

/// Shows where credentials of a definition would go, and asks, unless that was said before.
pub(crate) fn agree(
    is_agreed: bool,
    context: &Context,
    definition: &Value,
    overrides: Option<&str>,
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
    if let Some(warning) = overrides {
        context.out.warn(warning);
    }
    context.out.ask(&format!(
        "Credentials of this provider will go to:\n{reach}"
    ));
    if prompt::confirm("Register it?")? {
        return Ok(());
    }
    Err(CliError::new(
        ErrorCode::InputCancelled,
        "nothing was registered",
    ))
}

/// Every host and endpoint of the definition, one a line.
fn reach(definition: &Value) -> String {
    let mut lines = Vec::new();
    collect(definition, "", &mut lines);
    if lines.is_empty() {
        return "  (no host)".to_owned();
    }
    lines.join("\n")
}

fn collect(value: &Value, name: &str, lines: &mut Vec<String>) {
    const LONGEST_LINE: usize = 200;
    match value {
        Value::String(text) if is_place(name, text) => {
            let text: String = clean(text).chars().take(LONGEST_LINE).collect();
            lines.push(format!("  {name}: {text}"));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, lines)),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| collect(value, name, lines)),
        _ => {}
    }
}

fn is_place(name: &str, text: &str) -> bool {
    name != "docs_url"
        && (text.contains("://")
            || matches!(
                name,
                "api_url" | "hosts" | "domains" | "base_url" | "entry_url" | "validate_url"
            ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_looser_than_comments_and_trailing_commas_is_json() {
        let parsed =
            |text: &str| jsonc_parser::parse_to_serde_value::<Value>(text, &text_dialect());
        assert!(parsed("{\"a\": [0.5,], /* why */}").is_ok());
        for loose in [
            "[.5]",
            "[5.]",
            "[NaN]",
            "[Infinity]",
            r#"["\x41"]"#,
            "['a']",
            "[+1]",
        ] {
            assert!(parsed(loose).is_err(), "{loose}");
        }
    }

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

    #[test]
    fn both_shapes_of_the_file_are_taken() {
        let bare = serde_json::json!({"name": "acme"});
        let wrapped = serde_json::json!({"definition": bare, "force": true});
        assert_eq!(unwrap_envelope(wrapped), bare);
        assert_eq!(name_of(&bare).unwrap().as_str(), "acme");
        assert!(name_of(&serde_json::json!({"name": "../x"})).is_err());
        assert!(name_of(&serde_json::json!([])).is_err());
    }
}
