//! `authsome list`: providers, and the connections to them.

use super::context::Context;
use super::error::CliError;
use super::moments::relative;
use super::output::{Answer, Style};
use super::table::{Rows, Tone, tone_of};
use crate::api::{ConnectionList, ConnectionSummary, Definition};
use crate::client::now;
use crate::model::{ConnectionName, ProviderName};
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::ExitCode;
use time::OffsetDateTime;

/// Arguments of `authsome list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only providers with this in their name
    search: Option<String>,
    /// Only providers you are connected to
    #[arg(long)]
    connected: bool,
}

#[derive(Debug, Serialize)]
struct Listing {
    bundled: Vec<Row>,
    custom: Vec<Row>,
    #[serde(skip)]
    searched: bool,
    #[serde(skip)]
    now: OffsetDateTime,
}

#[derive(Debug, Serialize)]
struct Row {
    name: ProviderName,
    display_name: String,
    auth_type: &'static str,
    source: &'static str,
    connections: Vec<Connected>,
}

/// A connection as `list` and `inspect` show it.
#[derive(Debug, Serialize)]
pub(crate) struct Connected {
    connection_name: String,
    is_default: bool,
    auth_type: String,
    status: String,
    scopes: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let list = context.client().await?.connections().await?;
    let listing = Listing::of(list, &args);
    context.out.show(&listing)?;
    Ok(ExitCode::SUCCESS)
}

impl Listing {
    fn of(list: ConnectionList, args: &Args) -> Self {
        let mut connected: BTreeMap<ProviderName, Vec<Connected>> = list
            .connections
            .into_iter()
            .map(|at| {
                (
                    at.name,
                    at.connections.into_iter().map(Connected::from).collect(),
                )
            })
            .collect();
        let mut rows = |source: &'static str, definitions: Vec<Definition>| {
            let mut rows: Vec<Row> = definitions
                .into_iter()
                .map(|Definition(provider)| Row {
                    connections: connected.remove(&provider.name).unwrap_or_default(),
                    name: provider.name,
                    display_name: provider.display_name,
                    auth_type: provider.auth_type.as_str(),
                    source,
                })
                .filter(|row| row.is_wanted(args))
                .collect();
            rows.sort_by(|a, b| a.name.cmp(&b.name));
            rows
        };
        // A custom definition wins over a bundled one of its name, and so has the connections.
        let custom = rows("custom", list.by_source.custom);
        let bundled = rows("bundled", list.by_source.bundled);
        Self {
            bundled,
            custom,
            searched: args.search.is_some() || args.connected,
            now: now(),
        }
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.custom.iter().chain(&self.bundled)
    }
}

impl Row {
    fn is_wanted(&self, args: &Args) -> bool {
        let named = args.search.as_ref().is_none_or(|word| {
            let word = word.to_lowercase();
            self.name.as_str().contains(&word) || self.display_name.to_lowercase().contains(&word)
        });
        named && !(args.connected && self.connections.is_empty())
    }
}

impl From<ConnectionSummary> for Connected {
    fn from(one: ConnectionSummary) -> Self {
        Self {
            connection_name: one.connection_name.to_string(),
            is_default: one.is_default,
            auth_type: one.auth_type,
            status: one.status,
            scopes: one.scopes,
            expires_at: one.expires_at,
        }
    }
}

impl Connected {
    /// `work (default)`
    pub(crate) fn label(&self) -> String {
        if self.is_default && self.connection_name != ConnectionName::DEFAULT {
            format!("{} (default)", self.connection_name)
        } else {
            self.connection_name.clone()
        }
    }

    pub(crate) fn status(&self) -> &str {
        &self.status
    }

    pub(crate) fn expiry(&self, now: OffsetDateTime) -> String {
        self.expires_at
            .map_or_else(String::new, |at| relative(at, now))
    }
}

impl Answer for Listing {
    fn text(&self, style: &Style) -> String {
        let paint = style.paint();
        let mut text = String::new();
        let connected = self.connected_table(style);
        if !connected.is_empty() {
            text.push_str(&paint.bold("Connected"));
            text.push('\n');
            text.push_str(&connected);
        }
        let available: Vec<&Row> = self
            .rows()
            .filter(|row| row.connections.is_empty())
            .collect();
        if !available.is_empty() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&paint.bold("Available"));
            text.push('\n');
            text.push_str(&available_table(style, &available));
        }
        if text.is_empty() {
            let what = if self.searched {
                "Nothing matches. See everything with `authsome list`.\n"
            } else {
                "There are no providers.\n"
            };
            text.push_str(what);
        }
        text
    }
}

impl Listing {
    fn connected_table(&self, style: &Style) -> String {
        let mut rows = Rows::new(
            style,
            &["PROVIDER", "CONNECTION", "STATUS", "TYPE", "EXPIRES"],
        );
        let mut any = false;
        for row in self.rows() {
            for (index, one) in row.connections.iter().enumerate() {
                let name = if index == 0 { row.name.as_str() } else { "" };
                rows.push(&[
                    (name, Tone::Plain),
                    (&one.label(), Tone::Plain),
                    (&one.status, tone_of(&one.status)),
                    (&one.auth_type, Tone::Dim),
                    (&one.expiry(self.now), Tone::Dim),
                ]);
                any = true;
            }
        }
        if any { rows.finish() } else { String::new() }
    }
}

fn available_table(style: &Style, available: &[&Row]) -> String {
    let mut rows = Rows::new(style, &["PROVIDER", "NAME", "TYPE", "SOURCE"]);
    for row in available {
        rows.push(&[
            (row.name.as_str(), Tone::Plain),
            (&row.display_name, Tone::Plain),
            (row.auth_type, Tone::Dim),
            (row.source, Tone::Dim),
        ]);
    }
    rows.finish()
}
