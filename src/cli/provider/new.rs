//! `authsome provider new`: a definition of one's own, question by question.
//!
//! What flags say is not asked. Without a terminal flags say everything, or the command says which
//! are missing.

use super::answers::{ALWAYS, Auth, Draft, LAST, NAME, OF_KEYS, OF_OAUTH, Question};
use crate::catalog::{Catalog, to_file_text};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Answer, Style};
use crate::cli::paint::clean;
use crate::cli::{prompt, register};
use crate::model::{ErrorCode, Provider, ProviderName};
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `authsome provider new`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example without questions:\n  \
    authsome provider new acme --auth api_key --host api.acme.example --env ACME_API_KEY --yes")]
pub(super) struct Args {
    /// The name of the provider
    name: Option<String>,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    pasted: Pasted,
    #[command(flatten)]
    oauth: OAuth,
    #[command(flatten)]
    file: File,
}

/// What every definition has.
#[derive(Debug, clap::Args)]
struct About {
    /// Its name for people
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// How one logs in
    #[arg(long, value_enum)]
    auth: Option<Auth>,
    /// A host or https URL that gets the credential; may come more than once
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// The variable that programs read the key or token from
    #[arg(long, value_name = "VARIABLE")]
    env: Option<String>,
    /// The page where a key is made
    #[arg(long, value_name = "URL")]
    docs_url: Option<String>,
}

/// What a definition with a key has.
#[derive(Debug, clap::Args)]
struct Pasted {
    /// The header that carries the key (default: Authorization)
    #[arg(long, value_name = "NAME")]
    header: Option<String>,
    /// The word before the key; `none` for the bare key
    #[arg(long, value_name = "WORD")]
    prefix: Option<String>,
    /// A pattern that every key fits
    #[arg(long, value_name = "REGEX")]
    key_pattern: Option<String>,
    /// What to say of a key that does not fit
    #[arg(long, value_name = "TEXT")]
    key_hint: Option<String>,
    #[arg(
        long,
        value_name = "SHAPE",
        help = "The shape of the fake key, as ak_{random:32}"
    )]
    placeholder: Option<String>,
}

/// What a definition with an OAuth login has.
#[derive(Debug, clap::Args)]
struct OAuth {
    #[arg(
        long,
        help = "pkce, device_code, dcr_pkce or client_credentials (default: pkce)"
    )]
    flow: Option<String>,
    /// The authorization endpoint
    #[arg(long, value_name = "URL")]
    authorization_url: Option<String>,
    /// The token endpoint
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
    /// The device authorization endpoint
    #[arg(long, value_name = "URL")]
    device_url: Option<String>,
    /// The scopes to ask for (comma-separated)
    #[arg(long)]
    scopes: Option<String>,
}

/// What becomes of the definition.
#[derive(Debug, clap::Args)]
struct File {
    /// The file to write (default: NAME.json in this folder); `-` prints it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file; with --register also a definition of that name, without being asked
    #[arg(long)]
    force: bool,
    /// Register it as well
    #[arg(long)]
    register: bool,
    /// Ask nothing
    #[arg(long, short)]
    yes: bool,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written {
    /// `written` or `registered`.
    status: &'static str,
    provider: ProviderName,
    file: String,
    warnings: Vec<String>,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let asks = prompt::has_person() && !context.out.is_json() && !args.file.yes;
    let provider = define(&args, asks, context)?;
    let text = to_file_text(&provider)
        .map_err(|source| CliError::internal("the definition could not be written", source))?;
    if args.file.output.as_deref() == Some(Path::new("-")) {
        context.out.raw(text.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let usual = || PathBuf::from(format!("{}.json", provider.name));
    let path = args.file.output.clone().unwrap_or_else(usual);
    write(&path, &text, args.file.force)?;
    let shown = clean(&path.display().to_string()).into_owned();
    context.out.note(&format!("Wrote {shown}"));
    let mut written = Written {
        status: "written",
        provider: provider.name.clone(),
        file: shown,
        warnings: Vec::new(),
    };
    if args.file.register || (asks && prompt::confirm("Register it now?")?) {
        let definition = serde_json::to_value(&provider)
            .map_err(|source| CliError::internal("the definition could not be sent", source))?;
        let terms = register::Terms {
            is_agreed: args.file.yes,
            force: args.file.force && args.file.register,
        };
        written.warnings = register::take(context, definition, &provider, terms).await?;
        written.status = "registered";
    }
    context.out.done(&written)?;
    Ok(ExitCode::SUCCESS)
}

/// The definition that flags and answers make together.
fn define(args: &Args, asks: bool, context: &Context) -> Result<Provider, CliError> {
    if asks {
        context
            .out
            .ask("An empty answer leaves out what is not needed.");
    }
    let auth = match args.about.auth {
        Some(auth) => auth,
        None if asks => auth_of(prompt::choose(
            "How does one log in?",
            &[
                "with a key that the service gives out",
                "with an account there (OAuth)",
            ],
        )?),
        None => Auth::ApiKey,
    };
    let mut draft = Draft::new(auth);
    let own: &[Question] = match auth {
        Auth::ApiKey => &OF_KEYS,
        Auth::OAuth2 => &OF_OAUTH,
    };
    let mut missing = Vec::new();
    for question in [&[NAME][..], &ALWAYS, own, &LAST].concat() {
        match args.answer(question.flag) {
            Some(answer) => draft.answer(&question, &answer).map_err(|wrong| {
                let code = ErrorCode::InvalidProviderSchema;
                CliError::new(code, format!("{}: {wrong}", question.flag))
            })?,
            None if asks => ask(&question, &mut draft)?,
            None if question.is_needed(&draft) => missing.push(question.flag),
            None => {}
        }
        warn_of_owner(&question, &draft, context);
    }
    if !missing.is_empty() {
        let example = "authsome provider new acme --auth api_key --host api.acme.example --env ACME_API_KEY --yes";
        return Err(
            CliError::usage(format!("there is nobody to ask for {}", missing.join(", ")))
                .hint(format!("say it by flags: `{example}`")),
        );
    }
    draft
        .finish()
        .map_err(|invalid| register::refused("the definition", &invalid))
}

const fn auth_of(chosen: usize) -> Auth {
    match chosen {
        0 => Auth::ApiKey,
        _ => Auth::OAuth2,
    }
}

/// Asks until the answer fits; each time with the reason why the last one did not.
fn ask(question: &Question, draft: &mut Draft) -> Result<(), CliError> {
    let text = if question.is_needed(draft) {
        question.text.to_owned()
    } else {
        format!("{} (optional)", question.text)
    };
    let checked = draft.clone();
    let answer = prompt::fitting_line(&text, |answer| checked.clone().answer(question, answer))?;
    draft
        .answer(question, &answer)
        .map_err(|wrong| CliError::new(ErrorCode::InvalidProviderSchema, wrong))
}

/// Says at once whose a host is; it is asked about again before it is registered.
fn warn_of_owner(question: &Question, draft: &Draft, context: &Context) {
    if question.field != "api_url" {
        return;
    }
    if let Ok(provider) = draft.finish() {
        for conflict in Catalog::bundled().conflicts(&provider) {
            context.out.warn(&conflict.to_string());
        }
    }
}

impl Args {
    /// What a flag says.
    fn answer(&self, flag: &str) -> Option<String> {
        let (about, key, oauth) = (&self.about, &self.pasted, &self.oauth);
        match flag {
            "NAME" => self.name.clone(),
            "--display-name" => about.display_name.clone(),
            "--host" => (!about.host.is_empty()).then(|| about.host.join(",")),
            "--env" => about.env.clone(),
            "--docs-url" => about.docs_url.clone(),
            "--header" => key.header.clone(),
            "--prefix" => key.prefix.clone(),
            "--key-pattern" => key.key_pattern.clone(),
            "--key-hint" => key.key_hint.clone(),
            "--placeholder" => key.placeholder.clone(),
            "--flow" => oauth.flow.clone(),
            "--authorization-url" => oauth.authorization_url.clone(),
            "--token-url" => oauth.token_url.clone(),
            "--device-url" => oauth.device_url.clone(),
            "--scopes" => oauth.scopes.clone(),
            _ => None,
        }
    }
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), CliError> {
    let shown = clean(&path.display().to_string()).into_owned();
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| {
        let told = CliError::usage(format!("could not write {shown}"));
        let told = if source.kind() == ErrorKind::AlreadyExists {
            told.hint("replace it with --force, or name another file with --output")
        } else {
            told.hint("name another file with --output")
        };
        told.caused_by(source)
    })
}

impl Answer for Written {
    fn text(&self, style: &Style) -> String {
        let paint = style.paint();
        let name = &self.provider;
        let said = if self.status == "registered" {
            format!("Registered {name}. Log in with `authsome login {name}`")
        } else {
            format!(
                "{} is ready. Use it with `authsome register {}`",
                name, self.file
            )
        };
        let mut text = format!("{}\n", paint.good(&said));
        for warning in &self.warnings {
            text = format!("{text}{} {}\n", paint.warn("note:"), clean(warning));
        }
        text
    }
}
