//! `authsome export`: credentials as variables, for programs that cannot run under the proxy.

use super::context::Context;
use super::error::CliError;
use super::in_run;
use super::output::{Answer, Style};
use super::pick;
use crate::api;
use crate::model::{ConnectionName, ProviderName};
use clap::ValueEnum;
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `authsome export`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The output holds real secrets. Prefer `authsome run`, under which no program holds one."
)]
pub(crate) struct Args {
    /// The provider (default: all you are connected to)
    provider: Option<ProviderName>,
    /// The connection (default: the provider's default one)
    #[arg(long, short, value_name = "NAME", requires = "provider")]
    connection: Option<ConnectionName>,
    /// How to write the variables
    #[arg(long, short, value_enum, default_value_t = Format::Env)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// NAME=value
    Env,
    /// export NAME='value', safe for eval
    Shell,
    /// One JSON object
    Json,
}

#[derive(Debug, Serialize)]
struct Variables {
    provider: Option<ProviderName>,
    format: Format,
    output: api::WireSecret,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    in_run::refuse("export")?;
    let client = context.client().await?;
    let connection = match &args.provider {
        Some(provider) => pick::connection(&client, provider, args.connection).await?,
        None => ConnectionName::default(),
    };
    let exported = client
        .export(&api::Export {
            provider: args.provider.clone(),
            connection,
            format: args.format.into(),
        })
        .await?;
    context.out.show(&Variables {
        provider: args.provider,
        format: args.format,
        output: exported.output,
    })?;
    Ok(ExitCode::SUCCESS)
}

impl From<Format> for api::ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Env => Self::Env,
            Format::Shell => Self::Shell,
            Format::Json => Self::Json,
        }
    }
}

impl Answer for Variables {
    /// The daemon's text as it is, ended by a line end.
    fn text(&self, _style: &Style) -> String {
        let text = self.output.reveal();
        if text.is_empty() || text.ends_with('\n') {
            text.to_owned()
        } else {
            format!("{text}\n")
        }
    }
}
