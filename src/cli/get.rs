//! `authsome get`: one connection. Its secrets come only when they are asked for, and that is audited.

use super::context::Context;
use super::error::CliError;
use super::in_run;
use super::output::{Answer, Style};
use super::pick;
use super::table::{Rows, Tone, tone_of};
use crate::api::ConnectionRecord;
use crate::model::{ConnectionName, ProviderName};
use serde::Serialize;
use serde_json::{Map, Value};
use std::process::ExitCode;

/// Arguments of `authsome get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The provider
    provider: ProviderName,
    /// The connection (default: the provider's default one)
    #[arg(long, short, value_name = "NAME")]
    connection: Option<ConnectionName>,
    /// Print the secrets too; the audit log keeps note of it
    #[arg(long)]
    show_secret: bool,
    /// Print only this field, such as `api_key` or `expires_at`
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Record(Map<String, Value>);

#[derive(Serialize)]
#[serde(transparent)]
struct OneField(Map<String, Value>);

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    if args.show_secret {
        in_run::refuse("get")?;
    }
    let client = context.client().await?;
    let connection = pick::connection(&client, &args.provider, args.connection).await?;
    let found = client.connection(&args.provider, &connection, args.show_secret);
    let record = match found.await {
        Ok(record) => record,
        Err(refused) => return Err(pick::explained(&client, &args.provider, refused).await),
    };
    let fields = fields(&record)?;
    match args.field {
        None => context.out.show(&Record(fields))?,
        Some(name) => context.out.show(&one(fields, &name)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn fields(record: &ConnectionRecord) -> Result<Map<String, Value>, CliError> {
    match serde_json::to_value(record) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(CliError::usage("the record has no fields")),
        Err(source) => Err(CliError::internal("could not read the record", source)),
    }
}

fn one(mut fields: Map<String, Value>, name: &str) -> Result<OneField, CliError> {
    let Some(value) = fields.remove(name) else {
        let known: Vec<_> = fields.keys().map(String::as_str).collect();
        return Err(CliError::usage(format!(
            "a connection has no field `{}`",
            name.chars().take(64).collect::<String>()
        ))
        .hint(format!("the fields are {}", known.join(", "))));
    };
    Ok(OneField(Map::from_iter([(name.to_owned(), value)])))
}

impl Answer for Record {
    fn text(&self, style: &Style) -> String {
        let mut rows = Rows::new(style, &[]);
        for (name, value) in &self.0 {
            let text = plain(value);
            if !text.is_empty() && name != "schema_version" {
                let tone = if name == "status" {
                    tone_of(&text)
                } else {
                    Tone::Plain
                };
                rows.push(&[(name, Tone::Dim), (&text, tone)]);
            }
        }
        rows.finish()
    }
}

impl Answer for OneField {
    /// The bare value, for `$(authsome get … --field …)`.
    fn text(&self, _style: &Style) -> String {
        let mut text = self.0.values().map(plain).collect::<Vec<_>>().join("\n");
        text.push('\n');
        text
    }
}

/// Strings bare, nothing for what is not there, the rest as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(fields) if fields.values().all(Value::is_null) => String::new(),
        other => other.to_string(),
    }
}
